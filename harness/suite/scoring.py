"""What a scorer is to the suite language; ``harness.scorers`` has the built-in ones.

A scorer is a strict model whose fields are its options in the suite, so that a wrong option is
told at its line and column like any other key. Its version enters the suite's digest.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from harness.types import Case, Output

from .model import Strict

Reads = Literal["logprobs", "text", "answer"]
"""Of an output: the likelihoods of the choices, the generated text, or whichever there is."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a scorer says about one output."""

    value: float | None
    """From 0 to 1; None where it could not be scored, and then ``reason`` says why."""
    reason: str = ""

    def __post_init__(self) -> None:
        """ValueError for a value outside of [0, 1], NaN among them."""
        if self.value is not None and not 0 <= self.value <= 1:
            raise ValueError(f"a score is from 0 to 1, not {self.value}")
        if self.value is None and not self.reason:
            raise ValueError("what is unscored has a reason")


class Scorer(Protocol):
    """One output → one judgement: unscored, never 0, where the output has not what it reads."""

    version: ClassVar[str]
    """Changes whenever the same output could be judged differently."""
    binary: ClassVar[bool]
    """Whether every value is 0 or 1: such scores are compared as paired proportions."""
    reads: ClassVar[Reads]

    def score(self, case: Case, output: Output) -> Judgement:
        """Judge one output."""


class BuiltScorer(Strict):
    """Base of the scorers that a suite names; a plug-in's scorer derives from it as well."""

    version: ClassVar[str]
    binary: ClassVar[bool]
    reads: ClassVar[Reads]
    needs_target: ClassVar[bool] = False

    def fields(self) -> tuple[str, ...]:
        """The fields, all of them text, that every row of data must have for it."""
        return ()

    @abstractmethod
    def score(self, case: Case, output: Output) -> Judgement:
        """Judge one output; see ``Scorer``."""
