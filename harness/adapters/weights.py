"""The low-rank matrices of an adapter as tensors, one pair per module."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from harness.adapters.config import read_config
from harness.adapters.inspection import split_name
from harness.adapters.targets import Targets
from harness.errors import AdapterError


@dataclass(frozen=True, slots=True)
class LoraWeights:
    """What one adapter adds to one linear of K inputs and N outputs."""

    lora_a: Tensor
    """[r, K]"""
    lora_b: Tensor
    """[N, r]"""
    scaling: float
    """On B·A: alpha / r, or alpha / √r for rank-stabilised adapters."""
    bias: Tensor | None
    """[N], in place of the linear's own bias; None leaves that."""


def load_weights(directory: Path) -> dict[str, LoraWeights]:
    """Module name in the base model → its weights.

    For adapters of executor ``fused``. Conv1D linears ([K, N], as in GPT-2) need nothing here:
    peft stores their lora_a and lora_b as for any other. Raises AdapterError.
    """
    config = read_config(directory)
    if config.needs_peft:
        raise AdapterError(f"{directory}: only peft can run it: {config.needs_peft}")
    targets = Targets(config)
    parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
    with safe_open(directory / "adapter_model.safetensors", framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 - a safetensors handle is no mapping
            split = split_name(name)
            if split is None:
                raise AdapterError(f"{directory}: {name} is no low-rank part of a linear layer")
            parts[split[0]][split[1]] = file.get_tensor(name)
    return {
        module: LoraWeights(
            part["lora_A"], part["lora_B"], targets.scaling(module), part.get("bias")
        )
        for module, part in parts.items()
    }
