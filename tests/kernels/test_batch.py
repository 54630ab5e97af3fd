"""Tables: built once, checked once, the same for every way of saying whose rows are whose."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.kernels.multi_lora import (
    BASE,
    Layout,
    LoraBatch,
    Packed,
    Rows,
    pack_adapters,
    share_shrink,
)

from .reference import Linear

RANKS = st.lists(st.sampled_from([None, 1, 8, 16, 17, 40]), min_size=1, max_size=5)


@given(ranks=RANKS)
def test_ranks_are_side_by_side_and_never_padded_to_the_largest(ranks) -> None:
    """Each from a multiple of 16; the gaps are zero; the blocks name their owner and scale."""
    linear = Linear.random(ranks, 6, 5)
    packed = linear.packed
    layout = packed.layout
    assert len(packed.lora_a) == len(packed.lora_b) == sum(-(-(r or 0) // 16) * 16 for r in ranks)
    left = set(range(len(packed.lora_a)))
    for slot, ((lo, hi), adapter) in enumerate(zip(layout.columns, linear.adapters, strict=True)):
        assert hi - lo == (ranks[slot] or 0)
        assert lo % 16 == 0
        for block in range(lo // 16, -(-hi // 16)):
            assert layout.owner[block] == layout.u_owner[block] == slot
            assert layout.u_scale[block] == pytest.approx(adapter[2])
            assert layout.source[block] == block
        if adapter is not None:
            assert torch.equal(packed.lora_a[lo:hi], adapter[0])
            assert torch.equal(packed.lora_b[lo:hi], adapter[1].T)
        left -= set(range(lo, hi))
    for column in left:
        assert not packed.lora_a[column].any()
        assert not packed.lora_b[column].any()
    assert layout.first.tolist() == [*(lo // 16 for lo, _ in layout.columns), len(layout.owner)]


@given(index=st.lists(st.integers(-1, 2), max_size=12), repeat=st.integers(0, 3))
def test_segments_and_order_are_those_of_a_stable_sort(index: list[int], repeat: int) -> None:
    """Base rows first; no order is kept for rows that are sorted already."""
    rows = Rows.build(index, 3, repeat)
    slots = [slot for slot in index for _ in range(repeat)]
    assert rows.slots.tolist() == slots
    place = sorted(range(len(slots)), key=slots.__getitem__)
    if rows.order is not None:
        assert rows.order.tolist() == place
        assert index != sorted(index)
    elif slots:
        assert index == sorted(index)
    arms = [slots[row] for row in place]
    found = [BASE] * len(slots)
    for start, stop, slot in rows.segments:
        assert stop > start
        found[start:stop] = [slot] * (stop - start)
    assert found == arms


@given(index=st.lists(st.integers(-1, 2), max_size=12))
def test_rows_of_a_table_are_those_of_its_list(index: list[int]) -> None:
    """``Rows.of`` reads what ``Rows.build`` would have written."""
    one, two = Rows.build(index, 3), Rows.of(torch.tensor(index, dtype=torch.int32), 3)
    assert one.slots.tolist() == two.slots.tolist()
    assert list(one.segments) == list(two.segments)


def test_a_shared_shrink_keeps_each_adapter_together() -> None:
    """U has q's and v's columns of the first adapter, then of the second."""
    q, v = Linear.random((8, 20), 6, 5).packed, Linear.random((3, None), 4, 5, seed=1).packed
    first, second = share_shrink([q, v])
    assert first.lora_a is second.lora_a
    assert first.layout.shrunk == second.layout.shrunk == ((0, 19), (32, 52))
    assert (first.layout.offsets, second.layout.offsets) == ((0, 32), (16, 64))
    assert first.layout.u_owner.tolist() == [0, 0, 1, 1]
    assert first.layout.source.tolist() == [0, 2, 3]
    assert second.layout.source.tolist() == [1]
    assert first.layout.width == 64
    assert torch.equal(first.lora_a[16:19], v.lora_a[:3])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Linear.random((2,), 6, 5).packed, "same adapters and inputs"),
        (Linear.random((2, 2), 6, 7).packed, "same adapters and inputs"),
        (Linear.random((2, 2), 6, 5, torch.float64).packed, "share no shrink"),
    ],
    ids=["adapters", "inputs", "dtype"],
)
def test_linears_that_cannot_share_are_refused(other: Packed, message: str) -> None:
    """They would need another x or another table."""
    with pytest.raises(ValueError, match=message):
        share_shrink([Linear.random((2, 2), 6, 5).packed, other])


@pytest.mark.parametrize(
    ("index", "columns", "scales", "message"),
    [
        ([0, 1], [(0, 2)], [1.0], r"row 1: adapter 1 is outside \[-1, 1\)"),
        ([-2], [(0, 2)], [1.0], "adapter -2"),
        ([0], [(0, 2), (2, 3)], [1.0, 1.0], "multiple of 16"),
        ([0], [(0, 2), (32, 34)], [1.0, 1.0], "multiple of 16"),
        ([0], [(0, -1)], [1.0], "must follow each other"),
        ([0], [(0, 2)], [float("nan")], "finite"),
        ([0], [(0, 2)], [], "0 scales"),
    ],
)
def test_wrong_tables_are_refused(index, columns, scales, message: str) -> None:
    """Once, when they are built; a −1 can never index the last slot."""
    with pytest.raises(ValueError, match=message):
        LoraBatch.build(index, Layout.build(columns, scales))


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        (
            (torch.ones(2, 5), torch.ones(6, 2), 1.0),
            "do not fit a linear of 4 inputs and 6 outputs",
        ),
        (
            (torch.ones(2, 4), torch.ones(6, 3), 1.0),
            "do not fit a linear of 4 inputs and 6 outputs",
        ),
        ((torch.ones(2, 4), torch.ones(6, 2), float("inf")), "scale inf is not finite"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(adapter, message: str) -> None:
    """Shapes and scales are checked when adapters are packed."""
    with pytest.raises(ValueError, match=message):
        pack_adapters([adapter], torch.ones(6, 4))
