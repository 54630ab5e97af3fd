"""Linears with adapters for the tests of the CPU path, and what they compute in fp64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.kernels.multi_lora import LoraBatch, Mode, Packed, fused_lora, pack_adapters

BOUNDS = {torch.float32: 2e-6, torch.float16: 8e-4, torch.bfloat16: 5e-3}
"""The largest norm error against fp64, of a row and of all."""


@dataclass(frozen=True)
class Linear:
    """One base linear [N, K] with its adapters, by slot; None has no part in it."""

    weight: Tensor
    bias: Tensor | None
    adapters: list[tuple[Tensor, Tensor, float] | None]

    @classmethod
    def random(
        cls,
        ranks: Sequence[int | None],
        n: int = 40,
        k: int = 72,
        dtype: torch.dtype = torch.float32,
        seed: int = 0,
    ) -> Linear:
        """Weights of a model's size: outputs of base and adapters are about 1.

        Scales are kept in fp32: these are exact there.
        """
        rng = torch.Generator().manual_seed(seed)

        def draw(*shape: int, size: float = 1.0) -> Tensor:
            return (torch.randn(*shape, generator=rng) * size).to(dtype)

        adapters = [
            None if r is None else (draw(r, k, size=k**-0.5), draw(n, r, size=r**-0.5), 0.75 + slot)
            for slot, r in enumerate(ranks)
        ]
        return cls(draw(n, k, size=k**-0.5), draw(n), adapters)

    @property
    def packed(self) -> Packed:
        """The adapters side by side."""
        return pack_adapters(self.adapters, self.weight)

    def __call__(
        self,
        x: Tensor,
        index: Sequence[int],
        mode: Mode = "deterministic",
        packed: Packed | None = None,
    ) -> Tensor:
        """What the fused linear makes of rows x [T, K]."""
        packed = packed or self.packed
        batch = LoraBatch.build(index, packed.layout, mode=mode)
        return fused_lora(x, self.weight, packed.lora_a, packed.lora_b, batch, self.bias)

    def exact(self, x: Tensor, index: Sequence[int]) -> Tensor:
        """Fp64, one row at a time, from the adapters themselves and not from any table."""
        y = x.double() @ self.weight.double().T
        if self.bias is not None:
            y = y + self.bias.double()
        for row, slot in enumerate(index):
            if slot >= 0 and (adapter := self.adapters[slot]) is not None:
                a, b, scale = adapter
                y[row] += scale * (b.double() @ (a.double() @ x[row].double()))
        return y


def rows(count: int, k: int = 72, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """Random inputs [T, K]."""
    return torch.randn(count, k, generator=torch.Generator().manual_seed(seed + 1)).to(dtype)


def error(actual: Tensor, expected: Tensor) -> float:
    """Norm error of the worst row, or of all rows together where that is larger; NaN is inf."""
    assert actual.shape == expected.shape
    if not expected.numel():
        return 0.0
    gap = actual.double() - expected
    worst = (gap.norm(dim=-1) / expected.norm(dim=-1)).nan_to_num(torch.inf).max()
    return max(float(worst), float(gap.norm() / expected.norm()))


def assert_same_bits(actual: Tensor, expected: Tensor) -> None:
    """Equal bit for bit; the message names the first place that is not."""
    assert actual.shape == expected.shape
    differs = (actual != expected).nonzero()
    assert not len(differs), f"{len(differs)} values differ, first at {differs[0].tolist()}"
