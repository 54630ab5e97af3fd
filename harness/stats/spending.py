"""How much of alpha the j-th attempt against one baseline may use.

The shares 6/(π²·j²) sum to 1 over all j ≥ 1 (Euler), so however many attempts there are, all of
them together promote no worse candidate more often than alpha.
"""

from __future__ import annotations

import math


def attempt_alpha(alpha: float, attempt: int) -> float:
    """α·6/(π²·j²), one-sided, for j = ``attempt`` from 1. Raises ValueError below 1."""
    if attempt < 1:
        raise ValueError(f"attempt {attempt}: attempts are counted from 1")
    return alpha * 6 / (math.pi**2 * attempt**2)
