"""One sum over another: the mean of what the cases of a corpus add."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sums = NDArray[np.float64]


def ratio(above: Sums, below: Sums) -> Sums:
    """``above`` / ``below`` [...]; NaN where ``below`` is 0: an empty set has no mean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)
