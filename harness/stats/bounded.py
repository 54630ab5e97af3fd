"""The score test for a mean of differences in [−1, 1]: Tango's test where they are graded.

H0: mean = θ. Of all distributions on [−1, 1] with mean θ, the one under which the data are
likeliest gives a difference d_i the weight 1/(n(1+λu_i)) with u_i = d_i − θ, and what is left of 1
to the worst value −1, whether or not it was seen. λ ≥ 0 solves Σ u_i/(1+λu_i) = 0, or is
1/(1+θ) where that sum stays positive. The variance of u under it is (d̄−θ)/λ, so the score
statistic is z² = n·λ·(d̄−θ). Where every d is −1, 0 or 1 this is Tango's z; where every d is 0,
his rule for no discordant pair; where d is spread like a normal, the t test.
See docs/adr/0007-graded-scores-lose-as-far-as-they-can.md for what a t test does instead.

Sources: Honda and Takemura (2010), COLT, 67–79, for the likeliest distribution on a
bounded support; Owen (2001), Empirical Likelihood, for score statistics under it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .clusters import Values
from .roots import root

_EDGE = 1e-12


def score(d: Values, n: float, theta: float) -> float:
    """Z of H0: mean = θ; ``n`` is the number of rows of d, or as many as they are worth.

    Positive where the data lie above θ, −1 < θ < 1.
    """
    gap = float(d.mean()) - theta
    if gap < 0:
        return -score(-d, n, -theta)
    u, worst = d - theta, 1 / (1 + theta)
    least = float(u.min())

    def slope(lam: float) -> float:
        return float((u / (1 + lam * u)).mean()) * (1 + lam * least)

    end = worst * (1 - _EDGE)
    lam = worst if gap == 0 or slope(end) >= 0 else root(slope, 0.0, end, xtol=_EDGE)
    return math.sqrt(n * lam * gap)


def exceeds(d: Values, n: Values | float, theta: float, cut: Values | float) -> NDArray[np.bool_]:
    """Whether z > cut > 0, for many draws d [..., rows] at once: whether ``lower`` is above θ.

    ``n`` and ``cut`` are [...] or scalars.
    """
    c = np.square(cut) / n
    mean = d.mean(axis=-1)
    room = np.asarray(mean - c - (1 + c) * theta)
    above = np.array(room > 0)  # the others fail already, and would divide by nothing
    cuts = np.broadcast_to(c, above.shape)
    above[above] = _excess(d[above], room[above], cuts[above], theta) > 0
    return above


def lower(d: Values, n: float, cut: float) -> float:
    """The θ at which z = cut > 0: the lower confidence bound of the mean."""
    c, mean = cut * cut / n, float(d.mean())
    end = (mean - c) / (1 + c)
    if end <= -1 + _EDGE:
        return -1.0
    least = 1 + float(d.min())

    def excess(theta: float) -> float:
        room = mean - c - (1 + c) * theta
        return float(_excess(d, np.asarray(room), np.asarray(c), theta)) * (room + c * least)

    if excess(end - _EDGE) >= 0:
        return end
    return root(excess, -1.0, end - _EDGE, xtol=_EDGE)


def _excess(d: Values, room: Values, c: Values, theta: float) -> Values:
    """Mean of u/(1+λu) where λ is the one that puts z on the cut: c/(d̄−θ), c = cut²/n.

    Times a positive factor; ``room`` is d̄ − c − (1+c)θ, above 0 where that λ is allowed.
    """
    result: Values = ((d - theta) / (room[..., None] + c[..., None] * (1 + d))).mean(axis=-1)
    return result
