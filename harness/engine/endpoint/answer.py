"""What a server answered, read strictly: what is not an answer is never taken for an empty one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import regex

_SAME = r"(?:@[^\s@]+|-\d{4}-?\d{2}-?\d{2})?"
"""What may stand behind the name that was asked for: a revision, or the date of a snapshot."""


class Unreadable(Exception):
    """The body is no answer; another attempt may bring one."""


class WrongModel(Exception):
    """Another model answered than was asked: servers fall back to the base model silently."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of the answer, or of the echoed prompt."""

    token: str
    logprob: float
    """Natural logarithm; 0 for the first token of a prompt, which none tells."""
    top: Mapping[str, float]
    """Log-probabilities of the likeliest tokens in its place."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer."""

    text: str
    prompt_tokens: int | None = None
    """As the server counts; None where it does not say."""
    tokens: int | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None


def parsed(content: bytes) -> dict[str, Any]:
    """The JSON object of a body; Unreadable otherwise."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"answered {_start(content)}, which is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise Unreadable(f"answered {_start(content)}, where an object should be")
    return found


def names(body: Mapping[str, Any]) -> list[str]:
    """The models that a server lists."""
    try:
        found = [each["id"] for each in body["data"]]
    except (KeyError, TypeError):
        raise Unreadable('listed its models without "data" and "id"') from None
    return [str(each) for each in found]


def completion(body: Mapping[str, Any], asked: str) -> Completion:
    """An answer of ``/completions`` or ``/chat/completions`` to a request for one model."""
    model = body.get("model")
    if not isinstance(model, str) or not regex.fullmatch(regex.escape(asked) + _SAME, model):
        raise WrongModel(f"was asked for {asked} and answered as {_shown(model)}")
    try:
        choice = body["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        usage = body.get("usage") or {}
        counts = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")]
        told = _logprobs(choice.get("logprobs"))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"answered without what was asked for ({error!r})") from None
    if not isinstance(text, str):
        raise Unreadable("answered without a text")
    prompt_tokens, tokens = (each if isinstance(each, int) else None for each in counts)
    return Completion(text, prompt_tokens, tokens, told)


def complaint(content: bytes) -> str:
    """What a server says of a request that it refuses, short and printable."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return _start(content)
    found = body
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    return _shown(found)


def _logprobs(found: Any) -> tuple[TokenLogprob, ...] | None:
    """Of a chat (``content``), or of a completion (three lists side by side)."""
    if not found:
        return None
    if "content" in found:
        return tuple(
            TokenLogprob(
                each["token"],
                float(each["logprob"]),
                {top["token"]: float(top["logprob"]) for top in each.get("top_logprobs") or ()},
            )
            for each in found["content"] or ()
        )
    values = found["token_logprobs"]
    tops = found.get("top_logprobs") or [None] * len(values)
    return tuple(
        TokenLogprob(str(token), 0.0 if value is None else float(value), dict(top or {}))
        for token, value, top in zip(found["tokens"], values, tops, strict=True)
    )


def _start(content: bytes) -> str:
    return _shown(content[:400].decode("utf-8", "replace")) if content else "nothing"


def _shown(found: Any) -> str:
    """At most 160 characters on one line, quoted as JSON is."""
    text = json.dumps(found)
    return text if len(text) <= 160 else f"{text[:157]}…"
