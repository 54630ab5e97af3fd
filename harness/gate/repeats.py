"""A case's repeats as one score: every case is one piece of evidence, however often it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics.repeats import at_least, average, majority, pass_at
from harness.suite.model import Reduce
from harness.types import Case, Score

MEAN = Reduce(how="mean")


def reduced(case: Case, scores: Sequence[Score], how: Reduce) -> float | None:
    """One value from 0 to 1; None where a score is missing or could not be given.

    A mean is of all scores there are. Anything else depends on how many they are, so that what
    a baseline that is run twice said more is left out.
    """
    counted = scores if how == MEAN else scores[: answers(case)]
    values = [score.value for score in counted if score.value is not None]
    if not values or len(values) < len(counted):
        return None
    if how.how == "majority":
        return majority(values, [score.answer for score in counted])
    if how.how == "pass_at":
        return pass_at(values, how.k or 1)
    if how.how == "at_least":
        return at_least(values, how.k or 1)
    return values[0] if how.how == "first" else average(values)


def answers(case: Case) -> int:
    """How many answers to a case are asked for."""
    return 1 if case.generation is None else case.generation.repeats
