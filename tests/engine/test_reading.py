"""A case as a base model reads it, within its budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, processors

from harness.engine.reading import Reader
from harness.errors import EngineError
from harness.types import Budget, Case, Generation, Kind

from .conftest import save_tokenizer
from .test_chat import CHATML

BOS = 0


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer that begins every text with <bos>, a chat template, a context of 64."""
    folder = tmp_path_factory.mktemp("base")
    save_tokenizer(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", BOS)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHATML)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 64}))
    return folder


def case(prompt: str = "a b c", *, tokens: int | None = None, cut: str = "", **more: Any) -> Case:
    """A case of eight generated tokens, or of what ``more`` says."""
    fields: dict[str, Any] = {
        "generation": Generation(8),
        "choices": (),
        "budget": Budget(tokens, cut),
    }
    return Case(
        digest="d", suite="s", task="t", sample="s7", kind=Kind.CHECK, prompt=prompt, target=None,
        cluster="c", slices={}, fields={}, input_digest="i", **(fields | more),
    )  # fmt: skip


LONG = "x y " * 40


def whole(base: Path, text: str) -> tuple[int, ...]:
    """All tokens of a text, by a reader without a limit."""
    return Reader(Reader.of(base)._tokenizer, None, base).read(case(text)).prompt


def test_a_prompt_that_fits_is_left_as_it_is(base: Path) -> None:
    """Whatever might be cut."""
    assert Reader.of(base).read(case("x y", cut="left")).prompt == whole(base, "x y")


@pytest.mark.parametrize("cut", ["left", "right", "middle"])
def test_what_is_cut(base: Path, cut: str) -> None:
    """The budget is used up, and the token that begins a text stays."""
    full = whole(base, LONG)
    found = Reader.of(base).read(case(LONG, tokens=11, cut=cut)).prompt
    expected = {"left": (BOS, *full[-10:]), "right": full[:11], "middle": full[:6] + full[-5:]}
    assert found == expected[cut]


def test_the_answer_s_tokens_are_kept_free(base: Path) -> None:
    """Of a context of 64, eight for what is generated, or the longest choice's."""
    reader = Reader.of(base)
    assert len(reader.read(case(LONG, cut="left")).prompt) == 56
    found = reader.read(case(LONG, cut="left", generation=None, choices=("a", "a b c")))
    assert len(found.prompt) == 64 - max(map(len, found.choices))


def test_examples_are_left_out_from_the_first_on(base: Path) -> None:
    """As few as must be."""
    shots = ("Clause: a b c x\n\n", "Clause: b\n\n", "Clause: c\n\n")
    asked = case("".join(shots) + "Clause: d", cut="shots", shots=tuple(map(len, shots)))
    room = len(whole(base, shots[2] + "Clause: d"))
    short = case(asked.prompt, tokens=room, cut="shots", shots=asked.shots)
    assert Reader.of(base).read(short).prompt == whole(base, shots[2] + "Clause: d")


def test_examples_of_a_chat_are_left_out_after_the_system_s_message(base: Path) -> None:
    """Two messages each."""
    example = [{"role": "user", "content": "b " * 20}, {"role": "assistant", "content": "c"}]
    ends = [{"role": "system", "content": "a"}, {"role": "user", "content": "d"}]
    free = Reader(Reader.of(base)._tokenizer, None, base)
    few = (ends[0], *example, ends[1])
    room = len(free.read(case(messages=few)).prompt)
    many = (ends[0], *example, *example, ends[1])
    found = free.read(case(messages=many, shots=(2, 2), tokens=room, cut="shots"))
    assert found == free.read(case(messages=few))


def test_a_chat_is_read_as_its_template_writes_it(base: Path) -> None:
    """Without a second <bos>; a choice follows the template's text."""
    messages = ({"role": "user", "content": "x y"},)
    text = "<|im_start|>user\nx y<|im_end|>\n<|im_start|>assistant\n"
    rust = Tokenizer.from_file(str(base / "tokenizer.json"))
    read = Reader(Reader.of(base)._tokenizer, None, base)
    found = read.read(case(messages=messages, generation=None, choices=("a", "b")))
    assert found.prompt == tuple(rust.encode(text, add_special_tokens=False).ids)
    assert found.choices[0] == tuple(rust.encode("a", add_special_tokens=False).ids)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (case(LONG), "56 are allowed (the model's context less 8 of the answer); the task may"),
        (case(LONG, tokens=20), "20 are allowed; the task may say what to leave out"),
        (case(LONG, cut="shots", shots=(4,)), "even without its examples"),
    ],
)
def test_a_prompt_that_is_too_long_is_an_error(base: Path, asked: Case, said: str) -> None:
    """It names the sample, and both numbers."""
    with pytest.raises(EngineError) as told:
        Reader.of(base).read(asked)
    assert "suite s, task t, sample s7: the prompt has" in str(told.value)
    assert said in str(told.value)


def test_a_probe_is_cut_to_the_context(base: Path) -> None:
    """It is asked of every arm, whatever the tasks' budgets."""
    assert Reader.of(base).probe(case(LONG)) == whole(base, LONG)[:64]


@pytest.mark.parametrize(
    ("config", "context"),
    [({"n_positions": 32}, 32), ({"text_config": {"max_position_embeddings": 48}}, 48), ({}, None)],
)
def test_the_context_is_the_configuration_s(
    base: Path, tmp_path: Path, config: dict[str, Any], context: int | None
) -> None:
    """GPT-2 and models of several media call it otherwise."""
    (tmp_path / "tokenizer.json").write_text((base / "tokenizer.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config))
    probe = Reader.of(tmp_path).probe(case(LONG * 2))
    assert len(probe) == (context or len(whole(base, LONG * 2)))
