"""Wilson's bounds against reference values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.stats import wilson
from harness.stats.clusters import Clusters


@pytest.mark.parametrize(
    ("x", "n", "df", "expected"),
    [
        (45, 50, None, (0.80846, 0.95047)),
        (170, 200, None, (0.80381, 0.88684)),
        (85, 100, 39, (0.78023, 0.90045)),  # 170/200 with design effect 2 and 40 clusters
    ],
)
def test_bounds_equal_the_reference(x, n, df, expected):
    assert wilson.bounds(x, n, 0.05, df) == pytest.approx(expected, abs=5e-6)


@given(st.integers(1, 500), st.data())
def test_bounds_equal_statsmodels(n, data):
    x = data.draw(st.integers(0, n))
    expected = proportion_confint(x, n, alpha=0.10, method="wilson")
    assert wilson.bounds(x, n, 0.05) == pytest.approx(expected, abs=1e-9)


@given(st.integers(2, 600), st.floats(1.0, 9.0))
def test_all_right_is_bounded_by_exactly_one_and_all_wrong_by_exactly_zero(n, deff):
    assert wilson.bounds(n / deff, n / deff, 0.05)[1] == 1.0
    assert wilson.bounds(0.0, n / deff, 0.05)[0] == 0.0


@given(st.lists(st.booleans(), min_size=5, max_size=200), st.floats(0.05, 0.95))
def test_p_above_is_small_exactly_where_the_lower_bound_clears_the_floor(scores, floor):
    values, clusters = np.array(scores, dtype=float), Clusters.of(range(len(scores)))
    low, _ = wilson.clustered_bounds(values, clusters, 0.05, 0.05)
    if abs(low - floor) > 1e-9:
        assert (low > floor) == (wilson.p_above(values, clusters, floor) < 0.05)


def test_clusters_widen_the_bounds():
    values = np.array([1.0, 1, 1, 0, 1, 1] * 10)
    alone = wilson.clustered_bounds(values, Clusters.of(range(60)), 0.05, 0.05)
    sixes = Clusters.of([i // 6 for i in range(60)])
    paired = wilson.clustered_bounds(values, sixes, 0.05, 0.05)
    assert paired[0] < alone[0] < alone[1] < paired[1]


@given(st.integers(1, 500), st.data())
def test_each_bound_has_its_own_level(n, data):
    x = data.draw(st.integers(0, n))
    low, high = wilson.bounds(x, n, 0.0125, alpha_high=0.05)
    assert low == wilson.bounds(x, n, 0.0125)[0]
    assert high == wilson.bounds(x, n, 0.05)[1]
    assert (low, high) == pytest.approx(
        tuple(1 - bound for bound in wilson.bounds(n - x, n, 0.05, alpha_high=0.0125)[::-1])
    )
