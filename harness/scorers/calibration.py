"""Is an arm as sure of its choices as it is right?

How sure it is of each choice is the softmax over the choices' log-likelihoods.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from harness.suite.schema import shown
from harness.suite.scoring import CorpusScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, largest, likelihoods

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Calibration(CorpusScorer):
    """Base of the metrics of calibration; a case's own score is 1 − its own error."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    reads: ClassVar[Reads] = "logprobs"
    needs_target: ClassVar[bool] = True
    better: ClassVar[Literal["higher", "lower"]] = "lower"

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where a likelihood is missing or not finite, or the target is no choice."""
        values, reason = likelihoods(case, output)
        if not values or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        if case.target not in case.choices:
            return Judgement(None, f"target {shown(case.target)} is not among the choices")
        return self.judge(softmax(values), case.choices.index(case.target))

    @abstractmethod
    def judge(self, shares: Sequence[float], target: int) -> Judgement:
        """Compare what is believed of each choice with the target's index."""


class ExpectedCalibrationError(Calibration):
    """Expected calibration error of the chosen answers: 0 where 80 % sure is 80 % right.

    Source: Guo et al. 2017, with bins (i/n, (i+1)/n] of equal width. It is a little above 0 for
    any finite set of answers.
    """

    bins: Annotated[int, Field(ge=1, le=1000)] = 15

    def judge(self, shares: Sequence[float], target: int) -> Judgement:
        """The first of equally likely choices is the answer, as in accuracy."""
        answer = largest(shares)
        sure, right = shares[answer], float(answer == target)
        index = bisect_left(range(1, self.bins), sure, key=lambda edge: edge / self.bins)
        parts = ((index, 1.0), (self.bins + index, sure), (2 * self.bins + index, right))
        reason = f"{sure:.0%} sure and {'right' if right else 'wrong'}"
        return Judgement(1 - abs(sure - right), reason, parts=parts)

    def size(self, choices: Sequence[str]) -> int:
        """Answers, confidences and right answers of each bin."""
        return 3 * self.bins

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """From 0 to 1."""
        from harness.metrics.calibration import expected_error

        return expected_error(sums.reshape(*sums.shape[:-1], 3, self.bins))


class Brier(Calibration):
    """Brier score: half the squared distance between what is believed of the choices and the truth.

    Source: Brier 1950, whose sum over the choices lies from 0 to 2; halved it lies from 0 to 1,
    and for two choices it is the squared error of one of them.
    """

    def judge(self, shares: Sequence[float], target: int) -> Judgement:
        """0 where the target was certain, 1 where another choice was."""
        squares = ((share - (i == target)) ** 2 for i, share in enumerate(shares))
        error = min(math.fsum(squares) / 2, 1.0)
        parts = ((0, error), (1, 1.0))
        return Judgement(1 - error, f"{shares[target]:.0%} sure of the target", parts=parts)

    def size(self, choices: Sequence[str]) -> int:
        """Errors and cases."""
        return 2

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """From 0 to 1."""
        from harness.metrics.ratio import ratio

        return ratio(sums[..., 0], sums[..., 1])


def softmax(values: Sequence[float]) -> list[float]:
    """The share of each of some log-likelihoods; they sum to 1."""
    peak = max(values)
    powers = [math.exp(value - peak) for value in values]
    total = math.fsum(powers)
    return [power / total for power in powers]
