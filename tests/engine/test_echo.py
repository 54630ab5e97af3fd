"""The engine without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.echo import EchoEngine
from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import EngineOptions
from harness.engine.tokenize import Tokenizer
from harness.types import Arm, Role

from .conftest import save_tokenizer

ARM = Arm(Role.CANDIDATE, "v1", "base", "adapter", "one")
OTHER = Arm(Role.BASELINE, "v0", "base", "other", "two")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with a tokenizer, and no model."""
    save_tokenizer(tmp_path)
    return tmp_path


@pytest.fixture
def echo(base: Path) -> EchoEngine:
    """The engine on it."""
    return EchoEngine(base, [ARM, OTHER], {}, EngineOptions())


@pytest.mark.parametrize(
    ("most", "stop", "said"),
    [(100, (), "a b c\nd"), (100, ("\n",), "a b c"), (100, ("c", "b"), "a "), (2, (), "\nd")],
)
def test_it_writes_the_end_of_the_prompt(
    echo: EchoEngine, base: Path, most: int, stop: tuple[str, ...], said: str
) -> None:
    """Up to the first of the stop texts."""
    prompt = Tokenizer(base).encode("a b c\nd")
    (output,) = echo.generate([generate_request(ARM, prompt, most, stop, "n")])
    assert output.text == said


def test_likelihoods_are_drawn_for_each_arm_and_choice(echo: EchoEngine) -> None:
    """Different ones, the same ones again, none above 0."""
    asked = [score_request(arm, (1, 2), ((3,), (4, 5)), "n", 0, (6,)) for arm in (ARM, OTHER)]
    first, second = echo.score(asked)
    assert [first, second] == list(echo.score(asked))
    values = (*first.logprobs, *second.logprobs, *first.prior)
    assert len(set(values)) == 6
    assert all(-2 <= value <= 0 for value in values)
    assert first.lengths == (1, 2)
