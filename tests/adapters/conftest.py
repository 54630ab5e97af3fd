"""Adapter and base directories written by hand: no torch, no peft."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

LAYERS, WIDTH, INNER = 2, 8, 12
SHAPES = {"self_attn.q_proj": (WIDTH, WIDTH), "mlp.down_proj": (WIDTH, INNER)}
"""Linear → (outputs, inputs)."""


class Directories:
    """Writes base and adapter directories under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def base(self, name: str = "base", seed: int = 0, scale: float = 1.0) -> Path:
        """A Llama-like base model: two linears per layer and an embedding."""
        rng = np.random.default_rng(seed)
        tensors = {
            f"model.layers.{layer}.{module}.weight": _noise(rng, shape) * np.float32(scale)
            for layer in range(LAYERS)
            for module, shape in SHAPES.items()
        }
        tensors["model.embed_tokens.weight"] = _noise(rng, (20, WIDTH))
        path = self._directory(name)
        save_file(tensors, path / "model.safetensors")
        (path / "config.json").write_text(json.dumps({"model_type": "llama", "eos_token_id": 1}))
        (path / "tokenizer.json").write_text("{}")
        return path

    def adapter(
        self,
        name: str = "adapter",
        seed: int = 0,
        rank: int = 2,
        modules: Mapping[str, tuple[int, int]] | None = None,
        tensors: Mapping[str, np.ndarray] | None = None,
        **config: Any,
    ) -> Path:
        """A LoRA adapter for it; ``tensors`` replaces or adds, ``config`` overrides."""
        rng = np.random.default_rng(seed)
        content: dict[str, np.ndarray] = {}
        for layer in range(LAYERS):
            for module, (n, k) in (modules or SHAPES).items():
                prefix = f"base_model.model.model.layers.{layer}.{module}"
                content[f"{prefix}.lora_A.weight"] = _noise(rng, (rank, k))
                content[f"{prefix}.lora_B.weight"] = _noise(rng, (n, rank))
        content |= tensors or {}
        stated = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "r": rank,
            "lora_alpha": 2 * rank,
            "target_modules": ["q_proj", "down_proj"],
            "bias": "none",
            "peft_version": "0.21.2",
        } | config
        path = self._directory(name)
        save_file(content, path / "adapter_model.safetensors")
        (path / "adapter_config.json").write_text(json.dumps(stated))
        return path

    def _directory(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


@pytest.fixture
def directories(tmp_path: Path) -> Directories:
    """A maker of directories under this test's own folder."""
    return Directories(tmp_path)
