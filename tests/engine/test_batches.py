"""Batches are bounded, complete, of similar length, and sorted by arm."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.engine.batches import footprint, plan_batches
from harness.engine.protocol import GenerateRequest, ScoreRequest

SLOTS = {"base": -1, "a": 0, "b": 1}


@st.composite
def requests(draw: st.DrawFn) -> list[GenerateRequest | ScoreRequest]:
    """Distinct requests of random lengths and arms."""
    shapes = draw(
        st.lists(st.tuples(st.sampled_from(sorted(SLOTS)), st.integers(1, 60), st.integers(1, 20)))
    )
    if draw(st.booleans()):
        return [
            GenerateRequest(str(key), arm, (1,) * prompt, more)
            for key, (arm, prompt, more) in enumerate(shapes)
        ]
    return [
        ScoreRequest(str(key), arm, (1,) * prompt, ((1,) * more, (1,)))
        for key, (arm, prompt, more) in enumerate(shapes)
    ]


@given(requests(), st.integers(1, 300))
def test_batches_are_a_bounded_partition(asked: list, budget: int) -> None:
    """Every request once; rows × longest within the budget unless alone; arms ascending."""
    batches = list(plan_batches(asked, budget, SLOTS.__getitem__))
    assert sorted(r.key for batch in batches for r in batch) == sorted(r.key for r in asked)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(map(footprint, batch)) <= budget
        slots = [SLOTS[request.arm] for request in batch]
        assert slots == sorted(slots)


@given(requests(), st.integers(1, 300))
def test_lengths_fall_from_batch_to_batch(asked: list, budget: int) -> None:
    """So padding is small, and memory runs out in the first batch or in none."""
    batches = list(plan_batches(asked, budget, SLOTS.__getitem__))
    for one, two in pairwise(batches):
        assert min(len(r.prompt) for r in one) >= max(len(r.prompt) for r in two)


@given(requests(), st.integers(1, 300), st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_asking(asked: list, budget: int, rng) -> None:
    """The same requests make the same batches, so the same bits."""
    shuffled = list(asked)
    rng.shuffle(shuffled)
    plan = [list(plan_batches(order, budget, SLOTS.__getitem__)) for order in (asked, shuffled)]
    assert [sorted(r.key for r in b) for b in plan[0]] == [
        sorted(r.key for r in b) for b in plan[1]
    ]
