"""Time per call in interleaved rounds, so that a busy moment meets all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter

Times = dict[str, list[float]]
"""Seconds by provider, round by round."""


def times(calls: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """One call of each in every round, after one to warm up. For the CPU."""
    seconds: Times = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = perf_counter()
            call()
            seconds[name].append(perf_counter() - start)
    return seconds


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the rounds' ratios: what slows a whole round cancels."""
    return median(a / b for a, b in zip(above, below, strict=True))


def more(one: Sequence[float], two: Sequence[float]) -> float:
    """The median of the rounds' differences, in seconds."""
    return median(a - b for a, b in zip(one, two, strict=True))
