"""Tango's test made exact: its rejection regions under the trinomial distribution itself.

Under (n, ψ, Δ) the number m of discordant pairs is binomial (n, ψ), and of these the wins are
binomial (m, (ψ+Δ)/2ψ). Tango's z grows with w where m is fixed, so a region is one number for
each m, and its probability a sum over m. It grows with wins and shrinks with losses, so over
Δ ≤ θ it is largest at Δ = θ; there ψ remains, and the p-value is the largest over ψ in [|θ|, 1].

Source: the unconditional test of Barnard (1947), Biometrika 34, 123–138, ordered by the score
statistic as by Sidik (2003), Statistics in Medicine 22, 265–278.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, gammaln, xlog1py, xlogy

from . import tango
from .clusters import Values

Region = NDArray[np.int64]
"""Of each m = 0..n the least number of wins that is in the region; m + 1 where none is."""

_NEGLIGIBLE = 1e-14
_STEPS = 50
_PRECISION = 1e-7
_TIE = 1e-9
"""Two statistics that differ by less are the same."""


def rejection_region(n: int, margin: float, alpha: float) -> Region:
    """Where Tango's test at level α rejects Δ ≤ −margin, so proves "not worse"."""
    return _region(n, -margin, tango.critical(alpha, None))


def exact_region(n: int, margin: float, alpha: float) -> Region:
    """Where the exact test does: the largest region of Tango's z entered with at most α."""
    theta = -margin
    m, w = np.tril_indices(n + 1)
    z = np.unique(tango.score(w.astype(float), (m - w).astype(float), float(n), theta))
    low, high = int(np.searchsorted(z, 0.0)), len(z)
    while low < high:
        middle = (low + high) // 2
        if _largest(_region(n, theta, float(z[middle]) - _TIE), theta) <= alpha:
            high = middle
        else:
            low = middle + 1
    return _region(n, theta, float(z[low]) - _TIE if low < len(z) else math.inf)


def probability(region: Region, psi: Values | float, difference: float) -> Values:
    """Probability of a region where the truth is (ψ, difference); ψ may be an array.

    Raises ValueError where ψ is not in [|difference|, 1].
    """
    psi = np.asarray(psi, dtype=np.float64)
    if not np.all((psi >= abs(difference) - _TIE) & (psi <= 1)):
        raise ValueError(f"no such truth: ψ={psi}, Δ={difference}; need |Δ| ≤ ψ ≤ 1")
    n = len(region) - 1
    m = np.arange(n + 1)
    share = np.where(psi > 0, (psi + difference) / (2 * np.where(psi > 0, psi, 1.0)), 0.5)
    share = np.clip(share, 0.0, 1.0)[..., None]
    ways = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    mass = np.exp(ways + xlogy(m, psi[..., None]) + xlog1py(n - m, -psi[..., None]))
    won = np.ones(mass.shape)
    won[..., region > m] = 0.0
    asked = (mass > _NEGLIGIBLE) & (region > 0) & (region <= m)
    bdtrc(region - 1.0, m, share, out=won, where=asked)
    total: Values = (mass * won).sum(axis=-1)
    return total


def size(n: int, margin: float, alpha: float, psi: Values | float) -> Values:
    """Probability that Tango's test passes at Δ = −margin, the worst that it must not pass."""
    return power(n, psi, -margin, margin, alpha)


def power(n: int, psi: Values | float, difference: float, margin: float, alpha: float) -> Values:
    """Probability that Tango's test proves Δ > −margin where the truth is (ψ, difference)."""
    return probability(rejection_region(n, margin, alpha), psi, difference)


def p_not_worse(w: int, l: int, n: int, margin: float) -> float:
    """Exact one-sided p of H0: Δ ≤ −margin: the largest over ψ in [|margin|, 1].

    Takes seconds at n in the thousands.
    """
    return _p_above(w, l, n, -margin)


def lower(w: int, l: int, n: int, alpha: float) -> float:
    """Lower one-sided 1−α bound of Δ: every θ below it is rejected.

    The p-value need not grow steadily with θ, so it is the first crossing that counts. It is
    looked for from Tango's own bound at α/100 upwards. Takes seconds at n = 500.
    """
    start, _ = tango.interval(w, l, n, alpha / 100)
    end = (w - l) / n
    if start <= -1 or _p_above(w, l, n, start) >= alpha:
        start = -1.0
    for theta in np.linspace(start, end, _STEPS)[1:].tolist():
        if _p_above(w, l, n, theta) >= alpha:
            end = theta
            break
        start = theta
    while end - start > _PRECISION:
        middle = (start + end) / 2
        if _p_above(w, l, n, middle) >= alpha:
            end = middle
        else:
            start = middle
    return start


def _p_above(w: int, l: int, n: int, theta: float) -> float:
    return _largest(_region(n, theta, tango.score(w, l, n, theta) - _TIE), theta)


def _region(n: int, theta: float, cut: float) -> Region:
    """Of each m the least w with z > cut, by bisection over all m at once."""
    m = np.arange(n + 1)
    low, high = np.zeros_like(m), m + 1
    while np.any(low < high):
        w = np.minimum((low + high) // 2, m)
        above = tango.score(w.astype(float), (m - w).astype(float), float(n), theta) > cut
        high = np.where((low < high) & above, w, high)
        low = np.where((low < high) & ~above, w + 1, low)
    return high


def _largest(region: Region, theta: float) -> float:
    """Largest probability of a region over ψ in [|θ|, 1] at Δ = θ.

    On the scale of ψ = |θ| + (1−|θ|)sin²φ the probability bends over no less than 1/(2√n): a
    grid of a quarter of that, then two finer ones about its three highest points.
    """
    n = len(region) - 1

    def at(phi: Values) -> Values:
        psi = abs(theta) + (1 - abs(theta)) * np.square(np.sin(phi))
        return probability(region, np.minimum(psi, 1.0), theta)

    phi = np.linspace(0, np.pi / 2, 4 + math.ceil(4 * np.pi * math.sqrt(n)))
    step, found = phi[1], at(phi)
    for _ in range(2):
        top = phi[np.argsort(found)[-3:]]
        phi = np.clip(top[:, None] + np.linspace(-step, step, 17), 0, np.pi / 2).ravel()
        step, found = step / 8, np.maximum(at(phi), 0)
    return float(found.max())
