"""Holm's step-down adjustment. Source: Holm (1979), Scand. J. Statist. 6, 65–70."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """Adjusted p-values in the given order; the hypothesis is rejected at α where p ≤ α.

    ``family`` is the number of declared tests, where some of them were not carried out: those
    count as p = 1. Raises ValueError where it is smaller than the number of p-values.
    """
    m = len(p_values) if family is None else family
    if m < len(p_values):
        raise ValueError(f"a family of {m} cannot hold {len(p_values)} tests")
    adjusted, running = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        running = max(running, min(1.0, (m - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted
