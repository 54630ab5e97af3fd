"""What the cases that a candidate lost have in common, and the others do not.

Each feature is tested by the hypergeometric distribution (Fisher's exact test, one-sided: more
frequent among the lost) and corrected by Benjamini and Hochberg (1995) over all features that
hold for enough cases to be tested. Where cases are clustered a cluster is one piece of evidence,
however many of its rows were lost. What is found describes the lost cases; it names no cause.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from harness.stats.bh import benjamini_hochberg
from harness.types import Case

from .features import LEAST, Answers, Feature, Floats, Integers, Table, Trait, tabulate

LEVEL = 0.05
"""Corrected p-value up to which a feature is shown."""
MOST = 5
"""Features shown, and others named beside each."""
MOST_COMPARED = 40
"""Features that are compared with those shown."""
ALIKE = 0.8
"""Two features are one where they share this much of the cases that either holds for."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Shared:
    """A feature that the lost have more often than the rest, by more than chance."""

    feature: Feature
    also: tuple[Feature, ...]
    """Features that hold for nearly the same cases."""
    lost: int
    """Lost units that have it; a cluster counts by the share of its lost cases, rounded down."""
    rest: int
    """Units of the rest that have it, rounded up."""
    lift: float
    """Its share among the lost ÷ its share among all."""
    p_value: float
    """One-sided, corrected over all features tested."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What lost cases share. A unit is a case, or a cluster where cases are clustered."""

    clustered: bool
    lost: int
    """Units that stand for the lost."""
    rest: int
    """Units that stand for the rest."""
    tested: int
    """Features that hold for enough cases to be tested."""
    shared: tuple[Shared, ...]
    """The least p-value first; empty where nothing is shared beyond chance."""


def explain(cases: Sequence[Case], lost: Collection[str], answers: Answers) -> Explanation:
    """What the lost among ``cases`` share that the others do not.

    ``lost`` are digests of cases. The order of the cases does not matter.
    """
    units = _Units.of(cases, lost)
    table = tabulate(cases, answers)
    a = np.floor(table.sums(units.of_lost) + _ROUNDING).astype(int).tolist()
    b = np.ceil(table.sums(units.of_rest) - _ROUNDING).astype(int).tolist()
    p_values = benjamini_hochberg(_tails(a, b, units.lost, units.rest))

    def place(i: int) -> tuple[float, float, int, str]:
        feature = table.features[i]
        return p_values[i], -_lift(a[i], b[i], units), _RANK[feature.trait], feature.name

    found = sorted((i for i, p in enumerate(p_values) if p <= LEVEL), key=place)
    groups = _merged(found[:MOST_COMPARED], table)
    shared = tuple(
        Shared(
            feature=table.features[i],
            also=tuple(table.features[other] for other in also[:MOST]),
            lost=a[i],
            rest=b[i],
            lift=_lift(a[i], b[i], units),
            p_value=p_values[i],
        )
        for i, *also in groups
    )
    return Explanation(units.clustered, units.lost, units.rest, len(table.features), shared)


_RANK = {trait: rank for rank, trait in enumerate(Trait)}


@dataclass(frozen=True, slots=True)
class _Units:
    """What each case weighs in the evidence of its cluster."""

    clustered: bool
    lost: int
    rest: int
    """Clusters that stand for the lost, and for the rest."""
    of_lost: Floats
    """Of a lost case 1/(lost cases of its cluster) where that stands for the lost, else 0."""
    of_rest: Floats
    """Of any other case the same where its cluster stands for the rest, else 0."""

    @classmethod
    def of(cls, cases: Sequence[Case], lost: Collection[str]) -> _Units:
        """A cluster stands for the lost if it lost a case, else for the rest: never for both.

        Where that leaves fewer for the rest than for the lost, clusters with cases of both kinds
        are dealt out, drawn by hashing, until they are as many.
        """
        gone: dict[str, list[int]] = defaultdict(list)
        kept: dict[str, list[int]] = defaultdict(list)
        for row, case in enumerate(cases):
            (gone if case.digest in lost else kept)[case.cluster].append(row)
        losing, untouched = set(gone), kept.keys() - gone.keys()
        mixed = sorted(gone.keys() & kept.keys(), key=_drawn)
        resting = untouched | set(mixed[: max(0, (len(losing) - len(untouched)) // 2)])
        losing -= resting
        return cls(
            clustered=len(gone.keys() | kept.keys()) < len(cases),
            lost=len(losing),
            rest=len(resting),
            of_lost=_weights(len(cases), [gone[cluster] for cluster in losing]),
            of_rest=_weights(len(cases), [kept[cluster] for cluster in resting]),
        )


def _drawn(cluster: str) -> bytes:
    return hashlib.sha256(cluster.encode("utf-8", "surrogatepass")).digest()


def _weights(n: int, clusters: Sequence[Sequence[int]]) -> Floats:
    weights = np.zeros(n)
    for rows in clusters:
        weights[rows] = 1 / len(rows)
    return weights


def _tails(a: Sequence[int], b: Sequence[int], lost: int, rest: int) -> list[float]:
    """P(at least a of the lost have it, given that a + b of all have it), for each feature.

    1 where a feature is not the more frequent among the lost, or found among too few of them.
    """
    log_factorial = gammaln(np.arange(lost + rest + 1) + 1)
    known: dict[tuple[int, int], float] = {}
    for pair in set(zip(a, b, strict=True)):
        possible = pair[0] >= LEAST and pair[0] * rest > pair[1] * lost
        known[pair] = _tail(*pair, lost, rest, log_factorial) if possible else 1.0
    return [known[pair] for pair in zip(a, b, strict=True)]


def _tail(a: int, b: int, lost: int, rest: int, log_factorial: Floats) -> float:
    """Upper tail of the hypergeometric distribution."""

    def log_choose(n: int, k: Integers) -> Floats:
        chosen: Floats = log_factorial[n] - log_factorial[k] - log_factorial[n - k]
        return chosen

    k: Integers = np.arange(a, min(a + b, lost) + 1)
    total = log_choose(lost + rest, np.array([a + b]))
    terms: Floats = np.exp(log_choose(lost, k) + log_choose(rest, a + b - k) - total)
    return min(1.0, float(terms.sum()))


def _lift(a: int, b: int, units: _Units) -> float:
    return a / units.lost * (units.lost + units.rest) / (a + b)


def _merged(ranked: Sequence[int], table: Table) -> list[list[int]]:
    """The first ``MOST`` columns that are not alike, each followed by those that are like it."""
    groups: list[list[int]] = []
    cases_of: list[frozenset[int]] = []
    for column in ranked:
        cases = table.cases(column)
        for group, others in zip(groups, cases_of, strict=True):
            if len(cases & others) >= ALIKE * len(cases | others):
                group.append(column)
                break
        else:
            if len(groups) < MOST:
                groups.append([column])
                cases_of.append(cases)
    return groups
