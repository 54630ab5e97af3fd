"""Cluster-robust variance and design effect."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from harness.stats.clusters import Clusters, design_effect, robust_variance

ROWS = st.lists(st.tuples(st.integers(0, 6), st.floats(-1, 1)), min_size=8, max_size=60).filter(
    lambda rows: len({label for label, _ in rows}) > 1
)


def test_robust_error_equals_the_reference():
    clusters = Clusters.of([i % 4 for i in range(20)])
    error = clusters.robust_variance(np.arange(20.0)) ** 0.5
    assert error == pytest.approx(0.6454972, abs=1e-7)


def test_rows_of_their_own_give_the_ordinary_standard_error():
    clusters = Clusters.of(range(10))
    assert clusters.robust_variance(np.arange(10.0)) ** 0.5 == pytest.approx(0.957427, abs=1e-6)
    assert clusters.df is None
    assert clusters.design_effect(np.arange(10.0)) == 1.0


@given(ROWS)
def test_robust_variance_equals_statsmodels(rows):
    labels, values = zip(*rows, strict=True)
    clusters, y = Clusters.of(labels), np.array(values)
    fit = OLS(y, np.ones(len(y))).fit(
        cov_type="cluster",
        cov_kwds={"groups": clusters.index, "df_correction": False, "use_correction": False},
    )
    correction = clusters.count / (clusters.count - 1)
    assert clusters.robust_variance(y) == pytest.approx(
        fit.cov_params()[0, 0] * correction, abs=1e-12
    )


def test_typical_size_weights_large_clusters_by_their_rows():
    clusters = Clusters.of(["a"] * 60 + [str(i) for i in range(40)])
    assert clusters.typical_size == pytest.approx((3600 + 40) / 100)
    assert clusters.effective == pytest.approx(100 / 36.4)


@given(ROWS)
def test_design_effect_never_falls_below_its_floor(rows):
    labels, values = zip(*rows, strict=True)
    clusters = Clusters.of(labels)
    if clusters.df is not None:
        floor = 1 + 0.3 * (clusters.typical_size - 1)
        assert clusters.design_effect(np.array(values)) >= floor - 1e-12


def test_equal_values_leave_the_floor():
    clusters = Clusters.of([0, 0, 1, 1])
    assert clusters.design_effect(np.zeros(4)) == pytest.approx(1.3)


@given(ROWS, st.permutations(range(7)))
def test_the_names_of_clusters_are_irrelevant(rows, renamed):
    labels, values = zip(*rows, strict=True)
    one, other = Clusters.of(labels), Clusters.of([renamed[label] for label in labels])
    y = np.array(values)
    assert one.design_effect(y) == other.design_effect(y)
    assert (one.df, one.effective) == (other.df, other.effective)


def test_without_its_correction_the_reference_is_smaller():
    clusters = Clusters.of([i % 4 for i in range(20)])
    variance = clusters.robust_variance(np.arange(20.0))
    assert (variance * 3 / 4) ** 0.5 == pytest.approx(0.5590170, abs=1e-7)


def test_many_draws_of_cluster_sums_are_judged_as_each_alone():
    rng = np.random.default_rng(3)
    clusters = Clusters.of([i % 7 for i in range(40)])
    draws = rng.integers(-1, 2, (50, 40)).astype(float)
    sums = np.array([clusters.sums(draw) for draw in draws])
    together = robust_variance(sums, clusters.sizes)
    assert together == pytest.approx([clusters.robust_variance(draw) for draw in draws])
    independent = draws.var(axis=1, ddof=1) / 40
    effects = design_effect(sums, clusters.sizes, independent)
    assert effects == pytest.approx([clusters.design_effect(draw) for draw in draws])


def test_draws_without_any_spread_leave_the_floor():
    sizes = np.array([2.0, 2.0])
    assert design_effect(np.zeros((3, 2)), sizes, np.zeros(3)) == pytest.approx([1.3] * 3)
