"""The cluster bootstrap with BCa limits."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap as oracle

from harness.stats.bootstrap import Resampled, resample
from harness.stats.clusters import Clusters


def _mean(values):
    """Of rows that are each their own cluster, or of clusters of equal sizes."""
    return lambda taken: taken @ values / taken.sum(-1)


def _spread(values):
    def metric(taken):
        weights = taken / taken.sum(-1, keepdims=True)
        mean = weights @ values
        return np.sqrt(weights @ values**2 - mean**2)

    return metric


def test_the_limits_are_scipys_for_the_same_resamples():
    values = np.random.default_rng(1).gamma(0.5, size=240)
    found = resample(_spread(values), Clusters.of(range(240)), np.random.default_rng(2), 999)
    same = SimpleNamespace(bootstrap_distribution=found.draws)
    expected = oracle(
        (values,), np.std, confidence_level=0.9, n_resamples=0, bootstrap_result=same
    ).confidence_interval
    assert found.limit(0.05) == pytest.approx(expected.low, rel=1e-9)
    assert found.limit(0.95) == pytest.approx(expected.high, rel=1e-9)


def test_the_resamples_are_spread_as_scipys_are():
    values = np.random.default_rng(1).gamma(0.5, size=240)
    found = resample(_spread(values), Clusters.of(range(240)), np.random.default_rng(2), 4000)
    theirs = oracle((values,), np.std, n_resamples=4000, rng=np.random.default_rng(3))
    assert found.draws.std() == pytest.approx(theirs.standard_error, rel=0.05)


@given(st.floats(-0.3, 0.3), st.floats(-0.1, 0.1), st.floats(0.01, 0.99))
def test_p_is_the_level_whose_limit_it_is(bias, acceleration, level):
    draws = np.sort(np.random.default_rng(4).normal(size=20_000))
    found = Resampled(0.0, draws, bias, acceleration)
    limit = found.limit(level)
    assert found.p_above(limit) == pytest.approx(level, abs=0.005)
    assert found.p_below(limit) == pytest.approx(1 - level, abs=0.005)


def test_no_p_is_smaller_than_the_resamples_can_show():
    found = Resampled(1.0, np.linspace(0.5, 1.5, 999), 0.0, 0.0)
    assert found.p_above(-5) == pytest.approx(1 / 1000) == found.p_below(5)


def test_clusters_are_resampled_whole():
    """Rows that repeat their cluster's value say no more than one row of it would."""
    level = np.random.default_rng(5).normal(size=40)
    clusters = Clusters.of(np.repeat(np.arange(40), 6).tolist())
    found = resample(_mean(level), clusters, np.random.default_rng(6))
    expected = 2 * 1.645 * level.std() / np.sqrt(40)
    assert found.limit(0.95) - found.limit(0.05) == pytest.approx(expected, rel=0.1)


def test_a_bound_covers_as_often_as_it_says():
    """One-sided 95% of the mean of skewed values, in 200 data sets: a binomial (200, .95)."""
    rng = np.random.default_rng(7)
    clusters = Clusters.of([i // 2 for i in range(200)])
    covered = 0
    for _ in range(200):
        found = resample(_mean(rng.exponential(size=100)), clusters, rng, 400)
        covered += found.limit(0.05) < 1
    assert 176 <= covered <= 199


@pytest.mark.parametrize(
    ("labels", "metric", "message"),
    [
        (range(199), _mean(np.arange(199.0)), "199 rows are too few to resample; 200 are the"),
        ([0] * 200, _mean(np.ones(1)), "1 cluster is too few"),
        (range(200), lambda taken: np.full(len(taken), 0.7), "every resample gives 0.7"),
        (range(200), lambda taken: np.full(len(taken), np.nan), "not finite"),
    ],
)
def test_what_has_no_interval_is_refused(labels, metric, message):
    with pytest.raises(ValueError, match=message):
        resample(metric, Clusters.of(labels), np.random.default_rng(8), 20)
