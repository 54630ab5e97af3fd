"""The mean of a set of scores: what a scorer's name stands for as a metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.stats.clusters import Clusters
from harness.stats.wilson import clustered_bounds
from harness.types import Estimate, Score


def mean(scores: Sequence[Score], clusters: Sequence[str], alpha: float) -> Estimate:
    """Mean of scores in [0, 1] with clustered Wilson bounds; ``clusters[i]`` is of ``scores[i]``.

    Raises ValueError for an empty set, for an unscored member, and for rows that are all one
    cluster: none of them has a mean with bounds.
    """
    if not scores:
        raise ValueError("no scores: an empty set has no mean")
    values = [score.value for score in scores if score.value is not None]
    if len(values) < len(scores):
        first = next(score for score in scores if score.value is None)
        missing = len(scores) - len(values)
        raise ValueError(f"{missing} of {len(scores)} are unscored, the first: {first.reason}")
    partition = Clusters.of(clusters)
    if partition.count == 1 < partition.n:
        raise ValueError("all scores are of one cluster: at least two are needed")
    data = np.array(values, np.float64)
    low, high = clustered_bounds(data, partition, alpha)
    return Estimate(float(data.mean()), len(values), low, high, partition.effective)
