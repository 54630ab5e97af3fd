"""Metrics of a whole corpus, compared: a function of summed parts, resampled by clusters."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .bootstrap import Resampled, resample
from .clusters import Clusters, Values
from .paired import Comparison
from .power import POWER
from .tango import critical

Combine = Callable[[Values], Values]
"""Sums [..., D] → the metric [...]."""


def corpus_level(
    parts: Values, combine: Combine, clusters: Clusters, rng: np.random.Generator
) -> Resampled:
    """One arm's metric; ``parts`` [G, D] are summed by cluster. ValueError as ``resample``'s."""
    return resample(lambda taken: combine(taken @ parts), clusters, rng)


def compare_corpora(
    reference: Values,
    candidate: Values,
    combine: Combine,
    differences: Values,
    clusters: Clusters,
    alpha: float,
    alpha_worse: float,
    rng: np.random.Generator,
) -> Comparison:
    """Compare the metric of two arms on the same rows; parts [G, D] are summed by cluster.

    The lower bound is at ``alpha``, the upper at ``alpha_worse``, both one-sided.
    ``differences`` [n] of the rows' own scores are counted as wins and losses; they decide
    nothing. ValueError as ``resample``'s.
    """
    found = resample(
        lambda taken: combine(taken @ candidate) - combine(taken @ reference), clusters, rng
    )
    variance = float(found.draws.var()) * clusters.n
    return Comparison(
        difference=found.seen,
        low=found.limit(alpha),
        high=found.limit(1 - alpha_worse),
        n=clusters.n,
        clusters=clusters.effective,
        wins=int((differences > 0).sum()),
        losses=int((differences < 0).sum()),
        discordant=variance,
        variance=variance,
        design_effect=1.0,
        df=clusters.df,
        p_worse=found.p_below(0.0),
        method="BCa bootstrap" if clusters.df is None else "cluster BCa bootstrap",
        _p_above=found.p_above,
    )


def cases_for_distance(variance: float, distance: float, alpha: float) -> int | None:
    """Cases needed in all to prove a distance from a limit, by (z_α + z_β)² · σ² / distance².

    ``variance`` is n · SE². None where the truth, if it is what was seen, misses the limit.
    """
    if distance <= 0:
        return None
    z = critical(alpha, None) + critical(1 - POWER, None)
    return math.ceil(variance * (z / distance) ** 2)
