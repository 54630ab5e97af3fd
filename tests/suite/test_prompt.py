"""What a model is shown: examples before a text, messages of a chat."""

from __future__ import annotations

import pytest

from harness.suite.model import Task
from harness.suite.prompt import load_prompt
from harness.suite.template import UnusableTemplateError

ROW = {"text": "The fee is due.", "label": "payment"}
SHOTS = [({"text": "It ends in May."}, "term"), ({"text": "Pay at once."}, "payment")]


def _task(**keys) -> Task:
    return Task.model_validate({"name": "t", **keys})


def test_examples_stand_before_a_text_with_their_answers():
    task = _task(prompt="Clause: {{ text }}\nType:", few_shot={"n": 2})
    asked = load_prompt(task).render(ROW, SHOTS)
    assert asked.prompt == (
        "Clause: It ends in May.\nType: term\n\n"
        "Clause: Pay at once.\nType: payment\n\n"
        "Clause: The fee is due.\nType:"
    )
    first, second = asked.shots
    assert asked.prompt[first : first + second] == "Clause: Pay at once.\nType: payment\n\n"


def test_an_example_takes_no_second_space():
    task = _task(prompt="{{ text }}\n", few_shot={"n": 2, "separator": "#"})
    assert load_prompt(task).render(ROW, SHOTS[:1]).prompt.startswith("It ends in May.\nterm#")


CHAT = [{"system": "Name the clause."}, {"user": "{{ text }}"}]


def test_a_chat_is_messages_and_a_text_for_people():
    asked = load_prompt(_task(chat=CHAT)).render(ROW)
    assert asked.messages == (
        {"role": "system", "content": "Name the clause."},
        {"role": "user", "content": "The fee is due."},
    )
    assert asked.prompt == "system: Name the clause.\nuser: The fee is due."


def test_examples_of_a_chat_follow_the_systems_message():
    asked = load_prompt(_task(chat=CHAT)).render(ROW, SHOTS)
    roles = [message["role"] for message in asked.messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert asked.messages[2]["content"] == "term"
    assert asked.shots == (2, 2)


def test_a_dialogue_of_the_row_is_spliced_in():
    calls = [{"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}]
    dialogue = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "Ohio", "tool_call_id": "1"},
    ]
    tools = [{"type": "function", "function": {"name": "find"}}]
    task = _task(chat=[CHAT[0], {"messages": "dialogue"}, {"user": "And?"}], tools="functions")
    prompt = load_prompt(task)
    assert prompt.variables == {"dialogue", "functions"}
    asked = prompt.render({"dialogue": dialogue, "functions": tools})
    assert list(asked.messages[1:4]) == dialogue
    assert asked.tools == tuple(tools)
    assert asked.prompt.splitlines()[3] == "tool: Ohio"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"functions": []}, "'dialogue' is undefined"),
        ({"dialogue": "hi", "functions": []}, "field 'dialogue' holds no messages"),
        ({"dialogue": [{"role": "user", "content": "a"}]}, "'functions' is undefined"),
        (
            {"dialogue": [{"role": "user", "content": "a"}], "functions": ["f"]},
            "field 'functions' should be a list of functions",
        ),
    ],
)
def test_a_row_that_holds_something_else_is_told(row, said):
    task = _task(chat=[{"messages": "dialogue"}], tools="functions")
    with pytest.raises(UnusableTemplateError, match=said):
        load_prompt(task).render(row)
