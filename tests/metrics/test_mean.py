"""The mean of scores, or no number at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.mean import mean
from harness.types import Score


def scores(*values: float | None) -> list[Score]:
    """Scores of as many cases."""
    return [Score(f"c{n}", "arm", "s", value, "why") for n, value in enumerate(values)]


def names(count: int) -> list[str]:
    """Every row its own cluster."""
    return [str(n) for n in range(count)]


def test_the_reference_of_the_statistics() -> None:
    """45 of 50, one-sided 95%: [.80846, .95047]."""
    estimate = mean(scores(*[1.0] * 45, *[0.0] * 5), names(50), 0.05)

    assert estimate.value == pytest.approx(0.9)
    assert (estimate.n, estimate.clusters) == (50, 50)
    assert (estimate.low, estimate.high) == pytest.approx((0.80846, 0.95047), abs=1e-5)


def test_an_empty_set_has_no_mean() -> None:
    """Neither 0 nor 1."""
    with pytest.raises(ValueError, match="an empty set has no mean"):
        mean([], [], 0.05)


@pytest.mark.parametrize("values", [(None,), (1.0, None), (None, None)])
def test_an_unscored_member_is_no_zero(values: tuple[float | None, ...]) -> None:
    """The first reason is told."""
    missing = values.count(None)
    with pytest.raises(
        ValueError, match=f"{missing} of {len(values)} are unscored, the first: why"
    ):
        mean(scores(*values), names(len(values)), 0.05)


def test_one_cluster_has_no_bounds() -> None:
    """Two rows of one document are one piece of evidence; a single row says so by itself."""
    with pytest.raises(ValueError, match="all scores are of one cluster"):
        mean(scores(0.0, 1.0), ["d", "d"], 0.05)
    assert mean(scores(1.0), ["d"], 0.05).n == 1


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=3, max_size=30))
def test_the_bounds_hold_the_mean(values: list[float]) -> None:
    """And clusters only widen them."""
    alone = mean(scores(*values), names(len(values)), 0.05)
    paired = mean(scores(*values), [str(n // 2) for n in range(len(values))], 0.05)

    assert 0 <= alone.low <= alone.value <= alone.high <= 1
    assert paired.low <= alone.low
    assert paired.high >= alone.high
