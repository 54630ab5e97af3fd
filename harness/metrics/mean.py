"""The mean of a set of scores: what a scorer's name stands for as a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.stats.clusters import Clusters
from harness.stats.wilson import clustered_bounds
from harness.types import Estimate


def mean(
    values: Sequence[float], clusters: Sequence[str], alpha_low: float, alpha_high: float
) -> Estimate:
    """Mean of scores in [0, 1] with one-sided clustered Wilson bounds, each at its own level.

    ``clusters[i]`` is of ``values[i]``. Raises ValueError for an empty set, for a value that is
    no score (None, NaN, or outside [0, 1]), and for rows that are all one cluster: none of them
    has a mean with bounds.
    """
    if not values:
        raise ValueError("no scores: an empty set has no mean")
    for i, value in enumerate(values):
        if value is None or not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"value {i + 1} of {len(values)} is {value}, not a score in [0, 1]")
    partition = Clusters.of(clusters)
    if partition.count == 1 < partition.n:
        raise ValueError("all scores are of one cluster: at least two are needed")
    data = np.asarray(values, np.float64)
    low, high = clustered_bounds(data, partition, alpha_low, alpha_high)
    return Estimate(float(data.mean()), len(values), low, high, partition.effective)
