"""Paired comparisons: binary, graded and constant differences, with and without clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from harness.stats import tango
from harness.stats.clusters import Clusters
from harness.stats.paired import compare

BINARY = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=120)


def _arms(rows):
    return (np.array(column, dtype=float) for column in zip(*rows, strict=True))


@given(BINARY, st.sampled_from([0.02, 0.05]))
def test_unclustered_binary_scores_are_decided_by_tango(rows, margin):
    reference, candidate = _arms(rows)
    found = compare(reference, candidate, Clusters.of(range(len(rows))), 0.05, binary=True)
    wins, losses = int((candidate > reference).sum()), int((candidate < reference).sum())
    assert (found.wins, found.losses) == (wins, losses)
    expected = tango.p_not_worse(wins, losses, len(rows), margin)
    assert found.p_not_worse(margin) == pytest.approx(expected)
    assert (found.low, found.high) == tango.interval(wins, losses, len(rows), 0.05)


@given(BINARY, st.permutations(range(4)))
def test_the_order_of_cases_is_irrelevant(rows, order):
    reference, candidate = _arms(rows)
    labels = [i // 3 for i in range(len(rows))]
    if len(set(labels)) < 2:
        return
    where = np.array(sorted(range(len(rows)), key=lambda i: (order[i % 4], i)))
    one = compare(reference, candidate, Clusters.of(labels), 0.05, binary=True)
    other = compare(
        reference[where],
        candidate[where],
        Clusters.of([labels[i] for i in where]),
        0.05,
        binary=True,
    )
    assert (one.low, one.high) == pytest.approx((other.low, other.high))


@given(BINARY)
def test_swapping_the_arms_mirrors_the_interval(rows):
    reference, candidate = _arms(rows)
    clusters = Clusters.of([i // 2 for i in range(len(rows))])
    one = compare(reference, candidate, clusters, 0.05, binary=True)
    other = compare(candidate, reference, clusters, 0.05, binary=True)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_graded_scores_without_clusters_are_the_paired_t_test():
    rng = np.random.default_rng(5)
    reference, candidate = rng.random(40), rng.random(40)
    found = compare(reference, candidate, Clusters.of(range(40)), 0.05, binary=False)
    oracle = ttest_rel(candidate, reference, alternative="less")
    assert found.p_worse == pytest.approx(oracle.pvalue)
    assert found.high == pytest.approx(oracle.confidence_interval(0.95).high)
    assert found.method == "paired t"


def test_clustered_graded_scores_never_claim_less_error_than_the_floor():
    rng = np.random.default_rng(6)
    reference, candidate = rng.random(60), rng.random(60)
    alone = compare(reference, candidate, Clusters.of(range(60)), 0.05, binary=False)
    tens = compare(
        reference, candidate, Clusters.of([i // 10 for i in range(60)]), 0.05, binary=False
    )
    assert tens.variance >= alone.variance * (1 + 9 * 0.3) - 1e-12


def test_equal_graded_scores_are_not_proof_by_a_standard_error_of_zero():
    scores = np.full(40, 0.7)
    found = compare(scores, scores, Clusters.of(range(40)), 0.05, binary=False)
    assert found.p_not_worse(0.03) > 0.05
    assert found.low < -0.03
    many = np.full(100, 0.7)
    passed = compare(many, many, Clusters.of(range(100)), 0.05, binary=False)
    assert passed.low > -0.03


def test_a_constant_loss_of_graded_scores_is_a_loss():
    reference = np.full(400, 0.7)
    found = compare(reference, reference - 0.1, Clusters.of(range(400)), 0.05, binary=False)
    assert found.high < 0
    assert found.p_worse < 1e-6
    assert found.p_not_worse(0.03) > 0.99


def test_one_cluster_is_refused():
    with pytest.raises(ValueError, match="two are the least"):
        compare(np.zeros(5), np.ones(5), Clusters.of([0] * 5), 0.05, binary=True)
