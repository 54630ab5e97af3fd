"""The CPU path: one base GEMM over all rows, then two small GEMMs per segment, in place.

Letters as in ``batch.py``; D is the length of a product's sum. The bits of a BLAS GEMM depend on
its number of rows: on its rest, and on how a long sum is cut. In deterministic mode every GEMM
here runs over a safe number of rows, in pieces of D that are not cut any further, so a row's
bits do not depend on who shares its batch. README, "The CPU path", has the measurements;
``probe.py`` repeats the important ones at start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from .batch import COLUMN_BLOCK, Layout, LoraBatch, Mode

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
EVEN_ROWS, EVEN_ROWS_HALF = 8, 64
"""Up to this many rows each, arms of equal length and rank are one batched product (fast mode)."""


def cpu_shrink(x: Tensor, lora_a: Tensor, batch: LoraBatch) -> Tensor:
    """U [T, width] = x Aᵀ in sorted order of rows, not yet scaled; see :func:`op.shrink`."""
    layout, order = batch.layout, batch.rows.order
    u = x.new_zeros(len(x), layout.width)
    even = _even(batch, layout.shrunk, [lo for lo, _ in layout.shrunk], x.dtype)
    if even is not None:
        even.columns(u).copy_(even.rows(x) @ even.adapters(lora_a).transpose(1, 2))
        return u
    for start, stop, slot in batch.rows.segments:
        lo, hi = _columns(layout.shrunk[slot], batch.mode)
        if lo < hi:
            rows = x[start:stop] if order is None else x[order[start:stop]]
            product(u[start:stop, lo:hi], rows, lora_a[lo:hi].T, batch.mode, beta=0)
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
    layout, order = batch.layout, batch.rows.order
    even = _even(batch, layout.columns, layout.offsets, y.dtype)
    if even is not None and len({layout.scales[slot] for *_, slot in batch.rows.segments}) == 1:
        scale = layout.scales[batch.rows.segments[0][2]]
        even.rows(y).baddbmm_(even.columns(u), even.adapters(lora_b), alpha=scale)
        return
    for start, stop, at, lo, hi, scale in _parts(batch):
        mine, b = u[start:stop, at : at + hi - lo], lora_b[lo:hi]
        if order is None:
            product(y[start:stop], mine, b, batch.mode, alpha=scale)
        else:
            rows = y[order[start:stop]]
            product(rows, mine, b, batch.mode, alpha=scale)
            y[order[start:stop]] = rows


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

    dX = dY W + dU A, dA = dUᵀ X and dB = s·Uᵀ dY, with dU = s·dY Bᵀ, by segments: what no row
    uses stays zero.
    """
    order = batch.rows.order
    dx = dy @ weight
    da, db = torch.zeros_like(lora_a), torch.zeros_like(lora_b)
    for start, stop, at, lo, hi, scale in _parts(batch):
        rows = slice(start, stop) if order is None else order[start:stop]
        end, mine = at + hi - lo, dy[rows]
        du = mine.new_empty(len(mine), hi - lo).addmm_(mine, lora_b[lo:hi].T, beta=0, alpha=scale)
        if order is None:
            dx[rows].addmm_(du, lora_a[at:end])
        else:
            dx.index_add_(0, order[start:stop], du @ lora_a[at:end])
        da[at:end].addmm_(du.T, x[rows], beta=0)
        db[lo:hi].addmm_(u[start:stop, at:end].T, mine, beta=0, alpha=scale)
    return dx, da, db


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


def product(
    out: Tensor, left: Tensor, right: Tensor, mode: Mode, alpha: float = 1, beta: float = 1
) -> None:
    """Out [M, N] becomes beta·out + alpha · left [M, D] · right [D, N], in place."""
    if mode == "fast":
        out.addmm_(left, right, alpha=alpha, beta=beta)
        return
    if alpha != 1 and left.dtype not in HALF:
        left, alpha = left * alpha, 1  # where in the sum MKL multiplies depends on M
    block = ROW_BLOCK * torch.get_num_threads()
    whole = len(left) // block * block
    whole = whole if whole >= MIN_ROWS else 0
    if whole:
        _deep(out[:whole], left[:whole], right, alpha, beta)
    if whole < len(left):
        count = len(left) - whole
        more = (0, 0, 0, safe(count) - count)
        padded = pad(out[whole:], more)
        _deep(padded, pad(left[whole:], more), right, alpha, beta)
        out[whole:] = padded[:count]


def safe(rows: int) -> int:
    """The next number of rows at which a GEMM's bits are those of any other such number."""
    block = ROW_BLOCK * torch.get_num_threads()
    return -(-max(rows, MIN_ROWS) // block) * block


def _deep(out: Tensor, left: Tensor, right: Tensor, alpha: float, beta: float) -> None:
    for depth in _depths(right):
        out.addmm_(left[:, depth], right[depth], alpha=alpha, beta=beta)
        beta = 1


def _depths(right: Tensor) -> list[slice]:
    """The pieces over D of a product with ``right`` [D, N]."""
    depth, columns = right.shape
    alone = torch.get_num_threads() == 1 and (columns <= NARROW or right.stride(0) == 1)
    if depth <= DEPTH or alone or right.dtype in HALF:
        return [slice(None)]
    return [slice(start, start + DEPTH) for start in range(0, depth, DEPTH)]


def _columns(owned: tuple[int, int], mode: Mode) -> tuple[int, int]:
    """The columns to multiply: whole blocks where a rank's bits must be those of a longer one.

    The rest of a block is zero in A, B and U. A GEMM of 1 column, and in fp16 of a number that
    is no multiple of 8, is summed in another order.
    """
    lo, hi = owned
    return (lo, hi) if mode == "fast" else (lo, lo - (lo - hi) // COLUMN_BLOCK * COLUMN_BLOCK)


def _parts(batch: LoraBatch) -> Iterator[tuple[int, int, int, int, int, float]]:
    """(start, stop, first column of U, columns of B lo, hi, scale) of adapters with a rank."""
    layout: Layout = batch.layout
    for start, stop, slot in batch.rows.segments:
        lo, hi = _columns(layout.columns[slot], batch.mode)
        if lo < hi:
            yield start, stop, layout.offsets[slot], lo, hi, layout.scales[slot]


@dataclass(frozen=True, slots=True)
class _Even:
    """Arms of equal length and rank at equal distances, as views of one more dimension."""

    start: int
    count: int
    length: int
    """Of each arm, in rows."""
    rank: int
    first: int
    step: int
    """From one adapter's rows of A or B to the next's."""
    u_first: int
    u_step: int

    def rows(self, x: Tensor) -> Tensor:
        """Rows [T, D] → [count, length, D]."""
        mine = x[self.start : self.start + self.count * self.length]
        return mine.view(self.count, self.length, x.shape[1])

    def adapters(self, packed: Tensor) -> Tensor:
        """A or B [R, D] → [count, rank, D]."""
        across, along = packed.stride()
        return packed[self.first :].as_strided(
            (self.count, self.rank, packed.shape[1]), (self.step * across, across, along)
        )

    def columns(self, u: Tensor) -> Tensor:
        """U [T, width] → [count, length, rank]."""
        across, along = u.stride()
        return u[self.start :, self.u_first :].as_strided(
            (self.count, self.length, self.rank),
            (self.length * across + self.u_step * along, across, along),
        )


def _even(
    batch: LoraBatch,
    ranges: Sequence[tuple[int, int]],
    offsets: Sequence[int],
    dtype: torch.dtype,
) -> _Even | None:
    """The arms as one batched product over these columns, where that is possible and faster."""
    segments, limit = batch.rows.segments, EVEN_ROWS_HALF if dtype in HALF else EVEN_ROWS
    if batch.mode != "fast" or batch.rows.order is not None or len(segments) < 2:
        return None
    start, stop, slot = segments[0]
    length, rank = stop - start, ranges[slot][1] - ranges[slot][0]
    slots = [slot for *_, slot in segments]
    if not 0 < length <= limit or not rank or any(e - b != length for b, e, _ in segments):
        return None
    steps = {ranges[two][0] - ranges[one][0] for one, two in pairwise(slots)}
    u_steps = {offsets[two] - offsets[one] for one, two in pairwise(slots)}
    if len(steps) + len(u_steps) > 2 or any(ranges[s][1] - ranges[s][0] != rank for s in slots):
        return None
    at = (ranges[slot][0], steps.pop(), offsets[slot], u_steps.pop())
    return _Even(start, len(segments), length, rank, *at)
