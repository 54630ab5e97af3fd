"""Which rows and which columns belong to which adapter: tables built and checked once.

Letters: T rows, K inputs, N outputs, L adapters, R columns of all adapters together (U has as
many, or more where linears share their shrink).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise
from typing import Literal

import torch
from torch import Tensor

COLUMN_BLOCK = 16
"""Each adapter's columns begin at a multiple of it (the narrowest tile of ``tl.dot``)."""
BASE = -1
"""The slot of rows that no adapter changes."""
NOBODY = -2
"""The owner of a block of columns that is nobody's: not the base's either."""

Mode = Literal["deterministic", "fast"]
"""deterministic: a row's bits depend on the row and its adapter alone; fast: any way is right."""


def adapter_dtype(like: Tensor) -> torch.dtype:
    """What A and B are kept in beside a base like that: on the CPU fp32 at least.

    Few CPUs multiply 16-bit numbers as fast, and the products are small.
    """
    if like.device.type == "cpu":
        return torch.promote_types(like.dtype, torch.float32)
    return like.dtype


def whole_blocks(rank: int) -> int:
    """The columns that a rank takes: the next multiple of ``COLUMN_BLOCK``."""
    return -(-rank // COLUMN_BLOCK) * COLUMN_BLOCK


@dataclass(frozen=True, slots=True)
class Layout:
    """Whose the columns of one linear are; the same for every batch.

    Adapter a owns columns [lo, hi) of B and the columns of U from ``offsets[a]`` on. They are
    the same columns unless linears of one input share their shrink.
    """

    columns: tuple[tuple[int, int], ...]
    """Per adapter, its columns of B; lo == hi where it does not touch this linear."""
    scales: tuple[float, ...]
    offsets: tuple[int, ...]
    """Per adapter, where its columns begin in U."""
    shrunk: tuple[tuple[int, int], ...]
    """Per adapter, the columns of U that shrink computes: those of all linears that share it."""
    u_owner: Tensor
    """[blocks of U] int32: the adapter that owns each 16 columns of U, or NOBODY."""
    u_scale: Tensor
    """[blocks of U] fp32: what shrink multiplies each 16 columns by."""
    first: Tensor
    """[L + 1] int32: the first block of B of each adapter, and behind them the number of blocks."""
    owner: Tensor
    """[blocks of B] int32: the adapter that owns each 16 columns of B."""
    source: Tensor
    """[blocks of B] int32: the block of U that belongs to each block of B."""

    @property
    def width(self) -> int:
        """How many columns U has."""
        return len(self.u_owner) * COLUMN_BLOCK

    @classmethod
    def build(
        cls,
        columns: Sequence[tuple[int, int]],
        scales: Sequence[float],
        device: torch.device | str = "cpu",
    ) -> Layout:
        """The layout of a linear with a shrink of its own.

        Raises ValueError for columns that do not ascend in steps of whole blocks, or a scale
        that is not finite.
        """
        _check_columns(columns, scales)
        ends = [lo + whole_blocks(hi - lo) for lo, hi in columns]
        first = [lo // COLUMN_BLOCK for lo, _ in columns]
        blocks = ends[-1] // COLUMN_BLOCK if ends else 0
        owner = [NOBODY] * blocks
        for slot, (start, end) in enumerate(zip(first, ends, strict=True)):
            owner[start : end // COLUMN_BLOCK] = [slot] * (end // COLUMN_BLOCK - start)
        owners = _int32(owner, device)
        return cls(
            columns=tuple(columns),
            scales=tuple(scales),
            offsets=tuple(lo for lo, _ in columns),
            shrunk=tuple(columns),
            u_owner=owners,
            u_scale=torch.tensor([scales[slot] for slot in owner], dtype=torch.float32).to(device),
            first=_int32([*first, blocks], device),
            owner=owners,
            source=torch.arange(blocks, dtype=torch.int32, device=device),
        )


@dataclass(frozen=True, slots=True)
class Packed:
    """The adapters of one linear, their ranks concatenated, never padded to the largest."""

    lora_a: Tensor
    """[R, K]; rows that no adapter owns are zero. [width, K] where linears share their shrink."""
    lora_b: Tensor
    """[R, N]: B transposed, so that N is contiguous."""
    layout: Layout


def pack_adapters(adapters: Sequence[tuple[Tensor, Tensor, float] | None], like: Tensor) -> Packed:
    """Concatenate (lora_a [r, K], lora_b [N, r], scale) per adapter; None has no part here.

    The device is that of ``like``, the base weight [N, K]; the dtype too, but on the CPU, where the
    low-rank part is computed in fp32 at least. Raises ValueError for shapes
    that do not fit it and for a scale that is not finite.
    """
    n, k = like.shape
    ranks = [0 if adapter is None else _rank(*adapter, n=n, k=k) for adapter in adapters]
    starts = [0, *accumulate(whole_blocks(rank) for rank in ranks)]
    columns = [(lo, lo + rank) for lo, rank in zip(starts, ranks, strict=False)]
    dtype = adapter_dtype(like)
    lora_a = _zeros(starts[-1], k, dtype, like.device)
    lora_b = torch.zeros(starts[-1], n, dtype=dtype, device=like.device)
    for (lo, hi), adapter in zip(columns, adapters, strict=True):
        if adapter is not None:
            lora_a[lo:hi], lora_b[lo:hi] = adapter[0], adapter[1].T
    scales = [0.0 if adapter is None else float(adapter[2]) for adapter in adapters]
    return Packed(lora_a, lora_b, Layout.build(columns, scales, like.device))


def share_shrink(linears: Sequence[Packed]) -> tuple[Packed, ...]:
    """The same linears with one A for all of them, so that one shrink serves those of one input.

    U then has the columns of each adapter side by side: q's, k's and v's of the first, then of
    the second. Raises ValueError where the linears differ in adapters, inputs or dtype.
    """
    lead = linears[0]
    count = len(lead.layout.columns)
    for other in linears[1:]:
        if len(other.layout.columns) != count or other.lora_a.shape[1:] != lead.lora_a.shape[1:]:
            raise ValueError("linears that share a shrink have the same adapters and inputs")
        if other.lora_a.dtype != lead.lora_a.dtype:
            raise ValueError(f"dtypes {lead.lora_a.dtype} and {other.lora_a.dtype} share no shrink")
    parts, owner, scale, end = [], [], [], 0
    offsets: list[list[int]] = [[] for _ in linears]
    shrunk = []
    for slot in range(count):
        start = stop = end
        for place, linear in enumerate(linears):
            lo, hi = linear.layout.columns[slot]
            size = whole_blocks(hi - lo)
            parts.append(linear.lora_a[lo : lo + size])
            owner += [slot] * (size // COLUMN_BLOCK)
            scale += [linear.layout.scales[slot]] * (size // COLUMN_BLOCK)
            offsets[place].append(end)
            if hi > lo:
                stop = end + hi - lo
            end += size
        shrunk.append((start, stop))
    device = lead.lora_a.device
    lora_a = _zeros(end, lead.lora_a.shape[1], lead.lora_a.dtype, device)
    torch.cat(parts, out=lora_a)
    u_owner, u_scale = _int32(owner, device), torch.tensor(scale, dtype=torch.float32).to(device)
    return tuple(
        Packed(
            lora_a,
            linear.lora_b,
            replace(
                linear.layout,
                offsets=tuple(mine),
                shrunk=tuple(shrunk),
                u_owner=u_owner,
                u_scale=u_scale,
                source=_sources(linear.layout.columns, mine, device),
            ),
        )
        for linear, mine in zip(linears, offsets, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Whose each row of a call is: the same for every linear of a model."""

    slots: Tensor
    """[T] int32, in the caller's order: the adapter of each row, or BASE."""
    table: Tensor | None
    """[segments, 3] int64: see ``segments``. None off the CPU, where kernels read ``slots``."""
    order: Tensor | None
    """[T] int64, the row at each sorted place; None where the caller's order is sorted."""

    @property
    def segments(self) -> tuple[tuple[int, int, int], ...]:
        """Start, stop and adapter over rows in sorted order, but the base's, which come first."""
        assert self.table is not None, "segments are the CPU's: no device waits for the host"
        return tuple((start, stop, slot) for start, stop, slot in self.table.tolist())

    @classmethod
    def build(
        cls,
        index: Sequence[int],
        adapters: int,
        repeat: int = 1,
        device: torch.device | str = "cpu",
    ) -> Rows:
        """T = len(index) × repeat rows; the tokens of a sequence share its adapter.

        Raises ValueError for an index outside [−1, adapters).
        """
        for run, slot in enumerate(index):
            if not BASE <= slot < adapters:
                raise ValueError(f"row {run}: adapter {slot} is outside [-1, {adapters})")
        slots = _int32(index, device).repeat_interleave(repeat)
        if slots.device.type != "cpu":
            return cls(slots, None, None)
        place = sorted(range(len(index)), key=index.__getitem__)
        segments, start = [], 0
        for slot, members in groupby(index[run] for run in place):
            stop = start + len(list(members)) * repeat
            if slot >= 0 and stop > start:
                segments.append((start, stop, slot))
            start = stop
        in_order = all(one <= two for one, two in pairwise(index))
        order = None if in_order else _spread(place, repeat)
        table = torch.tensor(segments, dtype=torch.int64).view(-1, 3)
        return cls(slots, table, order)

    @classmethod
    def of(cls, slots: Tensor, adapters: int) -> Rows:
        """The rows of a table [T] int32 that is already on its device.

        Off the CPU nothing is read, so that a captured graph may replay with another content:
        whoever fills such a table checks it.
        """
        if slots.device.type == "cpu":
            return cls.build(slots.tolist(), adapters)
        return cls(slots, None, None)


@dataclass(frozen=True, slots=True)
class LoraBatch:
    """The tables of one call: its rows, its columns, and how exactly it is to be computed."""

    rows: Rows
    layout: Layout
    mode: Mode = "deterministic"

    @classmethod
    def build(
        cls, index: Sequence[int], layout: Layout, repeat: int = 1, mode: Mode = "deterministic"
    ) -> LoraBatch:
        """Tables for T = len(index) × repeat rows on the layout's device.

        ``index``: the adapter of each run of ``repeat`` rows, −1 for the base; best ascending.
        Raises ValueError for an index outside [−1, L).
        """
        return cls(
            Rows.build(index, len(layout.columns), repeat, layout.first.device), layout, mode
        )

    def check(self, x: Tensor, *weights: Tensor) -> None:
        """Raise ValueError where x [T, K] has not the rows or the device of these tables.

        Likewise where the weights are not of its dtype.
        """
        if len(x) != len(self.rows.slots):
            raise ValueError(
                f"the batch tables are for {len(self.rows.slots)} rows, x has {len(x)}"
            )
        if x.device != self.rows.slots.device:
            raise ValueError(f"x is on {x.device}, the batch tables on {self.rows.slots.device}")
        for weight in weights:
            if weight.dtype != x.dtype:
                raise ValueError(f"inputs in {x.dtype} and weights in {weight.dtype} do not mix")


def _zeros(rows: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """[rows, width]; column by column in memory where MKL multiplies by it, which is faster."""
    if device.type == "cpu":
        return torch.zeros(width, rows, dtype=dtype).T
    return torch.zeros(rows, width, dtype=dtype, device=device)


def _int32(values: Sequence[int], device: torch.device | str) -> Tensor:
    return torch.tensor(list(values), dtype=torch.int32).to(device)


def _sources(
    columns: Sequence[tuple[int, int]], offsets: Sequence[int], device: torch.device
) -> Tensor:
    """The block of U behind each block of B, adapter after adapter."""
    blocks: list[int] = []
    for (lo, hi), offset in zip(columns, offsets, strict=True):
        start = offset // COLUMN_BLOCK
        blocks += range(start, start + whole_blocks(hi - lo) // COLUMN_BLOCK)
    return _int32(blocks, device)


def _spread(place: Sequence[int], repeat: int) -> Tensor:
    """Row numbers of runs: each run r stands for rows r·repeat … r·repeat + repeat − 1."""
    runs = torch.tensor(place, dtype=torch.int64)[:, None]
    return (runs * repeat + torch.arange(repeat)).flatten()


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


def _check_columns(columns: Sequence[tuple[int, int]], scales: Sequence[float]) -> None:
    if len(columns) != len(scales):
        raise ValueError(f"{len(columns)} column ranges for {len(scales)} scales")
    end = 0
    for lo, hi in columns:
        if lo != end or hi < lo:
            raise ValueError(
                f"columns {list(columns)} must follow each other, each from the next multiple of"
                f" {COLUMN_BLOCK}"
            )
        end = lo + whole_blocks(hi - lo)
    if not all(math.isfinite(scale) for scale in scales):
        raise ValueError(f"scales {list(scales)} must be finite")
