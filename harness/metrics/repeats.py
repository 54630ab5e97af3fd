"""One score from those of a sample's repeats: their mean, the best of some, a vote.

Scores are from 0 to 1, at least one; a repeat that is unscored leaves the sample unscored, which
is for the caller to see.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def average(values: Sequence[float]) -> float:
    """The mean; ValueError where there is none."""
    _check(values, 1)
    return math.fsum(values) / len(values)


def pass_at(values: Sequence[float], k: int) -> float:
    """What the best of k repeats is on average, over all draws of k from these.

    Of right-or-wrong scores it is the unbiased estimate of pass@k, 1 − C(n−c, k)/C(n, k) with c
    right of n, as the product of Chen et al. 2021, which does not overflow. ValueError unless
    1 ≤ k ≤ n.
    """
    _check(values, k)
    missed, expected = 1.0, 0.0  # chance that a draw has none of the better ones
    for left, value in zip(range(len(values), 0, -1), sorted(values, reverse=True), strict=True):
        still = missed * max(0, left - k) / left
        expected += (missed - still) * value
        missed = still
    return min(expected, max(values))


def at_least(values: Sequence[float], k: int) -> float:
    """What at least k repeats reach: of right-or-wrong scores, 1 where k or more are right.

    ValueError unless 1 ≤ k ≤ n.
    """
    _check(values, k)
    return sorted(values, reverse=True)[k - 1]


def majority(values: Sequence[float], answers: Sequence[str]) -> float:
    """The score of the most frequent answer; ``answers[i]`` has ``values[i]``.

    Of equally frequent ones the one that was given first, as in lm-eval. Where an answer was
    scored differently each time, the mean of its scores.
    """
    _check(values, 1)
    vote, _ = Counter(answers).most_common(1)[0]
    return average([v for v, answer in zip(values, answers, strict=True) if answer == vote])


def _check(values: Sequence[float], k: int) -> None:
    if not 1 <= k <= len(values):
        raise ValueError(f"{k} of {len(values)} repeats; it should be 1 to as many as there are")
