"""The fused linear on the CPU: the formula, PEFT as its oracle, and what never leaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from harness.kernels.multi_lora import (
    Layout,
    LoraBatch,
    Packed,
    cpu,
    expand_,
    fused_lora,
    linear_expand,
    naive_lora,
    pack_adapters,
    share_shrink,
    shrink,
)

from .reference import BOUNDS, Linear, assert_same_bits, error, rows

MODES = pytest.mark.parametrize("mode", ["deterministic", "fast"])
DTYPES = pytest.mark.parametrize("dtype", BOUNDS, ids=lambda dtype: str(dtype)[6:])


@settings(max_examples=60)
@given(
    index=st.lists(st.integers(-1, 3), max_size=70),
    ranks=st.lists(st.sampled_from([None, 1, 3, 8, 16, 17, 24, 128, 256]), min_size=4, max_size=4),
    n=st.sampled_from([1, 7, 33, 128]),
    k=st.sampled_from([1, 5, 32, 100]),
    dtype=st.sampled_from([*BOUNDS]),
    mode=st.sampled_from(["deterministic", "fast"]),
    view=st.sampled_from(["contiguous", "conv1d", "offset", "transposed"]),
    ascending=st.booleans(),
)
def test_it_is_the_formula(index, ranks, n, k, dtype, mode, view, ascending) -> None:
    """Any ranks, shapes, strides and order of rows, base rows and absent adapters."""
    index = sorted(index) if ascending else index
    linear, x = Linear.random(ranks, n, k, dtype), rows(len(index), k, dtype)
    packed, weight, given = linear.packed, linear.weight, x
    if view == "conv1d":
        weight = weight.T.contiguous().T
    elif view == "offset":
        given = torch.full((len(x) + 1, k + 9), torch.nan, dtype=dtype)[1:, 3 : 3 + k]
        given.copy_(x)
    elif view == "transposed":
        given = x.T.contiguous().T
    batch = LoraBatch.build(index, packed.layout, mode=mode)
    actual = fused_lora(given, weight, packed.lora_a, packed.lora_b, batch, linear.bias)
    # Against the sum of absolute terms: with few outputs the terms may cancel to almost nothing.
    sizes = [part and (part[0].abs(), part[1].abs(), part[2]) for part in linear.adapters]
    terms = Linear(linear.weight.abs(), linear.bias.abs(), sizes).exact(x.abs(), index)
    gap = actual.double() - linear.exact(x, index)
    assert bool((gap.norm(dim=-1) <= BOUNDS[dtype] * terms.norm(dim=-1)).all())


@given(index=st.lists(st.integers(-1, 3), max_size=20), repeat=st.integers(1, 4))
def test_in_fp64_it_is_exact(index: list[int], repeat: int) -> None:
    """The reference and the fused path; tokens of a sequence share an arm."""
    linear = Linear.random((2, None, 5, 1), 9, 6, torch.float64)
    x, packed = rows(len(index) * repeat, 6, torch.float64), linear.packed
    batch = LoraBatch.build(index, packed.layout, repeat)
    expected = linear.exact(x, [slot for slot in index for _ in range(repeat)])
    for call in (naive_lora, fused_lora):
        y = call(x, linear.weight, packed.lora_a, packed.lora_b, batch, linear.bias)
        assert error(y, expected) < 1e-12


@pytest.fixture(scope="module", params=BOUNDS, ids=lambda dtype: str(dtype)[6:])
def mixed(request) -> tuple[Linear, Tensor, list[int], Tensor]:
    """A linear of several arms, rows of each, and what PEFT's mixed batch makes of them."""
    from peft import LoraConfig
    from peft.tuners.lora import Linear as PeftLinear

    dtype = request.param
    linear = Linear.random((8, 24, 16), 96, 200, dtype)
    index = [-1] * 9 + [0] * 7 + [1] * 20 + [2] * 13
    x = rows(len(index), 200, dtype)
    base = nn.Linear(200, 96, dtype=dtype)
    with torch.no_grad():
        base.weight.copy_(linear.weight)
        base.bias.copy_(linear.bias)
        layer = None
        for slot, (a, b, scale) in enumerate(linear.adapters):
            config = LoraConfig(r=len(a), lora_alpha=scale * len(a))
            if layer is None:
                layer = PeftLinear(
                    base, str(slot), config=config, r=len(a), lora_alpha=config.lora_alpha
                )
            else:
                layer.update_layer(str(slot), len(a), config.lora_alpha, config=config)
            layer.lora_A[str(slot)].to(dtype).weight.copy_(a)
            layer.lora_B[str(slot)].to(dtype).weight.copy_(b)
        names = ["__base__" if slot < 0 else str(slot) for slot in index]
        return linear, x, index, layer.eval()(x, adapter_names=names)


@MODES
def test_it_errs_less_than_peft(mixed, mode) -> None:
    """Unmodified ``lora.Linear`` on the same mixed batch, both measured against fp64."""
    linear, x, index, theirs = mixed
    exact = linear.exact(x, index)
    bound = BOUNDS[x.dtype]
    assert error(theirs, exact) < 2 * bound, "the oracle computes the same thing"
    ours = linear(x, index, mode)
    assert error(ours, exact) <= bound
    assert error(ours, exact) <= 1.05 * error(theirs, exact)


@MODES
@DTYPES
def test_long_sums_stay_within_the_bound(dtype: torch.dtype, mode) -> None:
    """K of 16,384, base and adapter rows."""
    linear, index = Linear.random((16, 3), 24, 16_384, dtype), [-1] * 3 + [0] * 17 + [1] * 4
    x = rows(24, 16_384, dtype)
    assert error(linear(x, index, mode), linear.exact(x, index)) <= BOUNDS[dtype]


def dropped(packed: Packed, index: list[int]) -> tuple[Packed, list[int]]:
    """Without the last column of each rank."""
    b = packed.lora_b.clone()
    b[[hi - 1 for _, hi in packed.layout.columns]] = 0
    return Packed(packed.lora_a, b, packed.layout), index


def rescaled(packed: Packed, index: list[int]) -> tuple[Packed, list[int]]:
    """Scales off by a thousandth."""
    scales = [scale * 1.001 for scale in packed.layout.scales]
    layout = Layout.build(packed.layout.columns, scales)
    return Packed(packed.lora_a, packed.lora_b, layout), index


MUTATIONS: dict[str, Callable[[Packed, list[int]], tuple[Packed, list[int]]]] = {
    "dropped rank column": dropped,
    "flipped sign": lambda p, index: (Packed(p.lora_a, -p.lora_b, p.layout), index),
    "off-by-one segment": lambda p, index: (p, [index[0], *index[:-1]]),
    "swapped adapters": lambda p, index: (p, [{0: 1, 1: 0}.get(slot, slot) for slot in index]),
    "scale": rescaled,
}


@MODES
@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_control_each_mutation_breaks_the_bound(mutation, mode) -> None:
    """The check that the tests above make is one that each of these fails."""
    linear, index = Linear.random((8, 24)), [-1] * 5 + [0] * 16 + [1] * 11
    x = rows(32)
    expected, bound = linear.exact(x, index), BOUNDS[torch.float32]
    assert error(linear(x, index, mode), expected) <= bound
    packed, wrong = mutation(linear.packed, index)
    assert error(linear(x, wrong, mode, packed), expected) > 50 * bound


@MODES
def test_an_absent_adapter_cannot_leak(mode) -> None:
    """NaN in an adapter that no row uses."""
    linear, index = Linear.random((3, 5, 3)), [-1] * 4 + [0] * 4 + [2] * 4
    x, packed = rows(12), linear.packed
    expected = linear(x, index, mode)
    packed.lora_a[16:32], packed.lora_b[16:32] = torch.nan, torch.nan
    assert_same_bits(linear(x, index, mode, packed), expected)
    assert linear(x, [1] * 12, mode, packed).isnan().all()


@MODES
@pytest.mark.parametrize("index", [[-1, 0, 0, 2, 2, 2], [2, 0, -1, 2, 0, 2], [0, 0, 2, 2]])
def test_nan_in_scratch_does_not_leak(index: list[int], mode) -> None:
    """Whatever stands in U where a row owns nothing."""
    linear, x = Linear.random((3, 5, 20)), rows(len(index))
    packed = linear.packed
    batch = LoraBatch.build(index, packed.layout, mode=mode)
    u = shrink(x, packed.lora_a, batch)
    for place, slot in enumerate(sorted(index)):
        u[place, (0, 16, 16, 32)[slot + 1] :] = torch.nan
    y = linear_expand(x, linear.weight, u, packed.lora_b, batch, linear.bias)
    assert error(y, linear.exact(x, index)) <= BOUNDS[torch.float32]


@pytest.mark.parametrize("place", [0, 7, 23])
def test_one_row_of_a_changes_its_adapter_alone(place: int) -> None:
    """By the predicted amount, in every row and output of it, the last included."""
    linear, index = Linear.random((24, 24)), [-1] * 5 + [0] * 6 + [1] * 7
    x = rows(18)
    before = linear(x, index)
    a, b, scale = linear.adapters[1]
    change = rows(1, seed=7)[0]
    a[place] += change
    moved = linear(x, index) - before
    assert not moved[:11].any()
    expected = scale * (x[11:].double() @ change.double())[:, None] * b[:, place].double()
    assert error(moved[11:], expected) < 1e-5
    assert bool((moved[11:] != 0).all())


@pytest.mark.parametrize("shape", [(0,), (3, 5), (2, 0), (2, 3, 4)])
@MODES
def test_leading_dimensions_are_kept(shape: tuple[int, ...], mode) -> None:
    """No rows, and batches of sequences."""
    linear = Linear.random((2,), 6, 4)
    packed, x = linear.packed, torch.randn(*shape, 4)
    count = x.numel() // 4
    batch = LoraBatch.build([0] * count, packed.layout, mode=mode)
    y = fused_lora(x, linear.weight, packed.lora_a, packed.lora_b, batch, linear.bias)
    assert y.shape == (*shape, 6)
    assert_same_bits(y.reshape(-1, 6), linear(x.reshape(-1, 4), [0] * count, mode))


@MODES
def test_no_adapters_at_all(mode) -> None:
    """A batch of base rows over a linear without adapters is the base linear."""
    linear, x = Linear.random(()), rows(10)
    assert error(linear(x, [-1] * 10, mode), linear.exact(x, [-1] * 10)) <= BOUNDS[torch.float32]


@MODES
@DTYPES
@pytest.mark.parametrize("index", [[-1] * 2 + [0] * 20 + [1] * 3 + [3] * 5, [3, 1, -1, 0, 1, 3]])
def test_linears_of_one_input_share_a_shrink(dtype: torch.dtype, mode, index: list[int]) -> None:
    """With other ranks, scales, and adapters that have no part in some of them."""
    linears = [
        Linear.random(ranks, n, 50, dtype, seed=n)
        for ranks, n in [((8, None, 3, 17), 40), ((4, 16, None, None), 24), ((None, 2, 30, 5), 33)]
    ]
    x = rows(len(index), 50, dtype)
    shared = share_shrink([linear.packed for linear in linears])
    u = shrink(x, shared[0].lora_a, LoraBatch.build(index, shared[0].layout, mode=mode))
    for linear, packed in zip(linears, shared, strict=True):
        batch = LoraBatch.build(index, packed.layout, mode=mode)
        y = linear_expand(x, linear.weight, u, packed.lora_b, batch, linear.bias)
        assert error(y, linear.exact(x, index)) <= BOUNDS[dtype]
        alone = linear(x, index, mode, packed)
        assert_same_bits(y, alone)


@MODES
def test_expand_adds_in_place_to_the_base(mode) -> None:
    """For bases whose weight cannot be read; base rows are not touched."""
    linear, index = Linear.random((4, 20)), [-1] * 6 + [0] * 7 + [1] * 19
    x, packed = rows(32), linear.packed
    batch = LoraBatch.build(index, packed.layout, mode=mode)
    y = nn.functional.linear(x, linear.weight, linear.bias)
    before = y.clone()
    expand_(y, shrink(x, packed.lora_a, batch), packed.lora_b, batch)
    assert error(y, linear.exact(x, index)) <= BOUNDS[torch.float32]
    assert_same_bits(y[:6], before[:6])


EVEN = [-1] * 3 + [0] * 5 + [1] * 5 + [2] * 5


@DTYPES
@MODES
@pytest.mark.parametrize(
    ("ranks", "index", "products"),
    [
        ((12, 12, 12), EVEN, 1),
        ((12, 12, 8), EVEN, 1),
        ((12, 40, 12), [-1, 0, 0, 2, 2], 1),
        ((12, 12, 20), EVEN, 2),
        ((12, 40, 12), EVEN, 3),
        ((12, None, 12), EVEN, 2),
        ((12, 12, 12), [*EVEN, 2], 2),
        ((12, 12, 12), [*EVEN[3:], -1], 1),
        ((12, 12, 12), [-1, -1], 0),
    ],
    ids=[
        "alike", "of one block", "not neighbours", "a longer rank", "ranks in turn",
        "no part between", "another length", "unsorted", "base only",
    ],
)  # fmt: skip
def test_alike_arms_are_one_batched_product(
    ranks: Sequence[int | None], index: list[int], products: int, dtype, mode, monkeypatch
) -> None:
    """Where length and rank agree; right in any case, and each product is asked for but once."""
    linear = Linear.random(ranks, dtype=dtype)
    seen = []
    original = cpu.multiply
    monkeypatch.setattr(cpu, "multiply", lambda *a, **b: seen.append(1) or original(*a, **b))
    x = rows(len(index), dtype=dtype)
    assert error(linear(x, index, mode), linear.exact(x, index)) <= BOUNDS[dtype]
    assert len(seen) == 2 * products


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("k", [40, 520, 1408])
def test_a_stack_has_the_bits_of_its_arms_alone(threads: int, k: int) -> None:
    """One batched product of many arms, or each of them in a call of its own."""
    linear = Linear.random((12, 12, 12), k=k)
    index, before = [0] * 37 + [1] * 37 + [2] * 37, torch.get_num_threads()
    x = rows(len(index), k)
    torch.set_num_threads(threads)
    try:
        together = linear(x, index)
        for slot in range(3):
            mine = slice(37 * slot, 37 * slot + 37)
            assert_same_bits(linear(x[mine], [slot] * 37), together[mine])
    finally:
        torch.set_num_threads(before)


def test_tables_of_another_batch_are_refused() -> None:
    """Tables for all rows cannot be used on some of them."""
    linear = Linear.random((2,))
    packed = linear.packed
    batch = LoraBatch.build([0] * 8, packed.layout)
    with pytest.raises(ValueError, match="for 8 rows, x has 7"):
        fused_lora(rows(7), linear.weight, packed.lora_a, packed.lora_b, batch, linear.bias)


def test_dtypes_do_not_mix() -> None:
    """Of inputs, base and adapters."""
    linear = Linear.random((2,))
    with pytest.raises(
        ValueError, match=r"inputs in torch\.bfloat16 and weights in torch\.float32"
    ):
        linear(rows(3, dtype=torch.bfloat16), [0, 0, 0])
    packed = dataclasses.replace(linear.packed, lora_b=linear.packed.lora_b.bfloat16())
    with pytest.raises(ValueError, match=r"go with adapters in torch\.float32, these are in"):
        linear(rows(3), [0, 0, 0], packed=packed)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_adapters_of_a_16_bit_base_stay_in_fp32(dtype: torch.dtype) -> None:
    """Where few CPUs multiply 16-bit numbers as fast: no bit of theirs is lost."""
    adapter = Linear.random((4,)).adapters
    packed = pack_adapters(adapter, Linear.random((), dtype=dtype).weight)
    assert adapter[0] is not None
    assert torch.equal(packed.lora_a[:4], adapter[0][0])
    assert torch.equal(packed.lora_b[:4], adapter[0][1].T)
