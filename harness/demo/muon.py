"""Muon for the inner matrices: half the steps of AdamW for the same base.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon. torch's own works matrix by
matrix in bfloat16, which costs a CPU without such units more than it saves; here matrices of
one shape are orthogonalised together, in single precision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration, chosen in the source for the fastest rise."""
_ITERATIONS = 4


class Muon:
    """Momentum whose direction is orthogonalised; ``rate`` is set by the caller each step."""

    def __init__(self, matrices: Iterable[Tensor], momentum: float = 0.95) -> None:
        self.rate = 0.0
        self._momentum = momentum
        shapes: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
        for matrix in matrices:
            shapes[min(matrix.shape), max(matrix.shape)].append(matrix)
        self._groups = [(group, torch.zeros(len(group), *s)) for s, group in shapes.items()]

    @torch.no_grad()
    def step(self) -> None:
        """Move all matrices along the orthogonalised Nesterov momentum of their gradients."""
        for group, velocity in self._groups:
            gradients = torch.stack([_wide(one.grad) for one in group])
            velocity.lerp_(gradients, 1 - self._momentum)
            directions = orthogonalise(gradients.lerp(velocity, self._momentum))
            for matrix, direction in zip(group, directions, strict=True):
                rows, columns = matrix.shape
                scale = max(1.0, rows / columns) ** 0.5
                matrix.add_(direction if rows <= columns else direction.T, alpha=-self.rate * scale)


def orthogonalise(matrices: Tensor) -> Tensor:
    """Bring all singular values of ``[n, rows ≤ columns]`` matrices close to 1."""
    a, b, c = _COEFFICIENTS
    x: Tensor = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, b * gram + c * gram @ gram, x, beta=a)
    return x


def _wide(gradient: Tensor | None) -> Tensor:
    assert gradient is not None
    return gradient if gradient.shape[0] <= gradient.shape[1] else gradient.T
