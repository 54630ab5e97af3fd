"""What a judge's grades are worth, beside grades that people gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from harness.stats.clusters import Clusters, Values
from harness.stats.paired import compare

STRATA = ("short", "middle", "long")
"""Thirds of the labelled answers by their length."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One answer with two grades, each as a score from 0 to 1."""

    judge: float
    people: float
    cluster: str
    length: int
    """Characters of the answer."""
    arm: str = ""
    """Who answered, where that is known."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a judge compares with people."""

    n: int
    exact: float
    """Share of equal grades, his expected one rounded to the scale."""
    kappa: float | None
    """Cohen's kappa with quadratic weights; None where all grades are one."""
    bias: float
    """Mean of judge − people."""
    low: float | None
    """Lower and upper one-sided bound of the bias, clusters respected."""
    high: float | None
    strata: tuple[float, ...]
    """The bias in each of ``STRATA``."""
    favours: str
    """Whose answers he overrates most beside the others'; empty where one alone answered."""
    favour: float | None
    """By how much: the difference of the two biases."""
    favour_low: float | None
    """Lower and upper one-sided bound of it (Welch)."""
    favour_high: float | None


def agreement(graded: Sequence[Graded], grades: int, alpha: float) -> Agreement:
    """Compare on a scale of so many grades. ValueError without any answer."""
    if not graded:
        raise ValueError("no answer has both grades")
    judge = np.array([each.judge for each in graded])
    people = np.array([each.people for each in graded])
    clusters = Clusters.of([each.cluster for each in graded])
    bounds = compare(people, judge, clusters, alpha, alpha) if clusters.count > 1 else None
    said, meant = (np.rint(each * (grades - 1)).astype(int) for each in (judge, people))
    favours, favour, low, high = _favour(graded, judge - people, alpha)
    return Agreement(
        n=len(graded),
        exact=float((said == meant).mean()),
        kappa=weighted_kappa(said, meant, grades),
        bias=float((judge - people).mean()),
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
        strata=_strata(graded, judge - people),
        favours=favours,
        favour=favour,
        favour_low=low,
        favour_high=high,
    )


def weighted_kappa(
    one: np.ndarray[tuple[int], np.dtype[np.int64]],
    other: np.ndarray[tuple[int], np.dtype[np.int64]],
    grades: int,
) -> float | None:
    """1 − Σ w·observed / Σ w·expected, w the squared distance (Cohen 1968)."""
    observed = np.zeros((grades, grades))
    np.add.at(observed, (one, other), 1)
    expected = np.outer(observed.sum(1), observed.sum(0)) / len(one)
    distance = np.subtract.outer(np.arange(grades), np.arange(grades)) ** 2
    chance = float((distance * expected).sum())
    return None if chance == 0 else 1 - float((distance * observed).sum()) / chance


def _strata(graded: Sequence[Graded], gaps: Values) -> tuple[float, ...]:
    order = np.argsort([each.length for each in graded], kind="stable")
    thirds = np.array_split(gaps[order], len(STRATA))
    return tuple(float(third.mean()) for third in thirds) if len(gaps) >= len(STRATA) else ()


def _favour(
    graded: Sequence[Graded], gaps: Values, alpha: float
) -> tuple[str, float | None, float | None, float | None]:
    """The arm whose answers he overrates most beside all others', and by how much."""
    arms = sorted({each.arm for each in graded})
    if len(arms) < 2:
        return "", None, None, None
    who = np.array([each.arm for each in graded])

    def gap(arm: str) -> float:
        return float(gaps[who == arm].mean() - gaps[who != arm].mean())

    most = max(arms, key=gap)
    own, others = gaps[who == most], gaps[who != most]
    if min(len(own), len(others)) < 2:
        return most, gap(most), None, None
    reach = _welch(own, others, alpha)
    return most, gap(most), gap(most) - reach, gap(most) + reach


def _welch(one: Values, other: Values, alpha: float) -> float:
    """How far a one-sided bound lies from the difference of two means (Welch 1947)."""
    parts = [values.var(ddof=1) / len(values) for values in (one, other)]
    variance = float(sum(parts))
    if variance <= 1e-24:  # rounding alone
        return 0.0
    degrees = variance**2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (one, other), strict=True)
    )
    return float(stdtrit(degrees, 1 - alpha)) * math.sqrt(variance)
