"""The public call."""

from __future__ import annotations

from torch import Tensor

from .batch import LoraBatch
from .cpu import cpu_lora


def fused_lora(
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    batch: LoraBatch,
    bias: Tensor | None = None,
) -> Tensor:
    """Compute y = x Wᵀ + bias + s_a · (x A_aᵀ) B_a with the adapter ``a`` of each row.

    Shapes: x [..., K] with T = product of the leading dimensions, weight [N, K], lora_a [R, K],
    lora_b [R, N] (see ``pack``), bias [N]; returns [..., N] in x's dtype. Raises ValueError
    where ``batch`` was built for another number of rows, or on a device without a path.
    """
    rows = x.reshape(-1, x.shape[-1])
    if len(rows) != batch.rows:
        raise ValueError(f"the batch tables are for {batch.rows} rows, x has {len(rows)}")
    if x.device.type != "cpu":
        raise ValueError(f"no path for device {x.device.type!r}: only cpu")
    y = cpu_lora(rows, weight, lora_a, lora_b, batch, bias)
    return y.reshape(*x.shape[:-1], weight.shape[0])
