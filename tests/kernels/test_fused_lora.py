"""The fused linear against fp64, and what must not change a bit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harness.kernels.multi_lora import LoraBatch, Packed, fused_lora, naive_lora, pack

RANKS = (1, 3, 8, 24, 128)
Adapters = list[tuple[Tensor, Tensor, float] | None]


@pytest.fixture(autouse=True)
def _one_thread():
    """Bits of a GEMM depend on the number of threads; the gate sets it once."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_adapters(n: int, k: int, ranks: Sequence[int | None], seed: int = 0) -> Adapters:
    """Random adapters; None has no part in this linear."""
    rng = torch.Generator().manual_seed(seed)
    return [
        None
        if rank is None
        else (
            torch.randn(rank, k, generator=rng) / k**0.5,
            torch.randn(n, rank, generator=rng),
            0.5 + place,
        )
        for place, rank in enumerate(ranks)
    ]


def make_linear(n: int, k: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random weight [N, K] and bias [N]."""
    rng = torch.Generator().manual_seed(seed + 1)
    return torch.randn(n, k, generator=rng) / k**0.5, torch.randn(n, generator=rng)


def rows_of(count: int, k: int, seed: int = 0) -> Tensor:
    """Random inputs [T, K]."""
    return torch.randn(count, k, generator=torch.Generator().manual_seed(seed + 2))


def run(x: Tensor, weight: Tensor, bias: Tensor, packed: Packed, index: Sequence[int]) -> Tensor:
    batch = LoraBatch.build(index, packed.columns, packed.scales)
    return fused_lora(x, weight, packed.lora_a, packed.lora_b, batch, bias)


def exact(
    x: Tensor, weight: Tensor, bias: Tensor, adapters: Adapters, index: Sequence[int]
) -> Tensor:
    """Fp64, one row at a time, from the adapters themselves and not from any table."""
    result = []
    for row, adapter in zip(x.double(), index, strict=True):
        y = weight.double() @ row + bias.double()
        if adapter >= 0 and adapters[adapter] is not None:
            a, b, scale = adapters[adapter]
            y = y + scale * (b.double() @ (a.double() @ row))
        result.append(y)
    return torch.stack(result) if result else x.new_zeros(0, len(weight)).double()


def error(actual: Tensor, expected: Tensor) -> float:
    """Norm error per row, the largest."""
    if not len(expected):
        return 0.0
    gap = (actual.double() - expected).norm(dim=-1) / expected.norm(dim=-1)
    return float(gap.max())


@given(
    index=st.lists(st.integers(-1, 3), max_size=70),
    ranks=st.lists(st.sampled_from([None, *RANKS]), min_size=4, max_size=4),
    n=st.sampled_from([1, 7, 33, 128]),
    k=st.sampled_from([1, 5, 32, 100]),
    seed=st.integers(0, 5),
)
def test_it_is_the_formula(
    index: list[int], ranks: list[int | None], n: int, k: int, seed: int
) -> None:
    """Any ranks, shapes and order of rows, base rows and absent adapters: 1e-6 of fp64."""
    adapters, (weight, bias) = make_adapters(n, k, ranks, seed), make_linear(n, k, seed)
    x, packed = rows_of(len(index), k, seed), pack(adapters, weight)
    gap = run(x, weight, bias, packed, index) - exact(x, weight, bias, adapters, index)
    # Against the sum of absolute terms: with few outputs the terms may cancel to almost nothing.
    sizes = [part and (part[0].abs(), part[1].abs(), part[2]) for part in adapters]
    terms = exact(x.abs(), weight.abs(), bias.abs(), sizes, index)
    assert bool((gap.norm(dim=-1) <= 1e-6 * terms.norm(dim=-1)).all())


@given(index=st.lists(st.integers(-1, 3), max_size=20), repeat=st.integers(1, 4))
def test_the_reference_is_the_formula(index: list[int], repeat: int) -> None:
    """The naive path in fp64 agrees to fp64's own precision; tokens of a sequence share an arm."""
    adapters, (weight, bias) = make_adapters(9, 6, (2, None, 5, 1)), make_linear(9, 6)
    x = rows_of(len(index) * repeat, 6)
    packed = pack(adapters, weight.double())
    batch = LoraBatch.build(index, packed.columns, packed.scales, repeat)
    args = (packed.lora_a, packed.lora_b, batch, bias.double())
    actual = naive_lora(x.double(), weight.double(), *args)
    spread = [adapter for adapter in index for _ in range(repeat)]
    assert error(actual, exact(x, weight, bias, adapters, spread)) < 1e-12
    fused = fused_lora(x.double(), weight.double(), *args)
    assert error(fused, exact(x, weight, bias, adapters, spread)) < 1e-12


@pytest.mark.parametrize(
    "break_it",
    [
        lambda p: Packed(p.lora_a, -p.lora_b, p.columns, p.scales),
        lambda p: Packed(p.lora_a, p.lora_b, p.columns, tuple(s * 1.001 for s in p.scales)),
        lambda p: Packed(p.lora_a, p.lora_b, tuple(reversed(p.columns)), p.scales),
        lambda p: Packed(p.lora_a, p.lora_b, tuple((lo, hi - 1) for lo, hi in p.columns), p.scales),
    ],
    ids=["sign", "scale", "swapped", "short"],
)
def test_control_a_broken_table_is_noticed(break_it) -> None:
    """The tolerance above is tight enough to see each of these."""
    adapters, (weight, bias) = make_adapters(32, 32, (8, 8)), make_linear(32, 32)
    x, index = rows_of(32, 32), [0] * 16 + [1] * 16
    broken = break_it(pack(adapters, weight))
    table = LoraBatch.build(index, sorted(broken.columns), broken.scales)
    if broken.columns != tuple(sorted(broken.columns)):
        table = LoraBatch.build([1 - a for a in index], table.columns, broken.scales)
    actual = fused_lora(x, weight, broken.lora_a, broken.lora_b, table, bias)
    assert error(actual, exact(x, weight, bias, adapters, index)) > 1e-4


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 16, 31, 32, 33, 63, 64, 65, 127, 129])
def test_other_arms_change_no_bit(rows: int) -> None:
    """Of base rows and of an adapter's rows, whoever else is in the batch, in any slot."""
    adapters, (weight, bias) = make_adapters(352, 128, (4, 8, 16)), make_linear(352, 128)
    packed, x = pack(adapters, weight), rows_of(rows, 128)
    swapped = pack([adapters[2], None, adapters[0]], weight)
    others = rows_of(21, 128, seed=9)
    mixed = torch.cat([others[:7], x, x, others[7:]])
    index = [1] * 7 + [-1] * rows + [0] * rows + [2] * 14
    y = run(mixed, weight, bias, packed, index)
    assert torch.equal(y[7 : 7 + rows], run(x, weight, bias, packed, [-1] * rows))
    assert torch.equal(y[7 + rows : 7 + 2 * rows], run(x, weight, bias, packed, [0] * rows))
    assert torch.equal(y[7 + rows : 7 + 2 * rows], run(x, weight, bias, swapped, [2] * rows))


def test_rows_move_with_their_bits() -> None:
    """Any order of rows gives the same rows."""
    adapters, (weight, bias) = make_adapters(40, 24, (4, 24)), make_linear(40, 24)
    packed, x, index = pack(adapters, weight), rows_of(60, 24), [-1, 0, 1] * 20
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    moved = run(x[order], weight, bias, packed, [index[i] for i in order])
    assert torch.equal(moved, run(x, weight, bias, packed, index)[order])


def test_an_absent_adapter_cannot_leak() -> None:
    """NaN in an adapter that no row uses, and in the gaps between adapters' columns."""
    adapters, (weight, bias) = make_adapters(16, 12, (3, 5)), make_linear(16, 12)
    packed, x, index = pack(adapters, weight), rows_of(20, 12), [-1] * 10 + [0] * 10
    expected = run(x, weight, bias, packed, index)
    packed.lora_a[3:], packed.lora_b[3:] = torch.nan, torch.nan
    assert torch.equal(run(x, weight, bias, packed, index), expected)
    assert run(x, weight, bias, packed, [1] * 20).isnan().all()


@pytest.mark.parametrize("shape", [(0,), (3, 5), (2, 0), (2, 3, 4)])
def test_leading_dimensions_are_kept(shape: tuple[int, ...]) -> None:
    """No rows, and batches of sequences."""
    adapters, (weight, bias) = make_adapters(6, 4, (2,)), make_linear(6, 4)
    packed, x = pack(adapters, weight), torch.randn(*shape, 4)
    count = x.numel() // 4
    batch = LoraBatch.build([0] * count, packed.columns, packed.scales)
    y = fused_lora(x, weight, packed.lora_a, packed.lora_b, batch, bias)
    flat = run(x.reshape(-1, 4), weight, bias, packed, [0] * count)
    assert y.shape == (*shape, 6)
    assert torch.equal(y.reshape(-1, 6), flat)


def test_strides_and_offsets_do_not_matter() -> None:
    """A transposed weight (Conv1D), non-contiguous and offset inputs."""
    adapters, (weight, bias) = make_adapters(24, 16, (4,)), make_linear(24, 16)
    packed, x, index = pack(adapters, weight), rows_of(32, 16), [-1] * 16 + [0] * 16
    conv1d = weight.T.contiguous().T
    wide = torch.zeros(33, 40)
    wide[1:, 3:19] = x
    expected = exact(x, weight, bias, adapters, index)
    assert error(run(x, conv1d, bias, packed, index), expected) < 2e-6
    assert error(run(wide[1:, 3:19], weight, bias, packed, index), expected) < 2e-6
    assert error(run(x.T.contiguous().T, weight, bias, packed, index), expected) < 2e-6


@pytest.mark.parametrize(
    ("index", "columns", "scales", "message"),
    [
        ([0, 1], [(0, 2)], [1.0], r"row 1: adapter 1 is outside \[-1, 1\)"),
        ([-2], [(0, 2)], [1.0], "adapter -2"),
        ([0], [(0, 2), (1, 3)], [1.0, 1.0], "overlap"),
        ([0], [(2, 0)], [1.0], "overlap"),
        ([0], [(0, 2)], [float("nan")], "finite"),
        ([0], [(0, 2)], [], "0 scales"),
    ],
)
def test_wrong_tables_are_refused(index, columns, scales, message: str) -> None:
    """Once, when they are built; a −1 can never index the last slot."""
    with pytest.raises(ValueError, match=message):
        LoraBatch.build(index, columns, scales)


def test_tables_of_another_batch_are_refused() -> None:
    """Tables for all rows cannot be used on some of them."""
    adapters, (weight, bias) = make_adapters(6, 4, (2,)), make_linear(6, 4)
    packed = pack(adapters, weight)
    batch = LoraBatch.build([0] * 8, packed.columns, packed.scales)
    with pytest.raises(ValueError, match="for 8 rows, x has 7"):
        fused_lora(rows_of(7, 4), weight, packed.lora_a, packed.lora_b, batch, bias)


@pytest.mark.parametrize(
    "bad", [(torch.ones(2, 5), torch.ones(6, 2)), (torch.ones(2, 4), torch.ones(6, 3))]
)
def test_an_adapter_that_does_not_fit_is_refused(bad: tuple[Tensor, Tensor]) -> None:
    """Shapes are checked when adapters are packed."""
    with pytest.raises(ValueError, match="do not fit a linear of 4 inputs and 6 outputs"):
        pack([(*bad, 1.0)], torch.ones(6, 4))
