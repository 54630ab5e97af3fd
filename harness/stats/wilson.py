"""Wilson's score bounds of a proportion, for rows in clusters.

Source: Wilson (1927), JASA 22, 209–212, on (x, n) divided by the design effect.
"""

from __future__ import annotations

import math

from .clusters import Clusters, Values
from .tango import critical, tail


def bounds(
    x: float, n: float, alpha: float, df: float | None = None, alpha_high: float | None = None
) -> tuple[float, float]:
    """Lower bound at ``alpha``, upper at ``alpha_high``, of x successes in n.

    Both are one-sided; ``alpha_high`` is ``alpha`` where it is not given. Counts may be fractional.
    """
    high = alpha if alpha_high is None else alpha_high
    return _lower(x, n, critical(alpha, df)), 1 - _lower(n - x, n, critical(high, df))


def _lower(x: float, n: float, z: float) -> float:
    # Nothing is its own bound exactly; rounding would put it outside its interval.
    if x <= 0:
        return 0.0
    p, spread = x / n, z * z / n
    half = z * math.sqrt(max(p * (1 - p), 0.0) / n + spread / (4 * n))
    return (p + spread / 2 - half) / (1 + spread)


def clustered_bounds(
    values: Values, clusters: Clusters, alpha_low: float, alpha_high: float
) -> tuple[float, float]:
    """Bounds of the mean of scores in [0, 1]; the same formula, conservative, where not binary."""
    deff = clusters.design_effect(values)
    x, n = float(values.sum()) / deff, clusters.n / deff
    return bounds(x, n, alpha_low, clusters.df, alpha_high)


def p_above(values: Values, clusters: Clusters, floor: float) -> float:
    """One-sided p of H0: p ≤ floor, by the score test that Wilson's bound inverts."""
    n = clusters.n / clusters.design_effect(values)
    gap, variance = float(values.mean()) - floor, floor * (1 - floor) / n
    if variance == 0:
        return 0.0 if gap > 0 else 1.0
    return tail(gap / math.sqrt(variance), clusters.df)
