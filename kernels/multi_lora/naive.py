"""The reference: what the fused linear computes, row by row, in any dtype."""

from __future__ import annotations

import torch
from torch import Tensor

from .batch import LoraBatch


def naive_lora(
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    batch: LoraBatch,
    bias: Tensor | None = None,
) -> Tensor:
    """Same shapes and meaning as :func:`op.fused_lora`: y = x Wᵀ + bias + s·(x Aᵀ) B, by rows."""
    rows, layout = x.reshape(-1, x.shape[-1]), batch.layout
    y = torch.nn.functional.linear(rows, weight, bias)
    for row, slot in enumerate(batch.rows.slots.tolist()):
        if slot >= 0:
            (lo, hi), at = layout.columns[slot], layout.offsets[slot]
            u = rows[row] @ lora_a[at : at + hi - lo].T
            y[row] += layout.scales[slot] * u @ lora_b[lo:hi]
    return y.reshape(*x.shape[:-1], len(weight))
