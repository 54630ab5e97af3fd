"""The fused linear as an operator of torch: gradients, compilation, and who may call it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import linear

from harness.kernels.multi_lora import LoraBatch, Packed, fused_lora, pack_adapters
from harness.kernels.multi_lora.op import _flat, _fused

K, N = 12, 20
RANKS = (3, None, 1, 17)


def made(dtype: torch.dtype = torch.float64, seed: int = 0) -> tuple[Tensor, Tensor, Packed]:
    """Weight, bias, and four adapters, of which the second has no part in the linear."""
    rng = torch.Generator().manual_seed(seed)
    weight, bias = torch.randn(N, K, generator=rng), torch.randn(N, generator=rng)
    adapters = [
        None
        if rank is None
        else (torch.randn(rank, K, generator=rng), torch.randn(N, rank, generator=rng), 0.5 + rank)
        for rank in RANKS
    ]
    weight = weight.to(dtype)
    return weight, bias.to(dtype), pack_adapters(adapters, weight)


def rows(count: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(count, K, generator=torch.Generator().manual_seed(9)).to(dtype)


def composed(
    x: Tensor, weight: Tensor, bias: Tensor, packed: Packed, index: Sequence[int]
) -> Tensor:
    """Row by row from torch's own differentiable parts."""
    layout, result = packed.layout, []
    for row, slot in zip(x, index, strict=True):
        y = linear(row, weight, bias)
        if slot >= 0:
            lo, hi = layout.columns[slot]
            y = y + layout.scales[slot] * (packed.lora_a[lo:hi] @ row) @ packed.lora_b[lo:hi]
        result.append(y)
    return torch.stack(result)


def learning(packed: Packed) -> tuple[Tensor, Tensor]:
    return packed.lora_a.clone().requires_grad_(), packed.lora_b.clone().requires_grad_()


INDEX = (-1, 0, 0, 2, 3, 3, 3)


@settings(max_examples=25)
@given(index=st.lists(st.sampled_from([-1, 0, 1, 2, 3]), min_size=1, max_size=12))
def test_gradients_are_those_of_the_composed_formula(index: list[int]) -> None:
    """Of x, A and B, for rows in any order; fp64, against torch's own autograd."""
    weight, bias, packed = made()
    batch = LoraBatch.build(index, packed.layout)
    seed = torch.randn(len(index), N, generator=torch.Generator().manual_seed(1)).double()
    found = []
    for fused in (True, False):
        x, (a, b) = rows(len(index)).requires_grad_(), learning(packed)
        mine = Packed(a, b, packed.layout)
        if fused:
            y = fused_lora(x, weight, a, b, batch, bias)
        else:
            y = composed(x, weight, bias, mine, index)
        y.backward(seed)
        zero = torch.zeros_like
        found.append([y, x.grad, *(zero(t) if t.grad is None else t.grad for t in (a, b))])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_numerical_gradients_agree() -> None:
    """Gradcheck in fp64, along random directions."""
    weight, bias, packed = made()
    batch = LoraBatch.build(INDEX, packed.layout)
    a, b = learning(packed)
    x = rows(len(INDEX)).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, a, b: fused_lora(x, weight, a, b, batch, bias), (x, a, b), fast_mode=True
    )


@pytest.mark.parametrize("index", [(-1, -1), (0, 0), (-1, 3, 3)])
def test_who_has_no_row_has_no_gradient(index: tuple[int, ...]) -> None:
    """Exactly zero: for absent adapters, and for the padding between adapters."""
    weight, bias, packed = made()
    a, b = learning(packed)
    fused_lora(
        rows(len(index)), weight, a, b, LoraBatch.build(index, packed.layout), bias
    ).sum().backward()
    owned = {c for slot in index if slot >= 0 for c in range(*packed.layout.columns[slot])}
    for grad in (a.grad, b.grad):
        for column in range(len(a)):
            assert bool((grad[column] != 0).any()) == (column in owned), column


def test_two_runs_have_the_same_gradients() -> None:
    """Bit for bit: sums are in a fixed order."""
    weight, bias, packed = made(torch.float32)
    index = [-1] * 40 + [0] * 50 + [3] * 60
    grads = []
    for _ in range(2):
        a, b = learning(packed)
        y = fused_lora(
            rows(150, torch.float32), weight, a, b, LoraBatch.build(index, packed.layout), bias
        )
        y.square().sum().backward()
        grads.append((a.grad, b.grad))
    assert torch.equal(grads[0][0], grads[1][0])
    assert torch.equal(grads[0][1], grads[1][1])


@pytest.mark.parametrize("index", [INDEX, tuple(reversed(INDEX))], ids=["sorted", "unsorted"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_torch_finds_nothing_wrong_with_the_operator(index, dtype) -> None:
    """``opcheck``: schema, fake tensors, autograd registration, compiled with dynamic shapes."""
    weight, bias, packed = made(dtype)
    a, b = learning(packed)
    flat = _flat(LoraBatch.build(index, packed.layout))
    torch.library.opcheck(
        _fused, (rows(len(index), dtype).requires_grad_(), weight, a, b, bias, *flat)
    )


def test_a_training_step_compiles_into_one_graph() -> None:
    """``fullgraph=True``, and again for a batch of other rows; the same numbers as without."""
    weight, bias, packed = made(torch.float32)

    def loss(x: Tensor, a: Tensor, b: Tensor, batch: LoraBatch) -> Tensor:
        return fused_lora(torch.tanh(x), weight, a, b, batch, bias).square().mean()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for index in (INDEX, (-1, 1, 2, 2), (3,) * 9):
        batch, results = LoraBatch.build(index, packed.layout), []
        for run in (loss, compiled):
            a, b = learning(packed)
            value = run(rows(len(index), torch.float32), a, b, batch)
            value.backward()
            results.append((value.detach(), a.grad, b.grad))
        for plain, fast in zip(*results, strict=True):
            torch.testing.assert_close(plain, fast)


@pytest.mark.parametrize("which", ["weight", "bias"])
def test_the_base_is_frozen(which: str) -> None:
    """A gradient that nobody computes is refused, not forgotten."""
    weight, bias, packed = made()
    {"weight": weight, "bias": bias}[which].requires_grad_()
    batch = LoraBatch.build([0], packed.layout)
    with pytest.raises(ValueError, match="the base is frozen"):
        fused_lora(rows(1), weight, packed.lora_a, packed.lora_b, batch, bias)


def test_gradients_flow_through_what_is_before_and_after() -> None:
    """Leading dimensions, and an input that is not contiguous."""
    weight, bias, packed = made()
    x = rows(6).view(2, 3, K).transpose(0, 1).requires_grad_()
    batch = LoraBatch.build([0, 2, -1], packed.layout, repeat=2)
    y = fused_lora(x * 2, weight, packed.lora_a, packed.lora_b, batch, bias)
    assert y.shape == (3, 2, N)
    (ours,) = torch.autograd.grad(y.sum(), x)
    flat = x.detach().reshape(6, K).requires_grad_()
    expected = composed(flat * 2, weight, bias, packed, [0, 0, 2, 2, -1, -1])
    (theirs,) = torch.autograd.grad(expected.sum(), flat)
    torch.testing.assert_close(ours.reshape(6, K), theirs)
