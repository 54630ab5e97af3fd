"""Which rows belong to which adapter: tables that are built and checked once per batch.

Letters: T rows, K inputs, N outputs, L adapters, R columns of all adapters together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import torch
from torch import Tensor

COLUMN_BLOCK = 16
"""Each adapter's columns begin at a multiple of it (the narrowest tile of ``tl.dot``)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows ``start:stop`` of the sorted batch: columns ``lo:hi``, times ``scale``."""

    start: int
    stop: int
    lo: int
    hi: int
    scale: float


@dataclass(frozen=True, slots=True)
class Packed:
    """The adapters of one linear, their ranks concatenated, never padded to the largest."""

    lora_a: Tensor
    """[R, K]; rows that no adapter owns are zero."""
    lora_b: Tensor
    """[R, N]: B transposed, so that N is contiguous."""
    columns: tuple[tuple[int, int], ...]
    """Per adapter, the columns [lo, hi) it owns; lo == hi where it does not touch this linear."""
    scales: tuple[float, ...]


def pack(adapters: Sequence[tuple[Tensor, Tensor, float] | None], like: Tensor) -> Packed:
    """Concatenate (lora_a [r, K], lora_b [N, r], scale) per adapter; None has no part here.

    Dtype and device are those of ``like``, the base weight [N, K]. Raises ValueError for shapes
    that do not fit it and for a scale that is not finite.
    """
    n, k = like.shape
    columns, end = [], 0
    for adapter in adapters:
        rank = 0 if adapter is None else _rank(*adapter, n=n, k=k)
        columns.append((end, end + rank))
        end += -(-rank // COLUMN_BLOCK) * COLUMN_BLOCK
    lora_a, lora_b = like.new_zeros(end, k), like.new_zeros(end, n)
    for (lo, hi), adapter in zip(columns, adapters, strict=True):
        if adapter is not None:
            lora_a[lo:hi], lora_b[lo:hi] = adapter[0], adapter[1].T
    scales = tuple(0.0 if adapter is None else float(adapter[2]) for adapter in adapters)
    return Packed(lora_a, lora_b, tuple(columns), scales)


def _rank(lora_a: Tensor, lora_b: Tensor, scale: float, *, n: int, k: int) -> int:
    rank = int(lora_a.shape[0])
    if tuple(lora_a.shape) != (rank, k) or tuple(lora_b.shape) != (n, rank):
        raise ValueError(
            f"lora_a {tuple(lora_a.shape)} and lora_b {tuple(lora_b.shape)} do not fit a linear"
            f" of {k} inputs and {n} outputs"
        )
    if not math.isfinite(scale):
        raise ValueError(f"scale {scale} is not finite")
    return rank


@dataclass(frozen=True, slots=True)
class LoraBatch:
    """The rows of one call, grouped by adapter."""

    index: tuple[int, ...]
    """Adapter of each run of ``repeat`` rows, in the caller's order; −1 is the base."""
    repeat: int
    columns: tuple[tuple[int, int], ...]
    scales: tuple[float, ...]
    segments: tuple[Segment, ...]
    """Over rows in sorted order; base rows come first and have none."""
    order: Tensor | None
    """[T] int64, the row at each sorted place; None where the caller's order is sorted."""

    @property
    def rows(self) -> int:
        """T, the number of rows these tables are for."""
        return len(self.index) * self.repeat

    @property
    def owned(self) -> Iterator[tuple[int, int, float]]:
        """Per row, in the caller's order: columns lo, hi and scale; (0, 0, 0.0) for the base."""
        for adapter in self.index:
            mine = (*self.columns[adapter], self.scales[adapter]) if adapter >= 0 else (0, 0, 0.0)
            for _ in range(self.repeat):
                yield mine

    @classmethod
    def build(
        cls,
        index: Sequence[int],
        columns: Sequence[tuple[int, int]],
        scales: Sequence[float],
        repeat: int = 1,
    ) -> LoraBatch:
        """Tables for T = len(index) × repeat rows; sequences of tokens share one adapter.

        Raises ValueError for an index outside [−1, L), overlapping or negative columns, or a
        scale that is not finite. Rows already sorted by adapter are not moved.
        """
        _check_tables(index, columns, scales)
        place = sorted(range(len(index)), key=index.__getitem__)
        segments, start = [], 0
        for adapter, members in groupby(index[run] for run in place):
            stop = start + len(list(members)) * repeat
            if adapter >= 0 and columns[adapter][0] < columns[adapter][1]:
                segments.append(Segment(start, stop, *columns[adapter], scales[adapter]))
            start = stop
        in_order = all(one <= two for one, two in pairwise(index))
        order = None if in_order else _spread(place, repeat)
        return cls(tuple(index), repeat, tuple(columns), tuple(scales), tuple(segments), order)


def _spread(place: Sequence[int], repeat: int) -> Tensor:
    """Row numbers of runs: each run r stands for rows r·repeat … r·repeat + repeat − 1."""
    runs = torch.tensor(place, dtype=torch.int64)[:, None]
    return (runs * repeat + torch.arange(repeat)).flatten()


def _check_tables(
    index: Sequence[int], columns: Sequence[tuple[int, int]], scales: Sequence[float]
) -> None:
    if len(columns) != len(scales):
        raise ValueError(f"{len(columns)} column ranges for {len(scales)} scales")
    for run, adapter in enumerate(index):
        if not -1 <= adapter < len(columns):
            raise ValueError(f"row {run}: adapter {adapter} is outside [-1, {len(columns)})")
    ends = [0, *(hi for _, hi in columns)]
    if any(lo < end or hi < lo for end, (lo, hi) in zip(ends, columns, strict=False)):
        raise ValueError(f"columns {list(columns)} must ascend without overlap")
    if not all(math.isfinite(scale) for scale in scales):
        raise ValueError(f"scales {list(scales)} must be finite")
