"""Deterministic mode: a row's bits are a matter of the row and its adapter alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from harness.kernels.multi_lora import cpu

from .reference import BOUNDS, Linear, assert_same_bits, rows

DTYPES = pytest.mark.parametrize("dtype", BOUNDS, ids=lambda dtype: str(dtype)[6:])
COUNTS = [1, 2, 3, 5, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129]


@pytest.fixture(autouse=True, params=[1, 2], ids=["one thread", "two threads"])
def _threads(request) -> Iterator[None]:
    """The promise holds at either number; between them bits may differ."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def other_arms_change_no_bit(linear: Linear, counts: list[int], k: int) -> None:
    """Of base rows and of an adapter's, whoever else is in the batch, in any slot."""
    a, _, c = linear.adapters
    moved = Linear(linear.weight, linear.bias, [c, None, a])
    others = rows(21, k, linear.weight.dtype, seed=9)
    for count in counts:
        x = rows(count, k, linear.weight.dtype)
        mixed = torch.cat([others[:7], x, x, others[7:]])
        y = linear(mixed, [1] * 7 + [-1] * count + [0] * count + [2] * 14)
        base, adapted = y[7 : 7 + count], y[7 + count : 7 + 2 * count]
        assert_same_bits(base, linear(x, [-1] * count))
        assert_same_bits(adapted, linear(x, [0] * count))
        assert_same_bits(adapted, moved(x, [2] * count))
        ascending = linear(torch.cat([x, others[:7], x]), [-1] * count + [0] * 7 + [2] * count)
        assert_same_bits(ascending[:count], base)


@DTYPES
def test_other_arms_change_no_bit(dtype: torch.dtype) -> None:
    """At the numbers of rows around which kernels change."""
    other_arms_change_no_bit(Linear.random((4, 8, 16), 352, 128, dtype), COUNTS, 128)


@pytest.mark.parametrize(("n", "k"), [(352, 1024), (7, 100), (1, 33), (16, 1200)])
def test_other_arms_change_no_bit_of_odd_and_long_products(n: int, k: int) -> None:
    """Where MKL cuts a sum by the number of rows, and where it is a product with a vector."""
    other_arms_change_no_bit(Linear.random((24, 8, 3), n, k), [1, 33, 100, 200], k)


def test_control_without_safe_rows_bits_change(monkeypatch) -> None:
    """The test above sees the difference that it is about, on processors that have it."""
    monkeypatch.setattr(cpu, "safe", lambda rows: rows)
    monkeypatch.setattr(cpu, "MIN_ROWS", 1)
    monkeypatch.setattr(cpu, "ROW_BLOCK", 1)
    linear = Linear.random((4, 8, 16), 352, 128)
    x = rows(2, 128)
    if torch.equal(torch.nn.functional.linear(x, linear.weight)[:1], x[:1] @ linear.weight.T):
        pytest.skip("this BLAS has the same bits for one row and for two")
    with pytest.raises(AssertionError, match="values differ"):
        other_arms_change_no_bit(linear, [1, 2, 3], 128)


@DTYPES
def test_rows_and_slots_move_with_their_bits(dtype: torch.dtype) -> None:
    """Any order of rows gives the same rows, sorted or not, and any order of adapters."""
    linear, index = Linear.random((4, None, 24), dtype=dtype), [-1, 0, 1, 2, 2] * 12
    x = rows(60, dtype=dtype)
    y = linear(x, index)
    for order in (
        torch.randperm(60, generator=torch.Generator().manual_seed(0)),
        torch.tensor(index).argsort(),
    ):
        assert_same_bits(linear(x[order], [index[i] for i in order]), y[order])
    moved = Linear(linear.weight, linear.bias, linear.adapters[::-1])
    assert_same_bits(moved(x, [-1 if slot < 0 else 2 - slot for slot in index]), y)


@DTYPES
@pytest.mark.parametrize("nothing", ["B = 0", "scale 0", "rank 0"])
def test_an_adapter_of_nothing_is_the_base(dtype: torch.dtype, nothing: str) -> None:
    """Bit for bit."""
    linear, x = Linear.random((8, 3), dtype=dtype), rows(37, dtype=dtype)
    a, b, scale = linear.adapters[0]
    linear.adapters[0] = {
        "B = 0": (a, torch.zeros_like(b), scale),
        "scale 0": (a, b, 0.0),
        "rank 0": (a[:0], b[:, :0], scale),
    }[nothing]
    y = linear(x, [-1] * 4 + [0] * 20 + [1] * 13)
    assert_same_bits(y[:24], linear(x[:24], [-1] * 24))


@DTYPES
@pytest.mark.parametrize("rank", [1, 7, 8, 15])
def test_a_longer_rank_of_zeros_changes_no_bit(dtype: torch.dtype, rank: int) -> None:
    """Zero-extended within 16 columns and beyond."""
    linear, x, index = (
        Linear.random((rank,), dtype=dtype),
        rows(37, dtype=dtype),
        [-1] * 9 + [0] * 28,
    )
    a, b, scale = linear.adapters[0]
    expected = linear(x, index)
    for longer in (16, 24, 128):
        more = (
            torch.cat([a, a.new_zeros(longer - rank, a.shape[1])]),
            torch.cat([b, b.new_zeros(len(b), longer - rank)], 1),
            scale,
        )
        assert_same_bits(Linear(linear.weight, linear.bias, [more])(x, index), expected)


@DTYPES
def test_powers_of_two_move_between_b_and_the_scale(dtype: torch.dtype) -> None:
    """Exactly."""
    linear, x, index = (
        Linear.random((8, 3), dtype=dtype),
        rows(37, dtype=dtype),
        [-1] * 9 + [0] * 28,
    )
    a, b, scale = linear.adapters[0]
    moved = Linear(linear.weight, linear.bias, [(a, b * 4, scale / 4), linear.adapters[1]])
    assert_same_bits(moved(x, index), linear(x, index))


@pytest.mark.parametrize("rows_", [0, 1, 15, 16, 17, 31, 100])
def test_a_safe_number_of_rows_is_the_next_one(rows_: int) -> None:
    """At least 16, a multiple of four per thread."""
    block = 4 * torch.get_num_threads()
    assert cpu.safe(rows_) % block == 0
    assert max(rows_, 16) <= cpu.safe(rows_) < max(rows_, 16) + block
