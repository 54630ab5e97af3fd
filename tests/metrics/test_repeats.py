"""One score from those of the repeats."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.repeats import at_least, average, majority, pass_at

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1), min_size=1, max_size=9)


@given(st.integers(1, 1000), st.data())
def test_pass_at_k_is_the_published_estimate(n: int, data: st.DataObject) -> None:
    """1 − C(n−c, k)/C(n, k) of Chen et al. 2021, in fractions."""
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    expected = 1 - Fraction(comb(n - right, k), comb(n, k))

    assert pass_at([0.0] * (n - right) + [1.0] * right, k) == pytest.approx(
        float(expected), abs=1e-9
    )


@given(SCORES, st.data())
def test_pass_at_k_is_the_mean_best_of_all_draws(values: list[float], data: st.DataObject) -> None:
    """Graded scores too, by brute force over all subsets."""
    k = data.draw(st.integers(1, len(values)))
    best = [max(draw) for draw in combinations(values, k)]

    assert pass_at(values, k) == pytest.approx(sum(best) / len(best), abs=1e-9)


@given(SCORES)
def test_the_ends_of_pass_at(values: list[float]) -> None:
    """One draw is the mean, all of them are the best; it never exceeds the best."""
    assert pass_at(values, 1) == pytest.approx(average(values), abs=1e-12)
    assert pass_at(values, len(values)) == max(values)
    assert all(pass_at(values, k) <= max(values) for k in range(1, len(values) + 1))


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.data())
def test_at_least_counts_the_right_ones(right: list[bool], data: st.DataObject) -> None:
    """So many of them or more."""
    k = data.draw(st.integers(1, len(right)))

    assert at_least([float(one) for one in right], k) == float(sum(right) >= k)


def test_at_least_of_graded_scores_is_what_so_many_reach() -> None:
    """Two of them have .5 or more."""
    assert at_least([0.2, 0.9, 0.5], 2) == 0.5


@pytest.mark.parametrize(
    ("values", "answers", "expected"),
    [
        ([0.0, 1.0, 1.0], ["a", "b", "b"], 1.0),
        ([0.0, 1.0, 1.0, 0.0], ["a", "b", "b", "a"], 0.0),
        ([1.0, 0.0, 0.0], ["b", "a", "c"], 1.0),
        ([0.0, 0.5, 1.0], ["a", "b", "b"], 0.75),
        ([1.0], [""], 1.0),
    ],
)
def test_the_most_frequent_answer_counts(
    values: list[float], answers: list[str], expected: float
) -> None:
    """Of equally frequent ones the first; an answer that was scored twice has the mean."""
    assert majority(values, answers) == expected


@pytest.mark.parametrize(
    "reduce",
    [
        average,
        lambda values: majority(values, []),
        lambda values: pass_at(values, 1),
        lambda values: at_least(values, 1),
    ],
)
def test_no_repeat_has_no_score(reduce: Callable[[list[float]], float]) -> None:
    """Neither 0 nor 1."""
    with pytest.raises(ValueError, match="1 of 0 repeats"):
        reduce([])


@pytest.mark.parametrize("k", [0, 4, -1])
def test_more_than_there_are_cannot_be_drawn(k: int) -> None:
    """Nor none of them."""
    with pytest.raises(ValueError, match=f"{k} of 3 repeats; it should be 1 to as many"):
        pass_at([1.0, 0.0, 1.0], k)
    with pytest.raises(ValueError, match=f"{k} of 3 repeats; it should be 1 to as many"):
        at_least([1.0, 0.0, 1.0], k)
