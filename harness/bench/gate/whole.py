"""The whole gate: three must-pass suites with anchor twins, and twelve slices as tripwires.

Every draw is decided twice: end to end on records, and by the formulas alone on counts. Both must
say the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.stats import tango
from harness.stats.clusters import Clusters
from harness.stats.holm import holm
from harness.stats.spending import attempt_alpha
from harness.types import GateVerdict, Role

from .populations import ICC
from .records import Right, Scorebook, Suite, changed, gate, suite

SUITES, SLICES, CASES, MARGIN = 3, 4, 600, 0.05
"""Suites, slices in each, cases in each, margin."""
PSI, LEVEL, ALPHA = 0.12, 0.8, 0.05
ROLES = (Role.BASELINE, Role.ANCHOR, Role.CANDIDATE)


@dataclass(frozen=True, slots=True)
class World:
    """What is true of the candidate, and how the cases are clustered."""

    name: str
    against_baseline: tuple[float, ...]
    """Per suite: how much better the candidate is."""
    anchor_below: tuple[float, ...]
    """Per suite: how much worse the anchor is than the baseline."""
    cluster: int = 1
    """Cases of one cluster."""
    attempt: int | None = 1
    """Which attempt it is; None promotes at the policy's own α."""

    @property
    def alpha(self) -> float:
        """The level at which it may be promoted."""
        return ALPHA if self.attempt is None else attempt_alpha(ALPHA, self.attempt)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often the gate said what, of a number of draws."""

    draws: int
    verdicts: Mapping[GateVerdict, int]
    disagreements: int
    """Draws that the formulas alone decide otherwise."""

    def share(self, verdict: GateVerdict) -> float:
        """Of all draws."""
        return self.verdicts.get(verdict, 0) / self.draws


def simulate(world: World, draws: int, seed: int) -> Outcome:
    """Decide ``draws`` candidates of this world; the same seed gives the same draws."""
    rng = np.random.default_rng(seed)
    suites = _suites(world.cluster)
    cases = [case for each in suites for case in each.cases]
    book = Scorebook(cases, ROLES)
    declared = [each for one in suites for each in one.declared]
    found: dict[GateVerdict, int] = {}
    disagreements = 0
    for _ in range(draws):
        right = answers(rng, world)
        _, decision = gate(declared, book.scores(right), world.alpha, ALPHA)
        found[decision.verdict] = found.get(decision.verdict, 0) + 1
        disagreements += decision.verdict is not by_formula(right, suites, world.alpha)
    return Outcome(draws, found, disagreements)


def _suites(cluster: int) -> tuple[Suite, ...]:
    documents = np.arange(CASES) // cluster
    return tuple(
        suite(f"area-{i}", documents.tolist(), (documents % SLICES).tolist(), MARGIN, anchored=True)
        for i in range(SUITES)
    )


def answers(rng: np.random.Generator, world: World) -> Right:
    """Who is right where: [roles, suites × cases].

    Baseline and candidate, and baseline and anchor, differ in ψ of the cases. In a cluster each
    row copies one row with probability √ICC, so that their correlation is ICC.
    """
    parts = []
    for better, below in zip(world.against_baseline, world.anchor_below, strict=True):
        own = _independent(rng, CASES, better, below)
        if world.cluster > 1:
            documents = CASES // world.cluster
            shared = np.repeat(_independent(rng, documents, better, below), world.cluster, axis=1)
            own = np.where(rng.random(CASES) < math.sqrt(ICC), shared, own)
        parts.append(own)
    return np.concatenate(parts, axis=1)


def _independent(rng: np.random.Generator, n: int, better: float, below: float) -> Right:
    baseline = rng.random(n) < LEVEL
    others = (changed(rng, baseline, LEVEL, PSI, difference) for difference in (-below, better))
    return np.stack([baseline, *others])


def by_formula(right: Right, suites: tuple[Suite, ...], alpha: float) -> GateVerdict:
    """The verdict from counts alone: no record, no interval, no pairing by digest."""
    baseline, anchor, candidate = (each.reshape(len(suites), CASES) for each in right)
    passed, worse = [], []
    for i, one in enumerate(suites):
        labels = np.array([int(case.cluster) for case in one.cases])
        for reference in (baseline[i], anchor[i]):
            counts, df = _counts(candidate[i], reference, labels)
            passed.append(float(tango.p_not_worse(*counts, MARGIN, df)) < alpha)
            worse.append(float(tango.p_worse(*counts, df)))
        for part in range(SLICES):
            rows = labels % SLICES == part
            counts, df = _counts(candidate[i][rows], baseline[i][rows], labels[rows])
            passed.append(True)
            worse.append(float(tango.p_worse(*counts, df)))
    lost = [p < ALPHA for p in holm(worse)]
    tripwires = np.arange(len(lost)) % (SLICES + 2) >= 2
    if any(
        loss and (wire or not ok) for loss, wire, ok in zip(lost, tripwires, passed, strict=True)
    ):
        return GateVerdict.REJECT
    return GateVerdict.PROMOTE if all(passed) else GateVerdict.INCONCLUSIVE


def _counts(
    candidate: NDArray[np.bool_], reference: NDArray[np.bool_], labels: NDArray[np.int_]
) -> tuple[tuple[float, float, float], float | None]:
    d = candidate.astype(np.float64) - reference
    clusters = Clusters.of(labels.tolist())
    deff = clusters.design_effect(d)
    return ((d > 0).sum() / deff, (d < 0).sum() / deff, len(d) / deff), clusters.df
