"""Wilson's score bounds of a proportion, for rows in clusters.

Source: Wilson (1927), JASA 22, 209–212, on (x, n) divided by the design effect.
"""

from __future__ import annotations

import math

from .clusters import Clusters, Values
from .tango import critical, tail


def bounds(x: float, n: float, alpha: float, df: float | None = None) -> tuple[float, float]:
    """Lower and upper one-sided 1−α bounds of x successes in n (both may be fractional)."""
    z = critical(alpha, df)
    p, spread = x / n, z * z / n
    centre = p + spread / 2
    half = z * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    # All or nothing is its own bound exactly; rounding would put it outside its interval.
    low = 0.0 if x <= 0 else (centre - half) / (1 + spread)
    high = 1.0 if x >= n else (centre + half) / (1 + spread)
    return low, high


def clustered_bounds(values: Values, clusters: Clusters, alpha: float) -> tuple[float, float]:
    """Bounds of the mean of scores in [0, 1]; the same formula, conservative, where not binary."""
    deff = clusters.design_effect(values)
    return bounds(float(values.sum()) / deff, clusters.n / deff, alpha, clusters.df)


def p_above(values: Values, clusters: Clusters, floor: float) -> float:
    """One-sided p of H0: p ≤ floor, by the score test that Wilson's bound inverts."""
    n = clusters.n / clusters.design_effect(values)
    gap, variance = float(values.mean()) - floor, floor * (1 - floor) / n
    if variance == 0:
        return 0.0 if gap > 0 else 1.0
    return tail(gap / math.sqrt(variance), clusters.df)
