"""What a scorer is to the suite language; ``harness.scorers`` has the built-in ones.

A scorer is a strict model whose fields are its options in the suite, so that a wrong option is
told at its line and column like any other key. Its version enters the suite's digest.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from harness.types import Case, Output

from .model import Strict, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Reads = Literal["logprobs", "text", "answer", "rolling", "cost"]
"""Of an output: the likelihoods of the choices, the generated text, whichever of them there is, the
likelihood of a whole text, or what any answer costs."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a scorer says about one output."""

    value: float | None
    """From 0 to 1; None where it could not be scored, and then ``reason`` says why."""
    reason: str = ""
    answer: str = ""
    """What was judged, where repeats vote on it."""
    parts: tuple[tuple[int, float], ...] = ()
    """For a ``CorpusScorer``: what the case adds to its sums, as (index, amount)."""

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
    reads: ClassVar[Reads]

    @property
    def binary(self) -> bool:
        """Whether every value is 0 or 1: such scores are compared as paired proportions."""

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

    def unsuited(self, task: Task) -> str:
        """Why its options do not fit a task, whose answers it can read; empty where they do."""
        return ""

    @abstractmethod
    def score(self, case: Case, output: Output) -> Judgement:
        """Judge one output; see ``Scorer``."""


class CorpusScorer(BuiltScorer):
    """A scorer whose cases are not averaged: its metric is a function of the sum of their parts.

    So corpus BLEU, macro-F1 and perplexity are resampled without reading an answer twice.
    """

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    bounded: ClassVar[bool] = True
    """Whether the metric lies in [0, 1]."""

    @abstractmethod
    def size(self, choices: Sequence[str]) -> int:
        """D, how many sums there are for a task with these choices."""

    @abstractmethod
    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """The metric [...] of sums [..., D]; NaN where it is not defined."""
