"""The start-up probe: does the BLAS at hand keep the promise that ``cpu.py`` relies on?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from .cpu import base, multiply

LONG, COUNTS = 144, (1, 17, 33, 95)
"""Rows of the longest call, and of those whose rows must be the same."""
RANK, STACK = 16, 3
"""Of the low-rank products: one adapter alone has the bits of one among three."""
WIDEST = 1024
"""Larger linears are probed as far as this."""
WORK = 400_000_000
"""Multiplications after which no other shape is begun."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen at one number of threads."""

    invariant: bool
    shapes: int
    """How many different shapes were tried."""
    reason: str = ""
    """Which product has other bits in another number of rows."""


def probe(shapes: Iterable[tuple[int, int]], dtype: torch.dtype) -> Probe:
    """Whether a row has the same bits among any number of rows, at the current thread count.

    ``shapes``: (K, N) of the linears, each tried as a base and as an adapter's segments, the
    widest first. Where it fails, one thread is the way out.
    """
    different = sorted({(min(k, WIDEST), min(n, WIDEST)) for k, n in shapes}, reverse=True)
    left = WORK
    for tried, (k, n) in enumerate(different):
        if left < 0:
            return Probe(True, tried)
        left -= (LONG + 2 * sum(COUNTS)) * k * n
        for name, call in _products(k, n, dtype).items():
            rows = _varies(call)
            if rows:
                reason = (
                    f"{name} of {k} → {n} in {str(dtype).removeprefix('torch.')} has other bits"
                    f" among {rows} rows than among {LONG}, threads: {torch.get_num_threads()}"
                )
                return Probe(False, tried + 1, reason)
    return Probe(True, len(different))


def _products(k: int, n: int, dtype: torch.dtype) -> dict[str, Callable[[slice], Tensor]]:
    """The three GEMMs of a linear, each over some of the same rows; the low-rank ones in fp32."""
    wide = torch.promote_types(dtype, torch.float32)
    x, inputs, u, y = (
        _noise((LONG, d), t) for d, t in ((k, dtype), (k, wide), (RANK, wide), (n, wide))
    )
    weight = _noise((n, k), dtype)
    a, b = (_noise((STACK, RANK, width), wide) for width in (k, n))

    def shrink(rows: slice) -> Tensor:
        return _stacked(inputs[rows], a.transpose(1, 2))

    def expand(rows: slice) -> Tensor:
        return _stacked(u[rows], b, y[rows])

    return {
        "base": lambda rows: base(x[rows], weight, None, "deterministic"),
        "shrink": shrink,
        "expand": expand,
    }


def _stacked(left: Tensor, right: Tensor, onto: Tensor | None = None) -> Tensor:
    """The rows for the first adapter, beside others where there are many."""
    count = STACK if len(left) == LONG else 1
    lefts, ontos = (t if t is None else t.repeat(count, 1, 1) for t in (left, onto))
    assert lefts is not None
    return multiply(lefts, right[:count], "deterministic", ontos)[0]


def _varies(call: Callable[[slice], Tensor]) -> int:
    """The number of rows among which some row differs; 0 where none does."""
    expected = call(slice(LONG))
    for count in COUNTS:
        for rows in (slice(count), slice(LONG - count, LONG)):
            if not torch.equal(call(rows), expected[rows]):
                return count
    return 0


def _noise(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Numbers in [−½, ½) that repeat after a prime: a million random ones would take longer."""
    some = torch.rand(65_521, generator=torch.Generator().manual_seed(shape[1])) - 0.5
    count = math.prod(shape)
    return some.repeat(-(-count // len(some)))[:count].view(shape).to(dtype)
