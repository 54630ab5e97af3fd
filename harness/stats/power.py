"""How many cases a claim needs, and what the cases at hand can prove: exact power of Tango's test.

Power is a sum over the number m of discordant pairs, binomial (n, ψ), and over the wins among
them, binomial (m, (ψ+Δ)/2ψ), as in ``exact``; here for many n at once, and for n that is a
number of rows divided by their design effect. The closed formula (z_α+z_β)²·σ²/distance² only
starts the search: where pairs rarely differ its exact power is far from what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammaln, xlog1py, xlogy

from .clusters import ICC_FLOOR, Clusters, Values
from .paired import Comparison
from .tango import critical, tail
from .wilson import bounds

POWER = 0.8
PILOT_LEVEL = 0.2
"""One-sided level of a pilot's bound of ψ: in four plans of five the power is at least as planned.

Browne (1995), Statistics in Medicine 14, 1933–1940.
"""

_REACH = 5.5
"""Standard deviations of m beyond which its probability does not count (below 1e-7)."""
_NEWTON_STEPS = 60
_MANY = 10_000_000
"""Cases beyond which no plan is worth making."""
_BLOCK = 64
"""Values of n for which power is computed at once."""


_LEAST_LEVEL = 1e-300
"""Two clusters ask for more than double precision can say."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How rows come in clusters; a larger sample has more clusters of the same sizes."""

    design_effect: float = 1.0
    rows_per_cluster: float | None = None
    """Mean; None where rows are independent, and z takes the place of t."""

    @classmethod
    def of(cls, clusters: Clusters) -> Sampling:
        """As in these clusters, with the assumed design effect."""
        if clusters.df is None:
            return cls()
        return cls(cls.floor(clusters.typical_size), clusters.n / clusters.count)

    @staticmethod
    def floor(typical_size: float) -> float:
        """The assumed design effect: 1 + (K−1)·0.3, K = Σm²/n."""
        return 1 + (typical_size - 1) * ICC_FLOOR

    def level(self, n: float, alpha: float) -> float:
        """The level at which z is as demanding as t(G−1) at ``alpha`` with n rows."""
        if self.rows_per_cluster is None:
            return alpha
        level = tail(critical(alpha, max(1.0, n / self.rows_per_cluster - 1)), None)
        return max(level, _LEAST_LEVEL)


INDEPENDENT = Sampling()


def power(
    n: float,
    psi: float,
    difference: float,
    margin: float,
    alpha: float,
    sampling: Sampling = INDEPENDENT,
) -> float:
    """Probability of proving Δ > −margin with n rows, where the truth is (ψ, difference).

    Margin 0 is the claim "better", and, with the arms swapped, the test for a loss. Raises
    ValueError where ψ is not in [|difference|, 1].
    """
    rows = np.array([n / sampling.design_effect])
    return float(powers(rows, psi, difference, margin, sampling.level(n, alpha))[0])


def powers(n: Values, psi: float, difference: float, margin: float, alpha: float) -> Values:
    """The same for many numbers [k] of independent rows, whole or not."""
    if not abs(difference) <= psi <= 1:
        raise ValueError(f"no such truth: ψ={psi}, Δ={difference}; need |Δ| ≤ ψ ≤ 1")
    n = np.asarray(n, dtype=np.float64)[:, None]
    spread = math.ceil(_REACH * math.sqrt(n.max() * psi * (1 - psi))) + 8
    m: Values = np.floor(n * psi) + np.arange(-spread, spread + 1)
    possible = (m >= 0) & (m <= n)
    m = np.clip(m, 0.0, np.floor(n))
    ways = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    # With every pair discordant, n that is no whole number has the pairs that it can have.
    other = min(psi, 1 - 1e-12)
    mass = np.where(possible, np.exp(ways + xlogy(m, psi) + xlog1py(n - m, -other)), 0.0)
    needed = np.floor((m + _least_gap(m, n, margin, critical(alpha, None)) - n * margin) / 2) + 1
    share = (psi + difference) / (2 * psi) if psi else 0.5
    won = np.where(needed <= 0, 1.0, 0.0)
    asked = (needed > 0) & (needed <= m)
    betainc(needed, m - needed + 1, share, out=won, where=asked)  # wins ≥ needed
    total: Values = (mass * won).sum(axis=1) / mass.sum(axis=1)
    return total


def _least_gap(m: Values, n: Values, margin: float, cut: float) -> Values:
    """The g + nδ at which Tango's z is ``cut``, for m discordant pairs; above it z is larger.

    Squared, z = c is x³ + δc²x² − (m−nδ²)c²x − nδ(1−δ²)c⁴ = 0, which has one root above 0;
    Newton's steps come down to it from above.
    """
    if margin == 0:
        at_zero: Values = cut * np.sqrt(m)
        return at_zero
    square, rest = cut * cut, m - n * margin**2
    constant = n * margin * (1 - margin**2) * square * square
    x = np.maximum(cut * np.sqrt(np.maximum(rest, 0.0)) + np.cbrt(constant), 1e-9)
    for _ in range(_NEWTON_STEPS):
        value = ((x + margin * square) * x - rest * square) * x - constant
        step = value / ((3 * x + 2 * margin * square) * x - rest * square)
        x = x - step
        if np.all(np.abs(step) <= 1e-12 * x):
            break
    return x


def cases(
    psi: float,
    difference: float,
    margin: float,
    alpha: float,
    target: float = POWER,
    sampling: Sampling = INDEPENDENT,
) -> int | None:
    """The smallest number of cases from which on power is at least ``target``.

    Power rises in teeth, so all larger n are meant. None where more cases will hardly help: half
    of the margin is lost already (at margin 0: nothing is won).
    """
    if difference + margin <= 0 or (margin > 0 and difference <= -margin / 2):
        return None
    distance = difference + margin
    # With no discordant pair at all, Tango passes from here on.
    least = critical(alpha, None) ** 2 * (1 - distance) / distance
    start = max(normal_cases(psi - difference**2, distance, alpha, target), least, 2.0)
    level = sampling.level(start * sampling.design_effect, alpha)
    found = _smallest(psi, difference, margin, level, target, start)
    return None if found is None else math.ceil(found * sampling.design_effect)


def _smallest(
    psi: float, difference: float, margin: float, alpha: float, target: float, start: float
) -> int | None:
    """``cases`` of independent rows: bracketed, halved, then looked through tooth by tooth."""

    def enough(n: int) -> bool:
        return bool(powers(np.array([float(n)]), psi, difference, margin, alpha)[0] >= target)

    low, high = 1, math.ceil(start)
    while not enough(high):
        low, high = high, math.ceil(high * 1.25)
        if high > _MANY:
            return None
    # Teeth are as wide as a margin of one case, and blunter the more pairs differ.
    tooth = math.ceil(1 / margin / max(1.0, high * psi / 100)) if margin else 1
    while high - low > max(8, tooth // 8):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    failed, at = low, low + 1
    while at <= (end := max(failed, high) + tooth):
        n = np.arange(at, min(at + _BLOCK, end + 1), dtype=np.float64)
        short = n[powers(n, psi, difference, margin, alpha) < target]
        failed = int(short[-1]) if len(short) else failed
        at += len(n)
    return failed + 1


def normal_cases(variance: float, distance: float, alpha: float, target: float = POWER) -> float:
    """(z_α+z_β)²·σ²/distance², unrounded: cases by the normal approximation.

    With α halved and σ² = ω² + σ_A²/K_A + σ_B²/K_B (variance of the true differences, and of K
    answers to a case around their mean) it is Miller (2024), Adding Error Bars to Evals, (9).
    """
    z = critical(alpha, None) + critical(1 - target, None)
    return z * z * variance / distance**2


def psi_bound(share: float, n: int, design_effect: float = 1.0) -> float:
    """Upper bound of ψ, from a pilot of n rows in which this share of pairs was discordant.

    Of graded scores the mean squared difference takes its place.
    """
    rows = n / design_effect
    return bounds(share * rows, rows, PILOT_LEVEL)[1]


def certifiable_margin(
    n: int, psi: float, alpha: float, sampling: Sampling = INDEPENDENT, target: float = POWER
) -> float:
    """The smallest margin that an identical adapter would pass with this power.

    1 where there is none.
    """

    def excess(margin: float) -> float:
        return power(n, psi, 0.0, margin, alpha, sampling) - target

    return _root(excess)


def detectable_loss(
    n: int, psi: float, alpha: float, sampling: Sampling = INDEPENDENT, target: float = POWER
) -> float | None:
    """The smallest loss that the one-sided test for Δ < 0 finds with this power.

    ψ is as given, or the loss where that is larger; None where not even a loss of every case
    would be found.
    """

    def excess(loss: float) -> float:
        return power(n, max(psi, loss), loss, 0.0, alpha, sampling) - target

    return None if excess(1.0) < 0 else _root(excess)


def _root(excess: Callable[[float], float]) -> float:
    """Where a growing step function on [0, 1] comes above 0, to four decimals, rounded up."""
    low, high = 0, 10_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if excess(middle / 10_000) >= 0 else (middle, high)
    return high / 10_000


def cases_in_same_clusters(needed: float, clusters: int, icc: float = ICC_FLOOR) -> int | None:
    """Cases as good as ``needed`` independent ones where no cluster can be added.

    However many rows they have, G clusters are worth less than G/ICC; None from there on.
    """
    if needed * icc >= clusters:
        return None
    rows = needed * (1 - icc) / (clusters - needed * icc)
    return math.ceil(max(1.0, rows) * clusters)


def cases_for_not_worse(
    seen: Comparison, margin: float, alpha: float, target: float = POWER
) -> int | None:
    """Cases needed in all to prove Δ > −margin if the truth is what was seen.

    Graded differences count as wins and losses with as large a mean square, which asks for a few
    more than they need. None where more cases will hardly help, as in ``cases``.
    """
    per_cluster = None if seen.df is None else seen.n / (seen.df + 1)
    sampling = Sampling(seen.design_effect, per_cluster)
    psi = max(seen.discordant, abs(seen.difference))
    return cases(psi, seen.difference, margin, alpha, target, sampling)


def cases_for_level(seen: float, limit: float, design_effect: float, alpha: float) -> int | None:
    """Cases needed in all to prove that a proportion clears a limit; None where it does not."""
    if seen == limit:
        return None
    z, power = critical(alpha, None), critical(1 - POWER, None)
    root = z * math.sqrt(limit * (1 - limit)) + power * math.sqrt(seen * (1 - seen))
    return math.ceil(design_effect * (root / (seen - limit)) ** 2) + 1
