"""Messages of a chat in a row of data."""

from __future__ import annotations

from typing import Any

import pytest

from harness.suite.messages import check_messages

CALL = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "Hello"}],
        [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}],
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        [
            {"role": "user", "content": "Where?"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "Ohio", "tool_call_id": "1", "name": "find"},
        ],
        [{"role": "assistant", "tool_calls": [CALL]}],
    ],
)
def test_messages(messages: list[Any]) -> None:
    """Text, parts of text, tool calls and their answers."""
    assert check_messages(messages) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hello", "should be a list of messages, not 'hello'"),
        ([], "should be a list of messages"),
        (["hello"], "message 1: should be a mapping with role and content, not 'hello'"),
        ([{"content": "a"}], "message 1: role should be system, user, assistant or tool"),
        (
            [{"role": "user", "content": "a"}, {"role": "robot", "content": "a"}],
            "message 2: role should be system, user, assistant or tool, not 'robot'",
        ),
        ([{"role": "user"}], "message 1: content should be text, or a list of text parts"),
        ([{"role": "user", "content": 3}], "not 3"),
        ([{"role": "user", "content": []}], "content should be text"),
        ([{"role": "user", "content": [{"type": "image"}]}], "content should be text"),
        ([{"role": "assistant", "tool_calls": []}], "content should be text"),
        ([{"role": "assistant", "tool_calls": "find"}], "tool_calls should be a list of mappings"),
        ([{"role": "assistant", "tool_calls": ["find"]}], "tool_calls should be a list"),
    ],
)
def test_what_is_no_list_of_messages(value: Any, said: str) -> None:
    """The sentence names the message and what would be right."""
    problem = check_messages(value)

    assert problem is not None
    assert said in problem
