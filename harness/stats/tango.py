"""Tango's score test and interval for the difference of paired proportions.

Source: Tango, T. (1998), "Equivalence test and confidence interval for the difference in
proportions for the paired-sample design", Statistics in Medicine 17, 891–908.
Counts may be fractional: clustered data enter as (w, l, n) divided by their design effect.
Arguments broadcast as numpy arrays do; scalars give floats.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit  # scipy.stats takes a second to import

from .clusters import Values
from .roots import root

X = TypeVar("X", float, Values)


def critical(alpha: X, df: float | Values | None) -> X:
    """Upper α quantile: of the normal where ``df`` is None, else of Student's t."""
    return plain(alpha, -(ndtri(alpha) if df is None else stdtrit(df, alpha)))


def tail(z: X, df: float | Values | None) -> X:
    """P(Z ≥ z) under the normal (``df`` None) or Student's t."""
    return plain(z, ndtr(-z) if df is None else stdtr(df, -z))


def plain(argument: X, result: Any) -> X:
    """The result for an argument: a Python float where numpy has no more than one number."""
    return cast(X, result if np.ndim(result) else float(result))


def score(w: X, l: X, n: X | float, theta: X | float) -> X:
    """Z of H0: Δ = θ, with w wins and l losses among n pairs; θ = 0 gives McNemar's z.

    Tango's estimate of the nuisance parameter is put into his z, which leaves it symmetric in
    the arms: with m = w + l and g = w − l it is (g − nθ)/√v, where
    2v = m + gθ − 2nθ² + √(m² − 2g(2n−m)θ + (4n(n−m) + g²)θ²).
    Positive where the data lie above θ. Raises ValueError for counts that cannot be.
    """
    if not np.all((n > 0) & (w >= 0) & (l >= 0) & (w + l <= n * (1 + 1e-9))):
        raise ValueError(f"no paired counts: w={w}, l={l}, n={n}; need 0 ≤ w + l ≤ n and n > 0")
    m, g = w + l, w - l
    root = m * m - 2 * g * (2 * n - m) * theta + (4 * n * (n - m) + g * g) * theta * theta
    v = (m + g * theta - 2 * n * theta * theta + np.sqrt(np.maximum(root, 0.0))) / 2
    gap = g - n * theta
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(w, np.where(gap == 0, 0.0, gap / np.sqrt(np.maximum(v, 0.0))))


def p_not_worse(w: X, l: X, n: X | float, margin: X | float, df: float | Values | None = None) -> X:
    """One-sided p of H0: Δ ≤ −δ; small proves non-inferiority."""
    return tail(score(w, l, n, -margin), df)


def p_worse(w: X, l: X, n: X | float, df: float | Values | None = None) -> X:
    """One-sided p of H0: Δ ≥ 0; small proves a loss."""
    return tail(-score(w, l, n, 0.0), df)


def interval(
    w: float,
    l: float,
    n: float,
    alpha: float,
    df: float | None = None,
    alpha_high: float | None = None,
) -> tuple[float, float]:
    """The θ that the score test does not reject: lower bound at ``alpha``, upper at ``alpha_high``.

    Both are one-sided, below .5; ``alpha_high`` is ``alpha`` where it is not given.
    """
    high = alpha if alpha_high is None else alpha_high
    return _lower(w, l, n, critical(alpha, df)), -_lower(l, w, n, critical(high, df))


def _lower(w: float, l: float, n: float, cut: float) -> float:
    """The root of z(θ) = cut: that of the rational function in ``bounded``, here a cubic."""
    c, mean, ties = cut * cut / n, (w - l) / n, n - w - l

    def without_losses(theta: float) -> float:
        room = mean - (1 + c) * theta
        return w * (1 - theta) * room - ties * theta * (room + c)

    def excess(theta: float) -> float:
        room = mean - (1 + c) * theta
        return (room - c) * without_losses(theta) - l * (1 + theta) * (room + c) * room

    end = (mean - c) / (1 + c)
    if end <= -1:
        return -1.0
    if not l and without_losses(end) >= 0:
        return end
    return root(excess if l else without_losses, -1.0, end, xtol=1e-12)
