"""A chat template renders messages as its model was trained on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.engine.chat import ChatTemplate
from harness.errors import EngineError

from .conftest import save_tokenizer

CHATML = (
    "{%- if tools %}Tools: {{ tools | tojson }}\n{% endif %}"
    "{%- for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
ALTERNATING = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate user/assistant/user') }}{% endif %}"
    "{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% else %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Which <law>?"},
]


def template(folder: Path, text: str | None, **config: object) -> ChatTemplate:
    """A base model directory with this template."""
    save_tokenizer(folder)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if text is not None:
        (folder / "chat_template.jinja").write_text(text)
    return ChatTemplate(folder)


def test_chatml(tmp_path: Path) -> None:
    """Up to where the assistant answers; nothing is escaped."""
    assert template(tmp_path, CHATML).render(MESSAGES) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nWhich <law>?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_template_in_the_tokenizer_s_configuration(tmp_path: Path) -> None:
    """With the special tokens that stand there."""
    found = template(
        tmp_path, None, chat_template=ALTERNATING, bos_token="<bos>", eos_token="<eos>"
    )
    dialogue = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    assert found.render(dialogue) == "<bos>[INST] a [/INST] b<eos>[INST] c [/INST]"


def test_tools_are_told(tmp_path: Path) -> None:
    """As the template writes them."""
    tool = {"type": "function", "function": {"name": "find"}}
    text = template(tmp_path, CHATML).render(MESSAGES, [tool])
    assert text.startswith(f"Tools: [{json.dumps(tool)}]")


def test_an_answer_that_is_begun_is_continued(tmp_path: Path) -> None:
    """The last message of the assistant is not closed."""
    begun = [*MESSAGES, {"role": "assistant", "content": "The law of"}]
    assert template(tmp_path, CHATML).render(begun).endswith("<|im_start|>assistant\nThe law of")


def test_the_day_stands_still(tmp_path: Path) -> None:
    """A prompt is the same tomorrow."""
    found = template(tmp_path, "{{ strftime_now('%d %b %Y') }}{{ messages[0]['content'] }}")
    assert found.render(MESSAGES) == "26 Jul 2024Be brief."


def test_what_a_template_objects_to_is_told(tmp_path: Path) -> None:
    """Its own words, and where it is."""
    found = template(tmp_path, ALTERNATING, bos_token="<bos>", eos_token="<eos>")
    with pytest.raises(EngineError, match=f"{tmp_path} fails: roles must alternate"):
        found.render(MESSAGES)


def test_a_template_cannot_leave_its_sandbox(tmp_path: Path) -> None:
    """A base model is data, not a program."""
    found = template(tmp_path, "{{ messages.__class__.__mro__ }}")
    with pytest.raises(EngineError, match="unsafe"):
        found.render(MESSAGES)


def test_a_base_without_a_template(tmp_path: Path) -> None:
    """It says what would be right."""
    with pytest.raises(EngineError, match=r"no chat template.*chat_template\.jinja"):
        template(tmp_path, None)
