"""Cluster bootstrap with BCa limits, for metrics of a whole corpus (macro-F1, BLEU).

Source: Efron (1987), "Better bootstrap confidence intervals", JASA 82, 171–185; clusters are
resampled whole, and the acceleration is from leaving out a cluster at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from .clusters import Clusters, Values

LEAST_ROWS = 200
DRAWS = 2000

Metric = Callable[[NDArray[np.intp]], float]
"""Indices of rows, which may repeat → the metric on those rows."""


def interval(
    metric: Metric,
    clusters: Clusters,
    alpha: float,
    rng: np.random.Generator,
    alpha_high: float | None = None,
    draws: int = DRAWS,
) -> tuple[float, float]:
    """Lower bound at ``alpha``, upper at ``alpha_high`` (else ``alpha``), one-sided.

    For a paired difference the metric is that of one arm less that of the other, on the same
    rows. Raises ValueError for fewer than 200 rows or two clusters, for a metric that is not
    finite, and for one that no resample moves: that is no proof that it is certain.
    """
    if clusters.n < LEAST_ROWS:
        raise ValueError(f"{clusters.n} rows are too few to resample; {LEAST_ROWS} are the least")
    if clusters.count < 2:
        raise ValueError(f"{clusters.count} cluster is too few to resample; two are the least")
    count = clusters.count
    ends = np.cumsum(clusters.sizes).astype(np.intp)
    members = np.split(np.argsort(clusters.index, kind="stable"), ends[:-1])

    def on(chosen: NDArray[np.int64]) -> float:
        return metric(np.concatenate([members[c] for c in chosen]))

    everything = np.arange(count)
    seen = on(everything)
    resampled = np.array([on(rng.integers(0, count, count)) for _ in range(draws)])
    without = np.array([on(np.delete(everything, c)) for c in everything])
    if not np.isfinite([seen, *resampled, *without]).all():
        raise ValueError("the metric is not finite on every resample: it has no bootstrap interval")
    if np.all(resampled == seen):
        raise ValueError(f"every resample gives {seen}: a bootstrap says nothing of its certainty")
    levels = alpha, 1 - (alpha if alpha_high is None else alpha_high)
    low, high = (_limit(resampled, seen, without, level) for level in levels)
    return low, high


def _limit(resampled: Values, seen: float, without: Values, level: float) -> float:
    """The quantile of the resampled metrics, corrected for bias and for a changing spread."""
    bias = ndtri((np.mean(resampled < seen) + np.mean(resampled <= seen)) / 2)
    pull = without.mean() - without
    spread = np.square(pull).sum() ** 1.5
    acceleration = (pull**3).sum() / (6 * spread) if spread > 0 else 0.0
    z = bias + ndtri(level)
    return float(np.quantile(resampled, ndtr(bias + z / (1 - acceleration * z))))
