"""Cells of the grid: one population, one size, one truth, and how often the rule promotes it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.stats import bounded, clusters, exact, tango, wilson

from . import populations
from .populations import Draws, Values, cluster_sizes

Decided = NDArray[np.bool_]

ALPHA = 0.05
MARGINS = (0.02, 0.03, 0.05)
SIZES = (50, 100, 200, 300, 500, 1_000, 2_000)
PSIS = (0.05, 0.1, 0.2, 0.3)
CHUNK = 100_000
"""Rows, or clusters of right-or-wrong ones, drawn at once: as much as a cache holds."""


class Population(Protocol):
    """Draws data sets with a known truth."""

    def __call__(
        self, rng: np.random.Generator, sizes: Values, psi: float, difference: float, draws: int
    ) -> Draws:
        """``draws`` data sets with these clusters, share of discordant rows and difference."""
        ...


POPULATIONS: Mapping[str, Population] = {
    "binary": populations.binary,
    "normal": populations.normal,
    "graded": populations.graded,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One candidate with a known truth, before one check."""

    population: str
    shape: str
    n: int
    psi: float
    margin: float
    difference: float
    """What is true of the candidate: −margin is the boundary."""

    @property
    def family(self) -> str:
        """What it shares with cells of other sizes and truths."""
        clusters = "unclustered" if self.shape == "none" else f"{self.shape} clusters"
        return f"{self.population}, {clusters}"

    @property
    def truth(self) -> str:
        """Size and truth; Δ = −δ is not said."""
        difference = "" if self.difference == -self.margin else f" Δ={100 * self.difference:g}pp"
        return f"n={self.n} ψ={self.psi:g} δ={100 * self.margin:g}pp{difference}"

    def __str__(self) -> str:
        return f"{self.family}, {self.truth}"


@dataclass(frozen=True, slots=True)
class Judged:
    """How often a cell's candidate was promoted and rejected."""

    cell: Cell
    promoted: float
    draws: int | None
    """None where all outcomes were enumerated."""
    rejected: float | None = None
    """Of drawn right-or-wrong scores, as is ``naive``."""
    naive: float | None = None
    """Promoted by a rule that takes rows for independent."""

    @property
    def error(self) -> float | None:
        """Monte Carlo standard error of ``promoted``."""
        if self.draws is None:
            return None
        return standard_error(self.promoted, self.draws)

    def exceeds(self, limit: float) -> bool:
        """Whether false promotion is above the limit; simulated, its lower 99% bound."""
        if self.draws is None:
            return self.promoted > limit
        return wilson.bounds(self.promoted * self.draws, self.draws, 0.01)[0] > limit


def standard_error(share: float, draws: int) -> float:
    """Of a simulated share."""
    return math.sqrt(share * (1 - share) / draws)


def boundary(population: str, shape: str) -> Iterator[Cell]:
    """The cells of the grid at Δ = −δ; graded ones where the population can be that bad."""
    for margin in MARGINS:
        for n in SIZES:
            for psi in PSIS:
                least = margin if population != "graded" else margin / populations.QUARTERS.mean()
                if psi >= least:
                    yield Cell(population, shape, n, psi, margin, -margin)


def enumerated(cell: Cell, *, exactly: bool = False) -> Judged:
    """An unclustered binary cell, over all outcomes; ``exactly`` by the exact test."""
    find = exact.exact_region if exactly else exact.rejection_region
    region = find(cell.n, cell.margin, ALPHA)
    return Judged(cell, float(exact.probability(region, cell.psi, cell.difference)), None)


def simulated(cell: Cell, draws: int, sizes: Values | None = None) -> Judged:
    """Any cell, by drawing; the seed is the cell's own.

    ``sizes`` are of clusters that are to be other than those of the cell's shape and n.
    """
    rng = np.random.default_rng(zlib.crc32(str(cell).encode()))
    sizes = cluster_sizes(cell.shape, cell.n) if sizes is None else sizes
    graded = cell.population != "binary"
    chunk = max(1, CHUNK // (cell.n if graded else len(sizes)))
    found: list[NDArray[np.int64]] = []
    for start in range(0, draws, chunk):
        drawn = POPULATIONS[cell.population](
            rng, sizes, cell.psi, cell.difference, min(chunk, draws - start)
        )
        decided = [not_worse_rows(drawn, cell.margin)] if graded else by_counts(drawn, cell.margin)
        found.append(np.array([each.sum() for each in decided]))
    promoted, *others = (np.sum(found, axis=0) / draws).tolist()
    return Judged(cell, promoted, draws, *others)


def not_worse_rows(drawn: Draws, margin: float) -> Decided:
    """Of each data set of graded scores, whether "not worse" is proven."""
    assert drawn.rows is not None
    # A mean at or below the limit proves nothing: those are not worth a closer look.
    above: Decided = drawn.sums.sum(axis=1) > -margin * drawn.n
    deff, df = _design_effect(drawn)
    above[above] = bounded.exceeds(
        drawn.rows[above], drawn.n / deff[above], -margin, tango.critical(ALPHA, df)
    )
    return above


def by_counts(drawn: Draws, margin: float) -> tuple[Decided, Decided, Decided]:
    """Of each data set of right-or-wrong scores: promoted, rejected, naively promoted."""
    total = drawn.sums.sum(axis=1)
    wins, losses, n = (drawn.squares + total) / 2, (drawn.squares - total) / 2, float(drawn.n)
    deff, df = _design_effect(drawn)
    counts = (wins / deff, losses / deff, n / deff)
    promoted = np.asarray(tango.p_not_worse(*counts, margin, df) < ALPHA)
    worse = np.asarray(tango.p_worse(*counts, df) < ALPHA)
    naive = np.asarray(tango.p_not_worse(wins, losses, n, margin) < ALPHA)
    return promoted, worse & ~promoted, naive


def _design_effect(drawn: Draws) -> tuple[Values, float | None]:
    """Of each data set; and the degrees of freedom, None where nothing is clustered."""
    if not drawn.clustered:
        return np.ones(len(drawn.sums)), None
    total, n = drawn.sums.sum(axis=1), drawn.n
    variance = np.maximum(drawn.squares - total**2 / n, 0.0) / (n - 1)
    return clusters.design_effect(drawn.sums, drawn.sizes, variance / n), len(drawn.sizes) - 1
