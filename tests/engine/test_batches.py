"""Batches are bounded, complete, alike in length, and sorted by arm."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.engine.batches import footprint, plan_batches, prompt_width, rest_width
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
        assert min(map(prompt_width, one)) >= max(map(prompt_width, two))


@given(requests(), st.integers(1, 300))
def test_a_batch_to_score_has_one_shape(asked: list, budget: int) -> None:
    """Each prompt has a column of padding at least, and no more than it would have alone."""
    for batch in plan_batches(asked, budget, SLOTS.__getitem__):
        scored = [request for request in batch if isinstance(request, ScoreRequest)]
        assert len({(prompt_width(r), rest_width(r)) for r in scored}) <= 1
        for request in scored:
            assert 1 <= prompt_width(request) - len(request.prompt) <= 16
            assert 0 <= rest_width(request) - max(map(len, request.choices)) + 1 <= 3


@given(requests(), st.integers(1, 300), st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_asking(asked: list, budget: int, rng) -> None:
    """The same requests make the same batches, so the same bits."""
    shuffled = list(asked)
    rng.shuffle(shuffled)
    plan = [list(plan_batches(order, budget, SLOTS.__getitem__)) for order in (asked, shuffled)]
    assert [sorted(r.key for r in b) for b in plan[0]] == [
        sorted(r.key for r in b) for b in plan[1]
    ]


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=30), unique_by=tuple, max_size=8),
    st.integers(50, 400),
)
def test_arms_that_are_asked_the_same_stay_together(prompts: list, budget: int) -> None:
    """Where they fit; so every batch has as many rows of one arm as of another."""
    asked = [
        GenerateRequest(f"{place}{arm}", arm, tuple(prompt), 1)
        for place, prompt in enumerate(prompts)
        for arm in SLOTS
    ]
    for batch in plan_batches(asked, 3 * budget, SLOTS.__getitem__):
        counts = [sum(request.arm == arm for request in batch) for arm in SLOTS]
        assert len(set(counts)) == 1
