"""A paired comparison: the same cases, two arms, one difference with its uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from . import bounded, exact, tango
from .clusters import Clusters, Values


@dataclass(frozen=True, slots=True)
class Comparison:
    """Δ = candidate − reference with what is needed to test any margin against it."""

    difference: float
    low: float
    """Lower one-sided bound, at the level of promotion."""
    high: float
    """Upper one-sided bound, at the level of rejection."""
    n: int
    clusters: float
    """Effective number of clusters."""
    wins: int
    losses: int
    discordant: float
    """Mean squared difference: of right-or-wrong scores ψ = (w+l)/n."""
    variance: float
    """Of one difference, times the design effect: n · SE²."""
    design_effect: float
    df: float | None
    p_worse: float
    """One-sided p of H0: Δ ≥ 0."""
    method: str
    _p_above: Callable[[float], float] = field(repr=False, compare=False)
    """θ → one-sided p of H0: Δ ≤ θ."""

    def p_not_worse(self, margin: float) -> float:
        """One-sided p of H0: Δ ≤ −margin. Margin 0 asks for "better"."""
        return self._p_above(-margin)

    def times(self, factor: float) -> Comparison:
        """The same in another unit: every difference ``factor`` times as large."""
        p_above = self._p_above
        return replace(
            self,
            difference=self.difference * factor,
            low=self.low * factor,
            high=self.high * factor,
            discordant=self.discordant * factor**2,
            variance=self.variance * factor**2,
            _p_above=lambda theta: p_above(theta / factor),
        )


def compare(
    reference: Values,
    candidate: Values,
    clusters: Clusters,
    alpha: float,
    alpha_worse: float,
    *,
    exact: bool = False,
) -> Comparison:
    """Compare scores [n] in [0, 1] of two arms on the same rows.

    The lower bound is at ``alpha``, the upper at ``alpha_worse``, both one-sided. Differences
    that are all −1, 0 or 1 are decided by Tango on (w, l, n)/deff, others by the same test for
    graded differences; ``exact`` takes Tango's exact unconditional test instead. Raises
    ValueError for fewer than two clusters, for scores outside [0, 1], and for ``exact`` where
    rows are clustered or scores graded.
    """
    if clusters.count < 2:
        raise ValueError(f"{clusters.count} cluster is too few to compare on; two are the least")
    d = candidate - reference
    if not np.abs(d).max() <= 1:
        raise ValueError("a difference lies outside [−1, 1]: scores must be in [0, 1]")
    wins, losses = int((d > 0).sum()), int((d < 0).sum())
    binary = bool(np.all(d == np.sign(d)))
    deff, df = clusters.design_effect(d), clusters.df
    n = clusters.n / deff
    if exact:
        if not binary or df is not None:
            found = "graded scores" if not binary else "clustered rows"
            raise ValueError(
                f"the exact test is for right-or-wrong scores of rows that are each "
                f"their own cluster, not for {found}"
            )
        test = _exact(wins, losses, clusters.n, alpha, alpha_worse)
    elif binary:
        test = _counts(wins / deff, losses / deff, n, df, alpha, alpha_worse)
    else:
        test = _graded(d, n, df, alpha, alpha_worse)
    return Comparison(
        difference=float(d.mean()),
        low=test.low,
        high=test.high,
        n=clusters.n,
        clusters=clusters.effective,
        wins=wins,
        losses=losses,
        discordant=float(np.square(d).mean()),
        variance=float(d.var()) * deff,
        design_effect=deff,
        df=df,
        p_worse=test.p_worse,
        method=test.method if df is None else f"clustered {test.method}",
        _p_above=test.p_above,
    )


@dataclass(frozen=True, slots=True)
class _Test:
    method: str
    low: float
    high: float
    p_worse: float
    p_above: Callable[[float], float]


def _counts(
    w: float, l: float, n: float, df: float | None, alpha: float, alpha_worse: float
) -> _Test:
    low, high = tango.interval(w, l, n, alpha, df, alpha_worse)
    return _Test(
        "Tango",
        low,
        high,
        tango.p_worse(w, l, n, df),
        lambda theta: tango.p_not_worse(w, l, n, -theta, df),
    )


def _exact(w: int, l: int, n: int, alpha: float, alpha_worse: float) -> _Test:
    return _Test(
        "exact Tango",
        exact.lower(w, l, n, alpha),
        -exact.lower(l, w, n, alpha_worse),
        exact.p_not_worse(l, w, n, 0.0),
        lambda theta: exact.p_not_worse(w, l, n, -theta),
    )


def _graded(d: Values, n: float, df: float | None, alpha: float, alpha_worse: float) -> _Test:
    return _Test(
        "graded Tango",
        bounded.lower(d, n, tango.critical(alpha, df)),
        -bounded.lower(-d, n, tango.critical(alpha_worse, df)),
        tango.tail(bounded.score(-d, n, 0.0), df),
        lambda theta: tango.tail(bounded.score(d, n, theta), df),
    )
