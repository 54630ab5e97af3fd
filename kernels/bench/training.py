"""Forward and backward of one adapter: ours, and peft's way with a chain of separate calls."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..multi_lora import LoraBatch, fused_lora, pack_adapters
from .problem import Problem
from .providers import peft_linear


def steps(problem: Problem) -> dict[str, Callable[[], object]]:
    """Gradients of x, A and B by provider; every row is the one adapter's."""
    x = problem.x.clone().requires_grad_()
    dy = torch.ones(problem.rows, problem.outputs, dtype=problem.dtype)
    packed = pack_adapters(problem.adapters, problem.weight)
    a, b = packed.lora_a.requires_grad_(), packed.lora_b.requires_grad_()
    batch = LoraBatch.build([0], packed.layout, problem.rows, "fast")
    layer = peft_linear(problem)
    theirs = [x, layer.lora_A["a0"].weight, layer.lora_B["a0"].weight]
    for tensor in theirs:
        tensor.requires_grad_()

    def ours() -> tuple[Tensor, ...]:
        y = fused_lora(x, problem.weight, a, b, batch)
        return torch.autograd.grad(y, [x, a, b], dy)

    def peft() -> tuple[Tensor, ...]:
        return torch.autograd.grad(layer(x), theirs, dy)

    return {"ours": ours, "peft": peft}
