"""Benjamini and Hochberg's step-up adjustment: the false discovery rate.

Source: Benjamini and Hochberg (1995), J. R. Statist. Soc. B 57, 289–300.
"""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """Adjusted p-values in the given order; a discovery at rate q is where p ≤ q.

    ``family`` is the number of declared tests, where some of them were not carried out: those
    count as p = 1. Raises ValueError where it is smaller than the number of p-values.
    """
    m = len(p_values) if family is None else family
    if m < len(p_values):
        raise ValueError(f"a family of {m} cannot hold {len(p_values)} tests")
    adjusted, running = [1.0] * len(p_values), 1.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, i in reversed(list(enumerate(order, 1))):
        running = min(running, m * p_values[i] / rank)
        adjusted[i] = running
    return adjusted
