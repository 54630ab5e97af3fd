"""Cluster bootstrap with BCa limits, for metrics of a whole corpus (macro-F1, BLEU).

Source: Efron (1987), "Better bootstrap confidence intervals", JASA 82, 171–185; clusters are
resampled whole, and the acceleration is from leaving out a cluster at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from .clusters import Clusters, Values

LEAST_ROWS = 200
DRAWS = 10_000
AT_ONCE = 4_000_000
"""Numbers of one block of resamples: bounds memory."""

Metric = Callable[[Values], Values]
"""How often each cluster is taken [B, G] → the metric on those rows [B]."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """A metric as it was seen and as resamples have it."""

    seen: float
    draws: Values
    """Of each resample, ascending."""
    bias: float
    """z₀: the normal quantile of how many resamples lie below ``seen``."""
    acceleration: float
    """a: how fast the spread grows with the metric."""

    def limit(self, level: float) -> float:
        """The one-sided limit at a level: .05 for a lower one, .95 for an upper one."""
        z = self.bias + ndtri(level)
        return float(np.quantile(self.draws, ndtr(self.bias + z / (1 - self.acceleration * z))))

    def p_above(self, value: float) -> float:
        """One-sided p of H0: the metric is at most ``value``: the level whose limit that is.

        Not below 1/(draws + 1), which is all that so many resamples can show.
        """
        return max(self._level(value), 1 / (len(self.draws) + 1))

    def p_below(self, value: float) -> float:
        """The same for H0: the metric is at least ``value``."""
        return max(1 - self._level(value), 1 / (len(self.draws) + 1))

    def _level(self, value: float) -> float:
        count = len(self.draws)
        below = np.searchsorted(self.draws, value, "left") + np.searchsorted(
            self.draws, value, "right"
        )
        share = np.clip(below / (2 * count), 1 / (count + 1), count / (count + 1))
        w = ndtri(share) - self.bias
        return float(ndtr(w / (1 + self.acceleration * w) - self.bias))


def resample(
    metric: Metric, clusters: Clusters, rng: np.random.Generator, draws: int = DRAWS
) -> Resampled:
    """Draw as many clusters as there are, with replacement, ``draws`` times.

    For a paired difference the metric is that of one arm less that of the other, on the same
    rows. Raises ValueError for fewer than 200 rows or two clusters, for a metric that is not
    finite, and for one that no resample moves: that is no proof that it is certain.
    """
    if clusters.n < LEAST_ROWS:
        raise ValueError(f"{clusters.n} rows are too few to resample; {LEAST_ROWS} are the least")
    if clusters.count < 2:
        raise ValueError(f"{clusters.count} cluster is too few to resample; two are the least")
    count = clusters.count
    step = max(1, AT_ONCE // count)
    seen = float(metric(np.ones((1, count)))[0])
    resampled = np.concatenate(
        [metric(_taken(rng, count, min(step, draws - at))) for at in range(0, draws, step)]
    )
    without = np.concatenate(
        [metric(_all_but(at, min(at + step, count), count)) for at in range(0, count, step)]
    )
    if not (np.isfinite(seen) and np.isfinite(resampled).all() and np.isfinite(without).all()):
        raise ValueError("the metric is not finite on every resample: it has no bootstrap interval")
    if np.all(resampled == seen):
        raise ValueError(f"every resample gives {seen}: a bootstrap says nothing of its certainty")
    bias = ndtri((np.mean(resampled < seen) + np.mean(resampled <= seen)) / 2)
    pull = without.mean() - without
    spread = np.square(pull).sum() ** 1.5
    acceleration = (pull**3).sum() / (6 * spread) if spread > 0 else 0.0
    return Resampled(seen, np.sort(resampled), float(bias), float(acceleration))


def _taken(rng: np.random.Generator, count: int, times: int) -> Values:
    return rng.multinomial(count, np.full(count, 1 / count), times).astype(np.float64)


def _all_but(start: int, stop: int, count: int) -> Values:
    """Every cluster once but one, a row for each that is left out."""
    taken = np.ones((stop - start, count))
    taken[np.arange(stop - start), np.arange(start, stop)] = 0
    return taken
