"""Tango's score test and interval for the difference of paired proportions.

Source: Tango, T. (1998), "Equivalence test and confidence interval for the difference in
proportions for the paired-sample design", Statistics in Medicine 17, 891–908.
Counts may be fractional: clustered data enter as (w, l, n) divided by their design effect.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit  # scipy.stats takes a second to import

_EDGE = 1e-12


def critical(alpha: float, df: float | None) -> float:
    """Upper α quantile: of the normal where ``df`` is None, else of Student's t."""
    return -float(ndtri(alpha) if df is None else stdtrit(df, alpha))


def tail(z: float, df: float | None) -> float:
    """P(Z ≥ z) under the normal (``df`` None) or Student's t."""
    return float(ndtr(-z) if df is None else stdtr(df, -z))


def score(w: float, l: float, n: float, theta: float) -> float:
    """Z of H0: Δ = θ, with w wins and l losses among n pairs; θ = 0 gives McNemar's z.

    Positive where the data lie above θ. Raises ValueError for counts that cannot be.
    """
    if n <= 0 or w < 0 or l < 0 or w + l > n * (1 + 1e-9):
        raise ValueError(f"no paired counts: w={w}, l={l}, n={n}; need 0 ≤ w + l ≤ n and n > 0")
    if theta > 0:
        return -score(l, w, n, -theta)
    gap = w - l - n * theta
    b = -w - l + (2 * n - w + l) * theta
    c = -l * theta * (1 - theta)
    q = (-b + math.sqrt(max(b * b - 8 * n * c, 0.0))) / (4 * n)
    variance = n * (2 * q + theta * (1 - theta))
    if variance <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def p_not_worse(w: float, l: float, n: float, margin: float, df: float | None = None) -> float:
    """One-sided p of H0: Δ ≤ −δ; small proves non-inferiority."""
    return tail(score(w, l, n, -margin), df)


def p_worse(w: float, l: float, n: float, df: float | None = None) -> float:
    """One-sided p of H0: Δ ≥ 0; small proves a loss."""
    return tail(-score(w, l, n, 0.0), df)


def interval(
    w: float, l: float, n: float, alpha: float, df: float | None = None
) -> tuple[float, float]:
    """Lower and upper one-sided 1−α bounds of Δ: the θ that the score test does not reject."""
    cut = critical(alpha, df)
    return _lower(w, l, n, cut), -_lower(l, w, n, cut)


def _lower(w: float, l: float, n: float, cut: float) -> float:
    start, end = -1.0 + _EDGE, (w - l) / n
    if end <= start or score(w, l, n, start) <= cut:
        return -1.0
    return float(brentq(lambda theta: score(w, l, n, theta) - cut, start, end, xtol=1e-12))
