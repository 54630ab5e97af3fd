"""The cluster bootstrap with BCa limits."""

import numpy as np
import pytest
from scipy.stats import bootstrap as oracle

from harness.stats import bootstrap
from harness.stats.clusters import Clusters


def test_rows_of_their_own_give_scipys_bca_interval():
    """The same generator draws the same resamples there and here."""
    values = np.random.default_rng(1).gamma(0.5, size=240)
    found = bootstrap.interval(
        lambda rows: float(values[rows].std()),
        Clusters.of(range(240)),
        0.05,
        np.random.default_rng(2),
        draws=999,
    )
    expected = oracle(
        (values,), np.std, confidence_level=0.9, n_resamples=999, rng=np.random.default_rng(2)
    ).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_each_bound_has_its_own_level():
    values = np.random.default_rng(3).random(200)

    def bounds(alpha, alpha_high=None):
        return bootstrap.interval(
            lambda rows: float(values[rows].mean()),
            Clusters.of([i // 2 for i in range(200)]),
            alpha,
            np.random.default_rng(4),
            alpha_high,
            draws=400,
        )

    assert bounds(0.01, 0.05) == (bounds(0.01)[0], bounds(0.05)[1])


def test_clusters_are_resampled_whole():
    """Rows that repeat their cluster's value say no more than one row of it would."""
    level = np.random.default_rng(5).normal(size=40)
    values, labels = np.repeat(level, 6), np.repeat(np.arange(40), 6)
    low, high = bootstrap.interval(
        lambda rows: float(values[rows].mean()),
        Clusters.of(labels.tolist()),
        0.05,
        np.random.default_rng(6),
    )
    expected = 2 * 1.645 * level.std() / np.sqrt(40)
    assert high - low == pytest.approx(expected, rel=0.1)


def test_a_bound_covers_as_often_as_it_says():
    """One-sided 95% of the mean of skewed values, in 200 data sets: a binomial (200, .95)."""
    rng = np.random.default_rng(7)
    clusters = Clusters.of([i // 2 for i in range(200)])
    covered = 0
    for _ in range(200):
        values = rng.exponential(size=100).repeat(2)
        low, _ = bootstrap.interval(
            lambda rows, values=values: float(values[rows].mean()), clusters, 0.05, rng, draws=200
        )
        covered += low < 1
    assert 176 <= covered <= 199


@pytest.mark.parametrize(
    ("rows", "labels", "metric", "message"),
    [
        (199, range(199), np.mean, "199 rows are too few to resample; 200 are the least"),
        (200, [0] * 200, np.mean, "1 cluster is too few"),
        (200, range(200), lambda rows: 0.7, "every resample gives 0.7"),
        (200, range(200), lambda rows: np.nan, "not finite"),
    ],
)
def test_what_has_no_interval_is_refused(rows, labels, metric, message):
    with pytest.raises(ValueError, match=message):
        bootstrap.interval(metric, Clusters.of(labels), 0.05, np.random.default_rng(8), draws=20)
