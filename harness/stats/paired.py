"""A paired comparison: the same cases, two arms, one difference with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from . import tango
from .clusters import ICC_FLOOR, Clusters, Values


@dataclass(frozen=True, slots=True)
class Comparison:
    """Δ = candidate − reference with what is needed to test any margin against it."""

    difference: float
    low: float
    high: float
    """One-sided 1−α bounds."""
    n: int
    clusters: float
    """Effective number of clusters."""
    wins: int
    losses: int
    variance: float
    """Of one difference, times the design effect: n · SE²."""
    design_effect: float
    df: float | None
    p_worse: float
    method: str
    _counts: tuple[float, float, float] | None
    """(w, l, n)/deff where Tango decides; None where t does."""
    _centre: float = 0.0
    """What the counts are relative to: 0, or the value that all differences share."""

    def p_not_worse(self, margin: float) -> float:
        """One-sided p of H0: Δ ≤ −margin. Margin 0 asks for "better"."""
        if self._counts is not None:
            return tango.tail(tango.score(*self._counts, -margin - self._centre), self.df)
        se = math.sqrt(self.variance / self.n)
        return tango.tail((self.difference + margin) / se, self.df or self.n - 1)


def compare(
    reference: Values, candidate: Values, clusters: Clusters, alpha: float, *, binary: bool
) -> Comparison:
    """Compare scores [n] of two arms on the same rows.

    Binary scores by Tango on (w, l, n)/deff; others by the clustered paired t; where all
    differences are equal, by Tango with no discordant pair around that difference, never by a
    standard error of 0. Raises ValueError for fewer than two clusters.
    """
    if clusters.count < 2:
        raise ValueError(f"{clusters.count} cluster is too few to compare on; two are the least")
    d = candidate - reference
    constant = bool(np.all(d == d[0]))
    if binary:
        return _by_counts(d, clusters, alpha)
    return _around_constant(d, clusters, alpha) if constant else _by_t(d, clusters, alpha)


def _by_counts(d: Values, clusters: Clusters, alpha: float) -> Comparison:
    wins, losses = int((d > 0).sum()), int((d < 0).sum())
    deff = clusters.design_effect(d)
    counts = (wins / deff, losses / deff, clusters.n / deff)
    low, high = tango.interval(*counts, alpha, clusters.df)
    return Comparison(
        difference=float(d.mean()),
        low=low,
        high=high,
        n=clusters.n,
        clusters=clusters.effective,
        wins=wins,
        losses=losses,
        variance=float(d.var()) * deff,
        design_effect=deff,
        df=clusters.df,
        p_worse=tango.p_worse(*counts, clusters.df),
        method="Tango" if clusters.df is None else "clustered Tango",
        _counts=counts,
    )


def _around_constant(d: Values, clusters: Clusters, alpha: float) -> Comparison:
    deff, centre = clusters.design_effect(d), float(d[0])
    counts = (0.0, 0.0, clusters.n / deff)
    low, high = tango.interval(*counts, alpha, clusters.df)
    return Comparison(
        difference=centre,
        low=max(-1.0, centre + low),
        high=min(1.0, centre + high),
        n=clusters.n,
        clusters=clusters.effective,
        wins=clusters.n if centre > 0 else 0,
        losses=clusters.n if centre < 0 else 0,
        variance=0.0,
        design_effect=deff,
        df=clusters.df,
        p_worse=tango.tail(-tango.score(*counts, -centre), clusters.df),
        method="Tango, all differences equal",
        _counts=counts,
        _centre=centre,
    )


def _by_t(d: Values, clusters: Clusters, alpha: float) -> Comparison:
    independent = float(d.var(ddof=1)) / clusters.n
    floor = independent * (1 + (clusters.typical_size - 1) * ICC_FLOOR)
    se2 = max(clusters.robust_variance(d), floor)
    mean, df = float(d.mean()), clusters.count - 1
    half = tango.critical(alpha, df) * math.sqrt(se2)
    return Comparison(
        difference=mean,
        low=mean - half,
        high=mean + half,
        n=clusters.n,
        clusters=clusters.effective,
        wins=int((d > 0).sum()),
        losses=int((d < 0).sum()),
        variance=se2 * clusters.n,
        design_effect=se2 / independent,
        df=df,
        p_worse=tango.tail(-mean / math.sqrt(se2), df),
        method="paired t" if clusters.df is None else "clustered paired t",
        _counts=None,
    )
