"""A/A: how much the baseline differs from itself. A margin below that proves nothing."""

from __future__ import annotations

import math

from harness.types import Arm, Noise

from .check import Declared
from .counted import ScoreTable, counted


def measure_noise(
    declared: Declared, baseline: Arm, scores: ScoreTable, planned: int | None = None
) -> Noise | None:
    """The noise on a check's cases; None where they were not all answered and scored twice.

    The floor is 2·√(r/n), r the mean squared change of a score: two standard errors of the
    difference that an adapter would show to itself. ``planned`` is n where more cases follow.
    """
    changes = []
    how, scale = declared.reduce, declared.beside.scale if declared.beside else 1.0
    for case in declared.cases:
        first, second = (
            counted(case, baseline, declared.metric, scores, how, declared.beside, half)
            for half in (0, 1)
        )
        if first is None or second is None:
            return None
        changes.append(scale * (second - first))
    if not changes:
        return None
    rate = sum(change * change for change in changes) / len(changes)
    return Noise(
        suite=declared.suite,
        task=declared.task,
        metric=f"{declared.metric} of {declared.mutation}"
        if declared.mutation
        else declared.metric,
        n=len(changes),
        flips=sum(change != 0 for change in changes),
        rate=rate,
        floor=2 * math.sqrt(rate / (planned or len(changes))),
    )
