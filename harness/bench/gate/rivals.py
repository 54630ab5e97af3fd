"""Rules that other tools gate by, and their rates of error by enumeration of all outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln, ndtri, xlogy

Counts = NDArray[np.float64]
Rule = Callable[[Counts, Counts, int, float], NDArray[np.bool_]]
"""(wins, losses, n, margin) → whether it promotes."""

ALPHA = 0.05
EPSILON = 0.02
NEGLIGIBLE = 1e-14
"""Numbers of discordant pairs rarer than this are left out of an enumeration."""


def at_least(w: Counts, l: Counts, n: int, margin: float) -> NDArray[np.bool_]:
    """Delta ≥ −2pp: the point estimate alone."""
    return np.asarray(w - l >= -EPSILON * n - 1e-9)


def not_lower(w: Counts, l: Counts, n: int, margin: float) -> NDArray[np.bool_]:
    """Delta ≥ 0."""
    return np.asarray(w >= l)


def not_significantly_worse(w: Counts, l: Counts, n: int, margin: float) -> NDArray[np.bool_]:
    """One-sided exact McNemar finds no loss."""
    return np.asarray(_at_most(w, w + l) > ALPHA)


def no_significant_difference(w: Counts, l: Counts, n: int, margin: float) -> NDArray[np.bool_]:
    """Two-sided exact McNemar finds no difference, or a gain."""
    return np.asarray((2 * _at_most(np.minimum(w, l), w + l) > ALPHA) | (w > l))


def significantly_better(w: Counts, l: Counts, n: int, margin: float) -> NDArray[np.bool_]:
    """One-sided exact McNemar finds a gain."""
    return np.asarray(_at_most(l, w + l) <= ALPHA)


def wald(w: Counts, l: Counts, n: int, margin: float) -> NDArray[np.bool_]:
    """The lower Wald bound clears the margin; without a discordant pair its width is 0."""
    gap = (w - l) / n
    se = np.sqrt(np.maximum((w + l) / n - gap**2, 0) / n)
    return np.asarray(gap + ndtri(ALPHA) * se > -margin)


def _at_most(k: Counts, m: Counts) -> Counts:
    """P(X ≤ k) of a fair coin thrown m times."""
    return np.asarray(bdtr(k, m.astype(np.intp), 0.5), np.float64)


RIVALS: Mapping[str, Rule] = {
    "delta ≥ −2pp": at_least,
    "delta ≥ 0": not_lower,
    "one-sided exact McNemar not significant": not_significantly_worse,
    "two-sided exact McNemar not significant": no_significant_difference,
    "Wald bound above the margin": wald,
    "significantly better": significantly_better,
}


def chance(rule: Rule, n: int, psi: float, difference: float, margin: float) -> float:
    """Probability that the rule promotes, for n independent pairs: a sum over all outcomes.

    Raises ValueError where no population is like that.
    """
    if not abs(difference) <= psi <= 1:
        raise ValueError(f"no pairs with ψ={psi} and Δ={difference}; need |Δ| ≤ ψ ≤ 1")
    m = np.arange(n + 1.0)
    discordant = np.exp(_log_binomial(m, n, psi))
    kept = m[discordant > NEGLIGIBLE]
    w = np.arange(kept[-1] + 1)[None, :]
    l = kept[:, None] - w
    possible = l >= 0
    l = np.where(possible, l, 0.0)
    up = (psi + difference) / (2 * psi)
    wins = np.exp(_log_binomial(np.minimum(w, kept[:, None]), kept[:, None], up))
    promoted = np.where(possible & rule(w + 0 * l, l, n, margin), wins, 0.0).sum(axis=1)
    return float(promoted @ discordant[discordant > NEGLIGIBLE])


def _log_binomial(k: Counts, n: Counts | float, p: float) -> Counts:
    ways = gammaln(n + 1.0) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(ways + xlogy(k, p) + xlogy(n - k, 1 - p), np.float64)
