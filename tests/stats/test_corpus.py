"""Metrics of a whole corpus: on a metric that is a mean they must say what the mean's test says."""

import numpy as np
import pytest

from harness.stats.clusters import Clusters
from harness.stats.corpus import cases_for_distance, compare_corpora, corpus_level
from harness.stats.paired import compare

RNG = np.random.default_rng(1)
N = 600


def _share(sums):
    return sums[..., 0] / sums[..., 1]


def _parts(values):
    return np.stack([values, np.ones(len(values))], axis=1)


def test_a_mean_as_a_corpus_metric_has_the_bounds_of_the_paired_test():
    reference = (RNG.random(N) < 0.8).astype(float)
    candidate = np.where(RNG.random(N) < 0.15, 1 - reference, reference)
    clusters = Clusters.of(range(N))
    expected = compare(reference, candidate, clusters, 0.05, 0.05)
    found = compare_corpora(
        _parts(reference), _parts(candidate), _share, candidate - reference, clusters,
        0.05, 0.05, np.random.default_rng(2),
    )  # fmt: skip
    assert found.difference == pytest.approx(expected.difference)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.004)
    assert (found.wins, found.losses) == (expected.wins, expected.losses)
    assert found.p_worse == pytest.approx(expected.p_worse, abs=0.02)
    assert found.p_not_worse(0.05) == pytest.approx(expected.p_not_worse(0.05), abs=0.02)


def test_f1_is_bounded_as_its_delta_method_says():
    """F1 = 2TP/(2TP+FP+FN) of one arm: its standard error by linearisation."""
    hit, said, gold = (RNG.random((3, N)) < np.array([[0.5], [0.7], [0.7]])).astype(float)
    parts = np.stack([hit * said * gold, said, gold], axis=1)

    def f1(sums):
        return 2 * sums[..., 0] / (sums[..., 1] + sums[..., 2])

    found = corpus_level(parts, f1, Clusters.of(range(N)), np.random.default_rng(3))
    value, total = f1(parts.sum(0)), parts[:, 1:].sum()
    pull = N * (2 * parts[:, 0] - value * (parts[:, 1] + parts[:, 2])) / total
    assert found.seen == value
    assert found.draws.std() == pytest.approx(pull.std() / np.sqrt(N), rel=0.03)


def test_cases_for_a_distance_are_those_that_give_the_power():
    """80% of normal means with that many cases lie above the critical value."""
    needed = cases_for_distance(variance=4.0, distance=0.25, alpha=0.05)
    means = np.random.default_rng(4).normal(0.25, 2 / np.sqrt(needed), 100_000)
    assert np.mean(means > 1.6449 * 2 / np.sqrt(needed)) == pytest.approx(0.8, abs=0.01)
    assert cases_for_distance(4.0, -0.1, 0.05) is None
