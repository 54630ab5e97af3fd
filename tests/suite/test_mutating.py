"""What mutators draw depends on the seed alone."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.mutating import Draw


def test_the_same_seed_draws_the_same_on_every_machine():
    """Written down once: SHA-256 of the seed and a counter, modulo n."""
    draw = Draw("x")
    assert [draw.below(10) for _ in range(10)] == [1, 6, 2, 2, 0, 4, 7, 9, 0, 5]
    assert draw.some("abcdef", 3) == ["c", "d", "e"]


@given(st.text(st.characters(exclude_categories=())), st.lists(st.integers()), st.integers(0, 20))
def test_some_are_different_places_in_their_order(seed, options, n):
    places = list(enumerate(options))
    drawn = Draw(seed).some(places, n)
    assert len(drawn) == min(n, len(options))
    assert drawn == sorted(set(drawn))


def test_chances_are_what_they_say():
    """Within five standard deviations of 10,000 draws."""
    draw = Draw("chance")
    hits = sum(draw.chance(0.3) for _ in range(10_000))
    assert abs(hits - 3_000) < 5 * (10_000 * 0.3 * 0.7) ** 0.5
    counted = Counter(draw.below(4) for _ in range(10_000))
    assert all(abs(n - 2_500) < 5 * (10_000 * 0.25 * 0.75) ** 0.5 for n in counted.values())
    assert not any(draw.chance(0.0) for _ in range(100))
    assert all(draw.chance(1.0) for _ in range(100))


def test_nothing_to_draw_from_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw from"):
        Draw("x").below(0)
