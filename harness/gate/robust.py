"""How arms stand a mutation: a description beside the check, which alone decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.stats.clusters import Clusters, Values
from harness.stats.paired import compare
from harness.suite.mutations import LoadedMutation
from harness.types import Arm, Robustness

from .check import Declared
from .counted import ScoreTable, counted

RIGHT = 1.0
"""The score of a right answer."""


def robustness(
    declared: Declared,
    mutation: LoadedMutation,
    arm: Arm,
    scores: ScoreTable,
    alpha: float,
) -> Robustness | None:
    """Of one mutation and one arm; None where a score is missing.

    The mutated texts are scored by themselves here, whatever the check counts.
    """
    how = declared.reduce
    mutated = _column([counted(c, arm, declared.metric, scores, how, None) for c in declared.cases])
    if mutated is None:
        return None
    found = Robustness(
        suite=declared.suite,
        task=declared.task,
        mutation=declared.mutation,
        mutator=mutation.kind,
        relation=mutation.mutator.relation,
        metric=declared.metric,
        arm=arm.digest,
        n=len(mutated),
        seeds=len(mutated),
        robustness=float(np.mean(mutated == RIGHT)),
        mutated=float(mutated.mean()),
        spot_check=mutation.mutator.spot_check,
    )
    if not declared.seeds:
        return found
    seeds = {case.digest: case for case in declared.seeds}
    parents = [seeds[case.parent] for case in declared.cases]
    clean = _column([counted(c, arm, declared.metric, scores, how, None) for c in parents])
    return None if clean is None else _beside(found, declared, mutated, clean, alpha)


def _beside(
    found: Robustness, declared: Declared, mutated: Values, clean: Values, alpha: float
) -> Robustness:
    """The same with what the clean texts' scores [n] add."""
    right = clean == RIGHT
    found = replace(
        found,
        seeds=int(right.sum()),
        robustness=float(np.mean(mutated[right] == RIGHT)) if right.any() else None,
        clean=float(clean.mean()),
        delta=float((mutated - clean).mean()),
    )
    clusters = Clusters.of([case.cluster for case in declared.cases])
    if clusters.count < 2:
        return found
    compared = compare(clean, mutated, clusters, alpha, alpha)
    return replace(found, low=compared.low, high=compared.high)


def _column(values: Sequence[float | None]) -> Values | None:
    known = [value for value in values if value is not None]
    return np.asarray(known, np.float64) if known and len(known) == len(values) else None
