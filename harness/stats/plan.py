"""How many more cases a claim needs, by the normal approximation.

A closed formula: (z_α + z_β)²·σ²/distance², with the design effect inside σ². Exact power
is lower at few discordant pairs; a planner with exact power follows.
"""

from __future__ import annotations

import math

from .paired import Comparison
from .tango import critical

POWER = 0.8


def cases_for_not_worse(seen: Comparison, margin: float, alpha: float) -> int | None:
    """Cases needed in all to prove Δ > −margin if the truth is what was seen.

    None where more cases will hardly help: the difference seen lies below −margin/2
    (at margin 0: it is not positive).
    """
    distance = seen.difference + margin
    if distance <= 0 or (margin > 0 and seen.difference <= -margin / 2):
        return None
    z = critical(alpha, None)
    by_power = (z + critical(1 - POWER, None)) ** 2 * seen.variance / distance**2
    # With no discordant pair at all, Tango passes from here on.
    by_margin = seen.design_effect * z**2 * (1 - distance) / distance
    return math.ceil(max(by_power, by_margin)) + 1


def cases_for_level(seen: float, limit: float, design_effect: float, alpha: float) -> int | None:
    """Cases needed in all to prove that a proportion clears a limit; None where it does not."""
    if seen == limit:
        return None
    z, power = critical(alpha, None), critical(1 - POWER, None)
    root = z * math.sqrt(limit * (1 - limit)) + power * math.sqrt(seen * (1 - seen))
    return math.ceil(design_effect * (root / (seen - limit)) ** 2) + 1
