"""Where a function is zero."""

from __future__ import annotations

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, xtol: float = 2e-12) -> float:
    """Brent's method between two places with values of different signs, else ValueError.

    scipy.optimize takes half a second to import, so it is not before a number is needed.
    """
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=xtol))
