"""The mean of scores, or no number at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.mean import mean


def names(count: int) -> list[str]:
    """Every row its own cluster."""
    return [str(n) for n in range(count)]


def test_the_reference_of_the_statistics() -> None:
    """45 of 50, one-sided 95%: [.80846, .95047]."""
    estimate = mean([1.0] * 45 + [0.0] * 5, names(50), 0.05, 0.05)

    assert estimate.value == pytest.approx(0.9)
    assert (estimate.n, estimate.clusters) == (50, 50)
    assert (estimate.low, estimate.high) == pytest.approx((0.80846, 0.95047), abs=1e-5)


def test_each_bound_has_its_own_level() -> None:
    """A later attempt moves only the bound that proves the claim."""
    values = [1.0] * 45 + [0.0] * 5
    first, later = (mean(values, names(50), alpha, 0.05) for alpha in (0.05, 0.0076))

    assert later.low < first.low
    assert later.high == first.high


def test_an_empty_set_has_no_mean() -> None:
    """Neither 0 nor 1."""
    with pytest.raises(ValueError, match="an empty set has no mean"):
        mean([], [], 0.05, 0.05)


@pytest.mark.parametrize("odd", [None, float("nan"), float("inf"), 1.2, -0.1])
def test_what_is_no_score_is_no_zero(odd: float) -> None:
    """It is told which one it is."""
    with pytest.raises(ValueError, match=r"value 2 of 3 is .*, not a score in \[0, 1\]"):
        mean([1.0, odd, 0.0], names(3), 0.05, 0.05)


def test_one_cluster_has_no_bounds() -> None:
    """Two rows of one document are one piece of evidence; a single row says so by itself."""
    with pytest.raises(ValueError, match="all scores are of one cluster"):
        mean([0.0, 1.0], ["d", "d"], 0.05, 0.05)
    assert mean([1.0], ["d"], 0.05, 0.05).n == 1


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=3, max_size=30))
def test_the_bounds_hold_the_mean(values: list[float]) -> None:
    """And clusters only widen them."""
    alone = mean(values, names(len(values)), 0.05, 0.05)
    paired = mean(values, [str(n // 2) for n in range(len(values))], 0.05, 0.05)

    assert 0 <= alone.low <= alone.value <= alone.high <= 1
    assert paired.low <= alone.low
    assert paired.high >= alone.high
