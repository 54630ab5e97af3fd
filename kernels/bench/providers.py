"""Ways to compute the linear of all arms: ours, and those it is measured against.

A provider prepares what does not change between calls and returns the call that is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from torch import Tensor, nn
from torch.nn.functional import linear

from ..multi_lora import LoraBatch, Mode, fused_lora, pack_adapters
from .problem import Problem

Provider = Callable[[Problem], Callable[[], Tensor]]


def ours(mode: Mode) -> Provider:
    """The fused linear."""

    def prepare(problem: Problem) -> Callable[[], Tensor]:
        packed = pack_adapters(problem.adapters, problem.weight)
        batch = LoraBatch.build(problem.index, packed.layout, problem.each, mode)
        x, weight, a, b = problem.x, problem.weight, packed.lora_a, packed.lora_b
        return lambda: fused_lora(x, weight, a, b, batch)

    return prepare


def base(problem: Problem) -> Callable[[], Tensor]:
    """The same rows without any adapter: what all arms would cost if adapters were free."""
    return lambda: linear(problem.x, problem.weight)


def masked(problem: Problem) -> Callable[[], Tensor]:
    """Base, then shrink and expand apart over the columns of all adapters, the others' masked."""
    a = torch.cat([a for a, _, _ in problem.adapters])
    b = torch.cat([scale * b for _, b, scale in problem.adapters], dim=1).T.contiguous()
    mask = torch.zeros(problem.rows, len(a), dtype=problem.dtype)
    end = 0
    for place, rank in enumerate(problem.ranks, start=1):
        mask[place * problem.each : (place + 1) * problem.each, end : end + rank] = 1
        end += rank
    x, weight = problem.x, problem.weight

    def call() -> Tensor:
        return linear(x, weight).addmm_(linear(x, a).mul_(mask), b)

    return call


def peft(problem: Problem) -> Callable[[], Tensor]:
    """Unmodified peft's mixed batch; its adapters stay in fp32 under a 16-bit base, as it does."""
    layer, names = peft_linear(problem), arm_names(problem)
    x = problem.x.view(problem.arms, problem.each, problem.inputs)
    return lambda: layer(x, adapter_names=names).view(problem.rows, problem.outputs)


def arm_names(problem: Problem) -> list[str]:
    """What peft calls the adapter of each arm."""
    return ["__base__", *(f"a{place}" for place in range(len(problem.ranks)))]


def peft_linear(problem: Problem) -> Any:
    """One linear of peft with all adapters, in evaluation mode."""
    one = nn.Module()
    one.linear = nn.Linear(problem.inputs, problem.outputs, bias=False)
    one.linear.weight = nn.Parameter(problem.weight, requires_grad=False)
    model: Any = None
    for place, (a, b, scale) in enumerate(problem.adapters):
        config = LoraConfig(r=len(a), lora_alpha=round(scale * len(a)), target_modules=["linear"])
        if model is None:
            model = PeftModel(one, config, adapter_name="a0")
        else:
            model.add_adapter(f"a{place}", config)
        layer = model.base_model.model.linear
        layer.lora_A[f"a{place}"].weight.data.copy_(a)
        layer.lora_B[f"a{place}"].weight.data.copy_(b)
    return layer.eval()


PROVIDERS: dict[str, Provider] = {
    "ours, deterministic": ours("deterministic"),
    "ours, fast": ours("fast"),
    "base only": base,
    "base + shrink + expand, masked": masked,
    "peft mixed batch": peft,
}
