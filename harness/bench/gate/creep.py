"""Repeated releases and repeated attempts: what one gate allows, thirty allow too.

A history has thirty candidates. A promoted one is the next baseline; a refused one was an attempt,
so the next is tested at a smaller α. Without an anchor each release may lose a margin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.stats import exact, tango
from harness.stats.spending import attempt_alpha

ROUNDS, CASES, PSI, MARGIN, ALPHA = 30, 1_000, 0.12, 0.03, 0.05
EFFECT, SPREAD = -0.005, 0.01
"""What one more round of fine-tuning does to quality: mean and standard deviation."""
ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Rules:
    """How releases are gated."""

    anchor: bool
    spending: bool
    """Whether attempts are counted."""


def below_start(rules: Rules, histories: int, rng: np.random.Generator) -> float:
    """Share of histories that end more than the margin below where they began."""
    quality = np.zeros(histories)
    attempt = np.ones(histories, dtype=np.intp)
    released = np.zeros(histories, dtype=np.bool_)
    levels = np.array([attempt_alpha(ALPHA, j) for j in range(1, ROUNDS + 1)])
    for _ in range(ROUNDS):
        effect = rng.normal(EFFECT, SPREAD, histories)
        alpha = levels[attempt - 1] if rules.spending else np.full(histories, ALPHA)
        promoted = _not_worse(rng, effect) < alpha
        if rules.anchor:  # until the first release the anchor is the baseline: one test
            promoted &= ~released | (_not_worse(rng, quality + effect) < alpha)
        released |= promoted
        quality = np.where(promoted, quality + effect, quality)
        attempt = np.where(promoted, 1, attempt + 1)
    return float(np.mean(quality < -MARGIN))


def _not_worse(rng: np.random.Generator, difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """One-sided p of "not worse by the margin" on fresh cases, at least ψ of them discordant."""
    psi = np.maximum(PSI, np.abs(difference))
    discordant = rng.binomial(CASES, psi)
    wins = rng.binomial(discordant, (psi + difference) / (2 * psi))
    p = tango.p_not_worse(wins.astype(float), (discordant - wins).astype(float), CASES, MARGIN)
    return np.asarray(p, np.float64)


def ten_attempts(n: int, psi: float, margin: float, *, spending: bool) -> float:
    """Chance that one of ten candidates, all at the boundary, is promoted: by enumeration."""
    kept = 1.0
    for j in range(1, ATTEMPTS + 1):
        alpha = attempt_alpha(ALPHA, j) if spending else ALPHA
        kept *= 1 - float(exact.size(n, margin, alpha, psi))
    return 1 - kept
