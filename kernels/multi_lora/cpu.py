"""The CPU path: one base GEMM over all rows, then two small batched GEMMs per stack of alike arms.

Letters as in ``batch.py``; D is the length of a product's sum, W the width of U. Here U [T, W] is
scaled and in sorted order of rows, and each row has its own adapter's columns from 0 on.
The low-rank part is computed in fp32 at least, whatever the base is in. README, "The CPU path",
has the measurements.

The bits of a BLAS GEMM depend on its number of rows: on its rest, and on how a long sum is cut.
In deterministic mode every GEMM here runs over a safe number of rows, in pieces of D that are
not cut any further, so a row's bits do not depend on who shares its batch; ``probe.py`` repeats
the important measurements at start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from .batch import COLUMN_BLOCK, LoraBatch, Mode, whole_blocks

ROW_BLOCK = 4
"""Rows per thread in a safe number of rows: MKL's kernels take four at a time."""
MIN_ROWS = 16
"""Below it, other kernels."""
DEPTH = 512
"""The longest sum that MKL never cuts by the number of rows, with one to four threads."""
NARROW = 128
"""Up to this many columns, and for a transposed right side, one thread cuts no sum at all."""
HALF = (torch.bfloat16, torch.float16)
"""Types that oneDNN multiplies, whole sums at a time."""


def cpu_shrink(x: Tensor, lora_a: Tensor, batch: LoraBatch) -> Tensor:
    """U [T, W] = scale · x Aᵀ; see :func:`op.shrink`."""
    layout = batch.layout
    u = lora_a.new_zeros(len(x), u_width(layout.shrunk))
    scales = _columns(layout.u_scale, u.dtype)
    for stack in _stacks(batch.rows.segments, layout.shrunk, (0,) * len(layout.shrunk)):
        rows = stack.grid(_taken(x, stack, batch.rows.order).to(u.dtype))
        right = stack.adapters(lora_a).transpose(1, 2)
        torch.mul(multiply(rows, right, batch.mode), stack.along(scales), out=stack.columns(u))
    return u


def cpu_linear_expand(
    x: Tensor, weight: Tensor, u: Tensor, lora_b: Tensor, batch: LoraBatch, bias: Tensor | None
) -> Tensor:
    """Rows [T, K] → [T, N]; see :func:`op.linear_expand`."""
    y = base(x, weight, bias, batch.mode)
    cpu_expand_(y, u, lora_b, batch)
    return y


def cpu_expand_(y: Tensor, u: Tensor, lora_b: Tensor, batch: LoraBatch) -> None:
    """Add scale · U B to the rows of y, in place; see :func:`op.expand_`."""
    for stack in _parts(batch):
        _add(y, stack, stack.columns(u), stack.adapters(lora_b), batch)


def cpu_backward(
    dy: Tensor,
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    u: Tensor,
    batch: LoraBatch,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x [T, K], lora_a and lora_b from that of y [T, N].

    dX = dY W + dU A, dA = dUᵀ X and dB = Uᵀ dY, with dU = s·dY Bᵀ, by stacks: what no row
    uses stays zero. For a linear with a shrink of its own.
    """
    order, dx = batch.rows.order, dy @ weight
    scales = _columns(batch.layout.u_scale, u.dtype)
    da, db = torch.zeros_like(lora_a), torch.zeros_like(lora_b)
    for stack in _parts(batch):
        mine, inputs = (stack.grid(_taken(t, stack, order).to(u.dtype)) for t in (dy, x))
        du = (mine @ stack.adapters(lora_b).transpose(1, 2)).mul_(stack.along(scales))
        _add(dx, stack, du, stack.adapters(lora_a), batch)
        stack.adapters(da).copy_(du.transpose(1, 2) @ inputs)
        stack.adapters(db).copy_(stack.columns(u).transpose(1, 2) @ mine)
    return dx, da, db


def u_width(shrunk: Sequence[tuple[int, int]]) -> int:
    """W, the columns of the widest adapter; see ``Layout.shrunk``."""
    return max((whole_blocks(hi - lo) for lo, hi in shrunk), default=0)


def base(x: Tensor, weight: Tensor, bias: Tensor | None, mode: Mode) -> Tensor:
    """Compute x Wᵀ + bias, [T, N]."""
    if mode == "fast":
        return linear(x, weight, bias)
    count = safe(len(x))
    if count > len(x):
        x, count = pad(x, (0, 0, 0, count - len(x))), len(x)
    right = weight.T
    first, *rest = _depths(right)
    y = linear(x[:, first], weight[:, first], bias)
    for depth in rest:
        y.addmm_(x[:, depth], right[depth])
    return y[:count]


def multiply(left: Tensor, right: Tensor, mode: Mode, onto: Tensor | None = None) -> Tensor:
    """Compute left [S, M, D] · right [S, D, N], or add it to ``onto`` [S, M, N] in place.

    Where ``onto`` is not contiguous torch would make S products of the one.
    """
    rows = left.shape[1]
    more = safe(rows) - rows if mode == "deterministic" else 0
    out = onto
    if more:
        left = pad(left, (0, 0, 0, more))
        out = None if onto is None else pad(onto, (0, 0, 0, more))
    for depth in _depths(right) if mode == "deterministic" else [slice(None)]:
        some = left[..., depth], right[:, depth]
        out = torch.bmm(*some) if out is None else out.baddbmm_(*some)
    assert out is not None
    if onto is None:
        return out[:, :rows]
    return onto.copy_(out[:, :rows]) if more else onto


def safe(rows: int) -> int:
    """The next number of rows at which a GEMM's bits are those of any other such number."""
    block = ROW_BLOCK * torch.get_num_threads()
    return -(-max(rows, MIN_ROWS) // block) * block


def _depths(right: Tensor) -> list[slice]:
    """The pieces over D of a product with ``right`` [..., D, N]."""
    depth, columns = right.shape[-2:]
    alone = torch.get_num_threads() == 1 and (columns <= NARROW or right.stride(-2) == 1)
    if depth <= DEPTH or alone or right.dtype in HALF:
        return [slice(None)]
    return [slice(start, start + DEPTH) for start in range(0, depth, DEPTH)]


@dataclass(frozen=True, slots=True)
class _Stack:
    """Neighbouring segments alike in length and rank: one batched product, as views."""

    start: int
    length: int
    """Of each segment, in rows."""
    count: int
    rank: int
    """In whole blocks: a GEMM of 1 column is summed in another order. The rest is zero."""
    first: int
    step: int
    """From one adapter's rows of A or B to the next's."""
    at: int
    """Where its columns begin in U."""

    @property
    def stop(self) -> int:
        return self.start + self.count * self.length

    def grid(self, rows: Tensor) -> Tensor:
        """Its own rows [count · length, D] → [count, length, D]."""
        return rows.view(self.count, self.length, rows.shape[1])

    def columns(self, u: Tensor) -> Tensor:
        """U [T, W] → [count, length, rank]."""
        return self.grid(u[self.start : self.stop])[..., self.at : self.at + self.rank]

    def adapters(self, packed: Tensor) -> Tensor:
        """A or B [R, D] → [count, rank, D]."""
        across, along = packed.stride()
        return packed[self.first :].as_strided(
            (self.count, self.rank, packed.shape[1]), (self.step * across, across, along)
        )

    def along(self, columns: Tensor) -> Tensor:
        """One number per row of A [R] → [count, 1, rank]."""
        return self.adapters(columns[:, None]).transpose(1, 2)

    def follows(self, other: _Stack) -> bool:
        """Whether the two make one stack; ``self`` is of one segment."""
        alike = replace(self, start=0, count=0, first=0, step=0) == replace(
            other, start=0, count=0, first=0, step=0
        )
        step = self.first - (other.first + (other.count - 1) * other.step)
        return alike and self.start == other.stop and (other.count == 1 or step == other.step)


def _parts(batch: LoraBatch) -> tuple[_Stack, ...]:
    """The stacks over B."""
    layout = batch.layout
    pairs = zip(layout.offsets, layout.shrunk, strict=True)
    at = tuple(offset - start for offset, (start, _) in pairs)
    return _stacks(batch.rows.segments, layout.columns, at)


@lru_cache(maxsize=256)
def _stacks(
    segments: Sequence[tuple[int, int, int]],
    owned: Sequence[tuple[int, int]],
    at: Sequence[int],
) -> tuple[_Stack, ...]:
    """The segments of adapters that own rows of A or B; the rest by slot."""
    stacks: list[_Stack] = []
    for start, stop, slot in segments:
        lo, hi = owned[slot]
        if lo == hi:
            continue
        rank = whole_blocks(hi - lo)
        mine = _Stack(start, stop - start, 1, rank, lo, 0, at[slot])
        if stacks and mine.follows(stacks[-1]):
            last = stacks[-1]
            step = lo - last.first if last.count == 1 else last.step
            stacks[-1] = replace(last, count=last.count + 1, step=step)
        else:
            stacks.append(mine)
    return tuple(stacks)


def _columns(blocks: Tensor, dtype: torch.dtype) -> Tensor:
    """One number per block → one per column of it."""
    return blocks.to(dtype).repeat_interleave(COLUMN_BLOCK)


def _taken(rows: Tensor, stack: _Stack, order: Tensor | None) -> Tensor:
    """The stack's rows of [T, D], in sorted order: a view, or a copy where the caller's is not."""
    return (
        rows[stack.start : stack.stop] if order is None else rows[order[stack.start : stack.stop]]
    )


def _add(y: Tensor, stack: _Stack, left: Tensor, right: Tensor, batch: LoraBatch) -> None:
    """Add left [count, length, r] · right [count, r, N] to the stack's rows of y [T, N]."""
    order = batch.rows.order
    rows = _taken(y, stack, order).to(left.dtype)
    multiply(left, right, batch.mode, onto=stack.grid(rows))
    if order is not None:
        y[order[stack.start : stack.stop]] = rows.to(y.dtype)
    elif y.dtype != left.dtype:
        y[stack.start : stack.stop] = rows
