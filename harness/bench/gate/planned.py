"""Goal: not by refusing everything. At the planned size an equal adapter is promoted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.bench import CELL
from harness.stats import power
from harness.stats.clusters import Clusters
from harness.stats.spending import attempt_alpha
from harness.types import BenchRow

from .cells import ALPHA, MARGINS, PSIS, Cell, Judged, enumerated, simulated
from .effort import Effort, Workers
from .populations import SHAPES, Values, cluster_sizes

PATTERN = 100
"""Rows of the cluster sizes that a larger sample repeats."""
LEAST, LEAST_CLUSTERED, MOST = 0.78, 0.76, 0.85
"""Promotions of an equal adapter at the planned n."""
REJECTIONS = 0.90
"""Least rejections of one that is worse by two margins, at twice that n."""
CURVE_MARGINS = (0.01, 0.02, 0.03, 0.05, 0.1)
CURVE_PSIS = (0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned check: how many cases, in which clusters."""

    shape: str
    psi: float
    margin: float
    sizes: Values

    def cell(self, difference: float) -> Cell:
        """With a candidate of this truth."""
        n = int(self.sizes.sum())
        return Cell("binary", self.shape, n, self.psi, self.margin, difference)


def plan(shape: str, psi: float, margin: float) -> Plan:
    """As many cases as the product's planner asks for, the true ψ known."""
    pattern = cluster_sizes(shape, PATTERN)
    labels = np.repeat(np.arange(len(pattern)), pattern.astype(np.intp))
    sampling = power.Sampling.of(Clusters.of(labels.tolist()))
    needed = power.cases(psi, 0.0, margin, ALPHA, sampling=sampling)
    assert needed is not None  # an equal adapter can always be told from a worse one
    if shape == "none":
        return Plan(shape, psi, margin, np.ones(needed))
    return Plan(shape, psi, margin, _repeated(pattern, math.ceil(needed / PATTERN)))


def _repeated(pattern: Values, times: int) -> Values:
    return np.sort(np.tile(pattern, times))[::-1]


def plans(shape: str) -> Iterator[Plan]:
    """Over the grid's margins and ψ."""
    for margin in MARGINS:
        for psi in PSIS:
            if psi >= margin:
                yield plan(shape, psi, margin)


@dataclass(frozen=True, slots=True)
class _Equal:
    draws: int

    def __call__(self, planned: Plan) -> Judged:
        cell = planned.cell(0.0)
        if planned.shape == "none":
            return enumerated(cell)
        return simulated(cell, self.draws, planned.sizes)


@dataclass(frozen=True, slots=True)
class _Worse:
    draws: int

    def __call__(self, planned: Plan) -> Judged:
        twice = Plan(planned.shape, planned.psi, planned.margin, _repeated(planned.sizes, 2))
        return simulated(twice.cell(-2 * planned.margin), self.draws, twice.sizes)


def rows(effort: Effort, workers: Workers) -> list[BenchRow]:
    """The lowest and highest share of promotions, the lowest of rejections; then every cell."""
    draws, found = effort.power_draws, []
    for shape in SHAPES:
        planned = [each for each in plans(shape) if each.psi in effort.psis]
        least = LEAST if shape == "none" else LEAST_CLUSTERED
        name = planned[0].cell(0.0).family
        equal = workers.map(_Equal(draws), planned, f"planned, {name}")
        found += _promotions(name, equal, least)
        bad = [each for each in planned if each.psi >= 2 * each.margin]
        found += _rejections(name, workers.map(_Worse(draws), bad, f"twice planned, {name}"))
    return [*found, *_curves()]


def _promotions(name: str, judged: Sequence[Judged], least: float) -> list[BenchRow]:
    target = f"{100 * least:g} to {100 * MOST:g}"
    title = f"equal, promoted at planned n: {name}"

    def row(name: str, each: Judged) -> BenchRow:
        met = least <= each.promoted <= MOST
        return BenchRow(name, _percent(each.promoted), "%", target, met, error=_error(each))

    low = min(judged, key=lambda each: each.promoted)
    high = max(judged, key=lambda each: each.promoted)
    return [
        row(f"{title}: lowest ({_truth(low)})", low),
        row(f"{title}: highest ({_truth(high)})", high),
        *(row(f"{CELL}planned, {each.cell}", each) for each in judged),
    ]


def _rejections(name: str, judged: Sequence[Judged]) -> list[BenchRow]:
    def row(name: str, each: Judged) -> BenchRow:
        rejected = each.rejected or 0.0
        error = _percent(math.sqrt(rejected * (1 - rejected) / (each.draws or 1)))
        target = f"≥ {100 * REJECTIONS:g}"
        return BenchRow(name, _percent(rejected), "%", target, rejected >= REJECTIONS, error=error)

    low = min(judged, key=lambda each: each.rejected or 0.0)
    title = f"worse by 2δ, rejected at twice planned n: {name}"
    return [
        row(f"{title}: lowest ({_truth(low)})", low),
        *(row(f"{CELL}rejected at twice the planned n, {each.cell}", each) for each in judged),
    ]


def _curves() -> list[BenchRow]:
    """Cases needed at the first attempt against a baseline, for the picture."""
    alpha = attempt_alpha(ALPHA, 1)
    return [
        BenchRow(needed_name(psi, margin), power.cases(psi, 0.0, margin, alpha), "cases")
        for psi in CURVE_PSIS
        for margin in CURVE_MARGINS
    ]


def needed_name(psi: float, margin: float) -> str:
    """Under which name the cases needed are kept."""
    return f"{CELL}cases needed at the first attempt, ψ={psi:g}, δ={100 * margin:g}pp"


def _truth(judged: Judged) -> str:
    return judged.cell.truth.partition(" Δ")[0]


def _percent(share: float) -> float:
    return round(100 * share, 3)


def _error(judged: Judged) -> float | None:
    return None if judged.error is None else _percent(judged.error)
