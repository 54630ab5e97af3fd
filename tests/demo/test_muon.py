"""Muon against the definition of what it approximates."""

from __future__ import annotations

import torch

from harness.demo.muon import Muon, orthogonalise


def test_all_singular_values_come_close_to_one() -> None:
    """Independent of their size before; the iteration's own band is 0.65 to 1.2."""
    generator = torch.Generator().manual_seed(1)
    matrices = (
        torch.randn(3, 10, 20, generator=generator) * torch.tensor([1e-3, 1.0, 1e3])[:, None, None]
    )
    values = torch.linalg.svdvals(orthogonalise(matrices))
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_the_directions_stay() -> None:
    """Singular vectors are those of the matrix: U Vᵀ of the SVD is the oracle."""
    generator = torch.Generator().manual_seed(2)
    matrix = torch.randn(8, 12, generator=generator)
    u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
    got = orthogonalise(matrix[None])[0]
    cosine = (got * (u @ vt)).sum() / (got.norm() * (u @ vt).norm())
    assert cosine > 0.97


def test_tall_and_wide_matrices_move_against_their_gradient() -> None:
    """A matrix and its transpose with transposed gradients move alike, up to the shape's scale."""
    generator = torch.Generator().manual_seed(3)
    wide, gradient = torch.zeros(4, 9), torch.randn(4, 9, generator=generator)
    tall = torch.zeros(9, 4)
    wide.grad, tall.grad = gradient, gradient.T.clone()
    muon = Muon([wide, tall])
    muon.rate = 0.1
    muon.step()
    assert (wide * gradient).sum() < 0
    torch.testing.assert_close(tall, wide.T * (9 / 4) ** 0.5)
