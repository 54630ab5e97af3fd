"""Messages of a chat as a row of data holds them: the shape that chat templates are given."""

from __future__ import annotations

from typing import Any

from .schema import shown

ROLES = ("system", "user", "assistant", "tool")


def check_messages(value: Any) -> str | None:
    """What of a value is no list of messages; None where it is one.

    A message has a role and a content: text, a list of text parts, or nothing where it has tool
    calls. Which role may follow which is the chat template's to say.
    """
    if not isinstance(value, list) or not value:
        return f"should be a list of messages, not {shown(value)}"
    for number, message in enumerate(value, 1):
        wrong = _message(message)
        if wrong is not None:
            return f"message {number}: {wrong}"
    return None


def _message(message: Any) -> str | None:
    if not isinstance(message, dict):
        return f"should be a mapping with role and content, not {shown(message)}"
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        return f"role should be {', '.join(ROLES[:-1])} or {ROLES[-1]}, not {shown(role)}"
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(map(_is_mapping, calls))):
        return "tool_calls should be a list of mappings"
    if isinstance(content, str) or (content is None and calls):
        return None
    if isinstance(content, list) and content and all(map(_is_text, content)):
        return None
    return f"content should be text, or a list of text parts, not {shown(content)}"


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text(part: Any) -> bool:
    return _is_mapping(part) and part.get("type") == "text" and isinstance(part.get("text"), str)
