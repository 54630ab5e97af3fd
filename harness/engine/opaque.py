"""Linears whose weight cannot be read: quantised ones, of whatever library."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.engine.pins import LINEAR_TYPES

_READABLE = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
_ROWS = 4


def is_opaque(module: nn.Module) -> bool:
    """Whether a module is a linear that only its own forward can compute."""
    weight = getattr(module, "weight", None)
    if type(module) in LINEAR_TYPES:
        # torchao keeps the module and puts a tensor of its own class in the weight's place
        plain = type(weight) in (Tensor, nn.Parameter)
        return not plain or weight.dtype not in _READABLE  # type: ignore[union-attr]
    return hasattr(module, "in_features") and hasattr(module, "out_features")


@torch.no_grad()
def couples_rows(module: nn.Module, dtype: torch.dtype) -> bool:
    """Whether one row of a batch changes the others' outputs.

    Dynamic quantisation with one scale per tensor does: a row of large values costs all others
    their precision. Found by trying, because every library names it differently.
    """
    size = module.in_features
    assert isinstance(size, int)
    device = next((t.device for t in module.state_dict().values() if isinstance(t, Tensor)), None)
    rows = torch.linspace(-1, 1, _ROWS * size, dtype=torch.float32).view(_ROWS, size)
    rows = rows.to(device=device or "cpu", dtype=dtype)
    louder = rows.clone()
    louder[-1] *= 1000
    return not torch.equal(module(rows)[:-1], module(louder)[:-1])
