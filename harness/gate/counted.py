"""A score as its check counts it: repeats as one, a mutated text's beside the clean one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.suite.model import Reduce
from harness.types import Arm, Case, Score

from .repeats import answers, reduced

ScoreTable = Mapping[tuple[str, str, str], Sequence[Score]]
"""(case digest, arm digest, scorer) → the scores of all repeats, in their order."""


@dataclass(frozen=True, slots=True)
class Beside:
    """How the score of a mutated text counts, given that of the clean one."""

    tolerance: float | None = None
    """1 where it fell by no more than this, else 0; None: how much it fell counts."""

    def count(self, mutated: float, clean: float) -> float:
        """From 0 to 1: a fall from 1 to 0 is 0, no change 0.5."""
        if self.tolerance is None:
            return (1 + mutated - clean) / 2
        return float(mutated >= clean - self.tolerance - 1e-12)

    @property
    def scale(self) -> float:
        """What a difference of such values is multiplied by to be one of scores."""
        return 2.0 if self.tolerance is None else 1.0


def counted(
    case: Case,
    arm: Arm,
    metric: str,
    scores: ScoreTable,
    how: Reduce,
    beside: Beside | None,
    half: int | None = None,
) -> float | None:
    """One value from 0 to 1; None where a score is missing or could not be given.

    ``half`` is 0 or 1 where the arm answered everything twice and one time is meant.
    """
    value = _reduced(case, case.digest, arm, metric, scores, how, half)
    if beside is None or value is None:
        return value
    clean = _reduced(case, case.parent, arm, metric, scores, how, half)
    return None if clean is None else beside.count(value, clean)


def _reduced(
    case: Case,
    digest: str,
    arm: Arm,
    metric: str,
    scores: ScoreTable,
    how: Reduce,
    half: int | None,
) -> float | None:
    """A mutated case is asked as often as the clean one."""
    found = scores.get((digest, arm.digest, metric), ())
    n = answers(case)
    return reduced(case, found if half is None else found[half * n : (half + 1) * n], how)
