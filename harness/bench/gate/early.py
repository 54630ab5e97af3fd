"""Sequential looks: cases saved, and what they cost in errors and power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.gate.looks import LOOKS
from harness.stats import exact, sequential, tango

Counts = NDArray[np.float64]

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of a number of candidates with the same truth."""

    promoted: float
    cases: float
    """Mean cases seen, as a share of the fixed sample's."""
    cases_error: float
    """Monte Carlo standard error of ``cases``."""
    draws: int


def ends(n: int) -> list[int]:
    """Cases known at each look at n unclustered ones."""
    return [round(n * k / LOOKS) for k in range(1, LOOKS + 1)]


def simulate(
    n: int, psi: float, difference: float, margin: float, draws: int, rng: np.random.Generator
) -> Looked:
    """Candidates that are looked at four times, by the rule of ``gate.looks``."""
    upto = ends(n)
    shares = [(psi + difference) / 2, (psi - difference) / 2, 1 - psi]
    fresh = [rng.multinomial(new, shares, draws) for new in np.diff([0, *upto])]
    counts = np.cumsum(fresh, axis=0).astype(np.float64)
    look, promoted = stopped(counts[..., 0], counts[..., 1], upto, margin)
    seen = np.array(upto)[look] / n
    error = float(seen.std()) / math.sqrt(draws)
    return Looked(float(promoted.mean()), float(seen.mean()), error, draws)


def stopped(
    wins: Counts, losses: Counts, upto: Sequence[int], margin: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Of counts so far [looks, draws]: the look at which each draw stops, and whether it passes.

    A check stops where it passes, where a loss is proven, and where going on is futile.
    """
    information = [end / upto[-1] for end in upto]
    levels = np.array(sequential.nominal(ALPHA, information))[:, None]
    futile = np.array(sequential.futility(ALPHA, information))[:, None]
    n = np.array(upto, np.float64)[:, None]
    p = tango.p_not_worse(wins, losses, n, margin)
    passes = p < levels
    stops = passes | (tango.p_worse(wins, losses, n) < levels) | (-ndtri(p) < futile)
    stops[-1] = True
    look = np.argmax(stops, axis=0)
    return look, np.take_along_axis(passes, look[None], axis=0)[0]


def fixed_power(n: int, psi: float, difference: float, margin: float) -> float:
    """Of the same test at the end, without looks."""
    return float(exact.power(n, psi, difference, margin, ALPHA))
