"""The CPU path: one base GEMM over all rows, then two small GEMMs per segment, in place.

The bits of a BLAS GEMM depend on its number of rows. Measured in fp32 with MKL: with one thread
any 16 rows or more agree, with more threads multiples of 4 × threads do. Every GEMM here runs
over such a number, so a row's bits do not depend on how many others share its batch.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from .batch import LoraBatch, Segment

ROW_BLOCK = 4
MIN_ROWS = 16


def cpu_lora(
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    batch: LoraBatch,
    bias: Tensor | None,
) -> Tensor:
    """Rows [T, K] → [T, N]; see :func:`op.fused_lora`."""
    rows = x if batch.order is None else x[batch.order]
    y = linear(_padded(rows), weight, bias)[: len(rows)]
    for segment in batch.segments:
        _add_segment(y, rows, lora_a, lora_b, segment)
    if batch.order is None:
        return y
    return torch.empty_like(y).index_copy_(0, batch.order, y)


def _add_segment(y: Tensor, x: Tensor, lora_a: Tensor, lora_b: Tensor, segment: Segment) -> None:
    """y[segment] += scale · (x Aᵀ) B, without a temporary where no padding is needed."""
    mine = slice(segment.start, segment.stop)
    owned = slice(segment.lo, segment.hi)
    part = x[mine]
    u = linear(_padded(part), lora_a[owned])
    if len(u) == len(part):
        y[mine].addmm_(u, lora_b[owned], alpha=segment.scale)
    else:
        y[mine].add_((u @ lora_b[owned])[: len(part)], alpha=segment.scale)


def _padded(rows: Tensor) -> Tensor:
    """Zero rows appended up to the next safe number of rows; the input itself where it is one."""
    threads = torch.get_num_threads()
    block = ROW_BLOCK * threads if threads > 1 else 1
    count = max(-(-len(rows) // block) * block, MIN_ROWS)
    return rows if count == len(rows) else pad(rows, (0, 0, 0, count - len(rows)))
