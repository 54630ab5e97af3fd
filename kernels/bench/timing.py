"""Time per call: medians of interleaved runs, so that a busy moment meets all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

import torch


def medians(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each call over ``rounds`` rounds, one call of each in every round.

    On a GPU a captured graph is replayed, so that launches cost what they cost in production.
    """
    if torch.cuda.is_available():
        from triton.testing import do_bench_cudagraph

        return {
            name: do_bench_cudagraph(call, return_mode="median") / 1e3
            for name, call in calls.items()
        }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = perf_counter()
            call()
            seconds[name].append(perf_counter() - start)
    return {name: median(found) for name, found in seconds.items()}
