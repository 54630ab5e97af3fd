"""Forward and backward of all arms in one batch: ours, and unmodified peft's mixed batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..multi_lora import LoraBatch, fused_lora, pack_adapters
from .problem import Problem
from .providers import arm_names, peft_linear


def steps(problem: Problem) -> dict[str, Callable[[], object]]:
    """Gradients of x and of every A and B, by provider."""
    x = problem.x.clone().requires_grad_()
    dy = torch.ones(problem.rows, problem.outputs, dtype=problem.dtype)
    packed = pack_adapters(problem.adapters, problem.weight)
    a, b = packed.lora_a.requires_grad_(), packed.lora_b.requires_grad_()
    batch = LoraBatch.build(problem.index, packed.layout, problem.each, "fast")
    layer, names = peft_linear(problem), arm_names(problem)
    theirs = [x, *(p for p in layer.parameters() if p is not layer.base_layer.weight)]
    for tensor in theirs:
        tensor.requires_grad_()

    def ours() -> tuple[Tensor, ...]:
        return torch.autograd.grad(fused_lora(x, problem.weight, a, b, batch), [x, a, b], dy)

    def peft() -> tuple[Tensor, ...]:
        rows = x.view(problem.arms, problem.each, problem.inputs)
        y = layer(rows, adapter_names=names)
        return torch.autograd.grad(y, theirs, dy.view_as(y))

    return {"ours": ours, "peft": peft}
