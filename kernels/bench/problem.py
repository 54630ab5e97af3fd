"""One linear, its adapters and the rows of one batch, the same for every provider."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

RANKS = (8, 8, 16, 16, 32, 32, 64, 64)
"""Of the adapters; the base is one more arm."""
SMALL = 0.05
"""Of B: an adapter adds a tenth to a quarter of what the base says, as trained ones do."""


@dataclass(frozen=True)
class Problem:
    """T rows in equal shares: first the base's, then each adapter's."""

    rows: int
    """T, a multiple of the number of arms."""
    inputs: int
    outputs: int
    dtype: torch.dtype
    ranks: tuple[int, ...] = RANKS

    @property
    def arms(self) -> int:
        """Adapters and the base."""
        return len(self.ranks) + 1

    @cached_property
    def index(self) -> list[int]:
        """The adapter of each arm's rows."""
        return list(range(-1, len(self.ranks)))

    @property
    def each(self) -> int:
        """Rows of one arm."""
        return self.rows // self.arms

    @cached_property
    def x(self) -> Tensor:
        """Inputs [T, K]."""
        return self._random(self.rows, self.inputs)

    @cached_property
    def weight(self) -> Tensor:
        """Of the base, [N, K]."""
        scaled: Tensor = self._random(self.outputs, self.inputs) / self.inputs**0.5
        return scaled

    @cached_property
    def adapters(self) -> list[tuple[Tensor, Tensor, float]]:
        """lora_a [r, K], lora_b [N, r] and scale of each."""
        return [
            (
                self._random(r, self.inputs) / self.inputs**0.5,
                self._random(self.outputs, r) * SMALL,
                16 / r,
            )
            for r in self.ranks
        ]

    @cached_property
    def exact(self) -> Tensor:
        """[T, N] in fp64, arm by arm from the adapters themselves."""
        x, y = self.x.double(), self.x.double() @ self.weight.double().T
        for place, (a, b, scale) in enumerate(self.adapters, start=1):
            mine = slice(place * self.each, (place + 1) * self.each)
            y[mine] += scale * (x[mine] @ a.double().T) @ b.double().T
        return y

    def _random(self, *shape: int) -> Tensor:
        rng = torch.Generator().manual_seed(sum(shape))
        return torch.randn(*shape, generator=rng).to(self.dtype)
