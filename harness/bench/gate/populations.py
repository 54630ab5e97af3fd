"""Made-up differences with a known truth: drawn as cluster sums, 100,000 data sets at once.

Rows of one cluster have the intra-cluster correlation ``ICC`` exactly, in every population:
binary ones are Dirichlet-multinomial (Mosimann 1962, Biometrika 49, 65–82), normal ones a random
effect, graded ones copy their cluster's value with probability √ICC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

ICC = 0.3
EQUAL, PAIR, LARGE, ZIPF = 10, 2, 5, 100
"""Rows of an equal cluster, of a small and the number of large skewed ones, most Zipf clusters."""

Values = NDArray[np.float64]
SHAPES = ("none", "equal", "skewed", "zipf")


@dataclass(frozen=True, slots=True)
class Draws:
    """Data sets as the tests see them: differences d = candidate − reference, by cluster."""

    sums: Values
    """[draws, G]: Σd of each cluster; [draws, 1], of all rows, where nothing is clustered."""
    squares: Values
    """[draws]: Σd²."""
    sizes: Values
    """[G]: rows of each cluster."""
    rows: Values | None = None
    """[draws, n]: every d, cluster after cluster; None where −1, 0 and 1 are all there is."""

    @property
    def clustered(self) -> bool:
        """Whether any cluster has more than one row."""
        return bool(np.any(self.sizes > 1))

    @property
    def n(self) -> int:
        """Rows of one data set."""
        return int(self.sizes.sum())


def cluster_sizes(shape: str, n: int) -> Values:
    """Sizes [G] of the clusters of n rows, largest first.

    ``equal``: tens. ``skewed``: five hold three fifths of all rows, the rest are pairs. ``zipf``:
    up to a hundred, the k-th with 1/k of the rows of the first, none empty. Raises ValueError for
    another name.
    """
    match shape:
        case "none":
            return np.ones(n)
        case "equal":
            return np.full(n // EQUAL, float(EQUAL))
        case "skewed":
            large = n * 3 // 5 // LARGE
            return np.repeat([float(large), float(PAIR)], [LARGE, (n - large * LARGE) // PAIR])
        case "zipf":
            return _shared_out(1 / np.arange(1.0, min(ZIPF, n // 5) + 1), n)
        case _:
            raise ValueError(f"no clusters are called '{shape}'; there are {', '.join(SHAPES)}")


def _shared_out(weights: Values, n: int) -> Values:
    """Whole numbers ≥ 1 that add up to n, in proportion to the weights (largest remainders)."""
    exact = 1 + weights / weights.sum() * (n - len(weights))
    whole: Values = np.floor(exact)
    first = np.argsort(whole - exact, kind="stable")[: int(n - whole.sum())]
    whole[first] += 1
    return whole


def binary(
    rng: np.random.Generator, sizes: Values, psi: float, difference: float, draws: int
) -> Draws:
    """Right-or-wrong scores: P(d = ±1) = (ψ ± Δ)/2."""
    if np.all(sizes == 1):
        shares = [(psi + difference) / 2, (psi - difference) / 2, 1 - psi]
        counts = rng.multinomial(len(sizes), shares, draws).astype(np.float64)
        return Draws(counts[:, :1] - counts[:, 1:2], counts[:, :2].sum(axis=1), sizes)
    sums = np.empty((draws, len(sizes)))
    squares = np.zeros(draws)
    for size in np.unique(sizes):
        where = np.flatnonzero(sizes == size)
        wins, losses, chance = outcomes(int(size), psi, difference)
        drawn = np.searchsorted(np.cumsum(chance)[:-1], rng.random((draws, len(where))), "right")
        sums[:, where] = (wins - losses)[drawn]
        squares += (wins + losses)[drawn].sum(axis=1)
    return Draws(sums, squares, sizes)


@cache
def outcomes(size: int, psi: float, difference: float) -> tuple[Values, Values, Values]:
    """Every (wins, losses) of a cluster of ``size`` rows, and its probability."""
    wins, losses = (x.astype(float) for x in np.indices((size + 1, size + 1)))
    possible = wins + losses <= size
    wins, losses = wins[possible], losses[possible]
    rest, total = size - wins - losses, (1 - ICC) / ICC
    shares = ((psi + difference) / 2, (psi - difference) / 2, 1 - psi)
    logs = gammaln(size + 1) + gammaln(total) - gammaln(size + total)
    for count, share in zip((wins, losses, rest), shares, strict=True):
        logs = logs - gammaln(count + 1) + _rising(share * total, count)
    chance = np.exp(logs)
    return wins, losses, chance / chance.sum()


def _rising(start: float, count: Values) -> Values:
    """Log Γ(start + count) − log Γ(start); of a category that never happens, log 0."""
    if start < 1e-12:
        return np.where(count == 0, 0.0, -np.inf)
    return np.asarray(gammaln(start + count) - gammaln(start), np.float64)


def normal(
    rng: np.random.Generator, sizes: Values, psi: float, difference: float, draws: int
) -> Draws:
    """Normal differences with a random effect of the cluster; their standard deviation is √ψ/4.

    So ψ means as little spread as there can be, and the ends of [−1, 1] are never met.
    """
    sd = math.sqrt(psi) / 4
    rows = rng.standard_normal((draws, int(sizes.sum())))
    if np.any(sizes > 1):
        effects = math.sqrt(ICC) * sd * rng.standard_normal((draws, len(sizes)))
        rows *= math.sqrt(1 - ICC) * sd
        rows += np.repeat(effects, sizes.astype(np.intp), axis=1)
    else:
        rows *= sd
    rows += difference
    return _of_rows(rows, sizes)


QUARTERS = np.array([0.25, 0.5, 0.75, 1.0])


def graded(
    rng: np.random.Generator, sizes: Values, psi: float, difference: float, draws: int
) -> Draws:
    """Scores that mostly agree: d = 0 but for a share ψ, which is a quarter of a point or more.

    A row copies its cluster's value with probability √ICC, so two rows both do with ICC.
    """
    won = _won(psi, difference)
    n = int(sizes.sum())
    rows = _quarters(rng, (draws, n), psi, won)
    if np.any(sizes > 1):
        shared = np.repeat(
            _quarters(rng, (draws, len(sizes)), psi, won), sizes.astype(np.intp), axis=1
        )
        rows += (rng.random((draws, n)) < math.sqrt(ICC)) * (shared - rows)
    return _of_rows(rows, sizes)


def _won(psi: float, difference: float) -> float:
    """Share of the changed rows that must be wins for a mean of ``difference``.

    Raises ValueError where even losses alone do not lose that much.
    """
    mean = float(QUARTERS.mean())
    won = (1 + difference / (mean * psi)) / 2
    if not 0 <= won <= 1:
        raise ValueError(
            f"no mean of {difference} with a share of {psi} of quarters; ψ ≥ |Δ|/{mean}"
        )
    return won


def _quarters(rng: np.random.Generator, shape: tuple[int, int], psi: float, won: float) -> Values:
    """±¼, ±½, ±¾ or ±1 in a share ψ of the places, a share ``won`` of it above 0; 0 elsewhere."""
    drawn = np.zeros(shape)
    places = np.flatnonzero(rng.random(shape) < psi)
    size = QUARTERS[rng.integers(len(QUARTERS), size=len(places))]
    drawn.ravel()[places] = np.copysign(size, won - rng.random(len(places)))
    return drawn


def _of_rows(rows: Values, sizes: Values) -> Draws:
    squares = np.einsum("ij,ij->i", rows, rows)
    if np.all(sizes == 1):
        return Draws(rows.sum(axis=1, keepdims=True), squares, sizes, rows)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    return Draws(np.add.reduceat(rows, starts, axis=1), squares, sizes, rows)
