"""Paired comparisons: binary, graded and constant differences, with and without clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from harness.stats import bounded, exact, tango
from harness.stats.clusters import Clusters, design_effect
from harness.stats.paired import compare

BINARY = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=120)
SCORE = st.sampled_from([0.0, 0.25, 0.5, 1.0])
GRADED = st.lists(st.tuples(SCORE, SCORE), min_size=4, max_size=60)
LABELS = {"alone": lambda i: i, "pairs": lambda i: i // 2, "skewed": lambda i: int(i**0.5)}


def _arms(rows):
    return (np.array(column, dtype=float) for column in zip(*rows, strict=True))


def _clusters(n, shape="alone"):
    return Clusters.of([LABELS[shape](i) for i in range(n)])


@given(BINARY, st.sampled_from([0.02, 0.05]))
def test_unclustered_binary_scores_are_decided_by_tango(rows, margin):
    reference, candidate = _arms(rows)
    found = compare(reference, candidate, _clusters(len(rows)), 0.0125, 0.05)
    wins, losses = int((candidate > reference).sum()), int((candidate < reference).sum())
    assert (found.wins, found.losses, found.method) == (wins, losses, "Tango")
    assert found.discordant == pytest.approx((wins + losses) / len(rows))
    expected = tango.p_not_worse(wins, losses, len(rows), margin)
    assert found.p_not_worse(margin) == pytest.approx(expected)
    assert found.p_worse == pytest.approx(tango.p_worse(wins, losses, len(rows)))
    bounds = tango.interval(wins, losses, len(rows), 0.0125, alpha_high=0.05)
    assert (found.low, found.high) == bounds


@given(BINARY)
def test_clustered_binary_scores_are_decided_by_tango_on_fewer_rows_and_t(rows):
    reference, candidate = _arms(rows)
    clusters = _clusters(len(rows), "pairs")
    found = compare(reference, candidate, clusters, 0.05, 0.05)
    deff = clusters.design_effect(candidate - reference)
    counts = (found.wins / deff, found.losses / deff, len(rows) / deff)
    df = clusters.count - 1
    assert (found.low, found.high) == tango.interval(*counts, 0.05, df)
    assert found.p_not_worse(0.03) == pytest.approx(tango.p_not_worse(*counts, 0.03, df))
    assert found.method == "clustered Tango"


@given(st.one_of(BINARY, GRADED), st.sampled_from(sorted(LABELS)), st.randoms())
def test_the_order_of_cases_is_irrelevant(rows, shape, random):
    labels = [LABELS[shape](i) for i in range(len(rows))]
    order = list(range(len(rows)))
    random.shuffle(order)
    reference, candidate = _arms(rows)
    one = compare(reference, candidate, Clusters.of(labels), 0.05, 0.05)
    shuffled = Clusters.of([labels[i] for i in order])
    other = compare(reference[order], candidate[order], shuffled, 0.05, 0.05)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9)
    assert one.p_worse == pytest.approx(other.p_worse, abs=1e-6)


@given(st.one_of(BINARY, GRADED), st.sampled_from(sorted(LABELS)))
def test_swapping_the_arms_mirrors_the_interval(rows, shape):
    reference, candidate = _arms(rows)
    clusters = _clusters(len(rows), shape)
    one = compare(reference, candidate, clusters, 0.01, 0.05)
    other = compare(candidate, reference, clusters, 0.05, 0.01)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert one.p_worse == pytest.approx(other.p_not_worse(0.0), abs=1e-6)


@given(st.one_of(BINARY, GRADED), st.data())
def test_a_row_that_gets_better_never_lowers_an_unclustered_bound(rows, data):
    reference, candidate = _arms(rows)
    better = candidate.copy()
    better[data.draw(st.integers(0, len(rows) - 1))] = 1.0
    low, high = (
        compare(reference, arm, _clusters(len(rows)), 0.05, 0.05).low for arm in (candidate, better)
    )
    assert high >= low - 1e-9


@given(st.one_of(BINARY, GRADED), st.sampled_from(sorted(LABELS)), st.integers(1, 30))
def test_the_bound_clears_a_margin_exactly_where_its_p_is_small(rows, shape, percent):
    reference, candidate = _arms(rows)
    margin = percent / 100
    found = compare(reference, candidate, _clusters(len(rows), shape), 0.05, 0.05)
    if abs(found.low + margin) > 1e-6:
        assert (found.low > -margin) == (found.p_not_worse(margin) < 0.05)
    if abs(found.high) > 1e-6:
        assert (found.high < 0) == (found.p_worse < 0.05)


@given(GRADED)
def test_many_graded_draws_are_decided_as_each_by_its_comparison(rows):
    """A simulation calls ``bounded.exceeds``: it must pass just what ``compare`` passes."""
    reference, candidate = _arms(rows)
    clusters = _clusters(len(rows), "pairs")
    found = compare(reference, candidate, clusters, 0.05, 0.05)
    cut = tango.critical(0.05, clusters.df)
    d = (candidate - reference)[None]
    passed = bounded.exceeds(d, clusters.n / found.design_effect, -0.1, cut)
    if abs(found.low + 0.1) > 1e-9:
        assert passed.tolist() == [found.low > -0.1]


def test_spread_graded_scores_are_judged_as_by_the_paired_t_test():
    rng = np.random.default_rng(5)
    reference, candidate = rng.random(400), rng.random(400)
    found = compare(reference, candidate, _clusters(400), 0.05, 0.05)
    oracle = ttest_rel(candidate, reference, alternative="less")
    error = np.std(candidate - reference, ddof=1) / 20
    assert found.p_worse == pytest.approx(oracle.pvalue, abs=2e-3)
    assert found.high == pytest.approx(oracle.confidence_interval(0.95).high, abs=0.03 * error)
    assert found.method == "graded Tango"


def test_clustered_graded_scores_never_claim_less_error_than_the_floor():
    rng = np.random.default_rng(6)
    reference, candidate = rng.random(60), rng.random(60)
    alone = compare(reference, candidate, _clusters(60), 0.05, 0.05)
    tens = compare(reference, candidate, Clusters.of([i // 10 for i in range(60)]), 0.05, 0.05)
    assert tens.variance >= alone.variance * (1 + 9 * 0.3) - 1e-12
    assert tens.low < alone.low < alone.high < tens.high


@pytest.mark.parametrize("gain", [0.0, 1e-3])
def test_rare_small_gains_prove_no_more_than_no_change(gain):
    """What was seen of a graded score does not bound what it can lose where it was not seen."""
    for n, passes in ((87, False), (88, True)):
        reference = np.full(n, 0.7)
        candidate = reference.copy()
        candidate[0] += gain
        found = compare(reference, candidate, _clusters(n), 0.05, 0.05)
        assert (found.low > -0.03) is passes
        assert (found.p_not_worse(0.03) < 0.05) is passes


def test_a_constant_loss_of_graded_scores_is_a_loss():
    reference = np.full(400, 0.7)
    found = compare(reference, reference - 0.1, _clusters(400), 0.05, 0.05)
    assert found.low < -0.1 < found.high < 0
    assert found.losses == 400
    assert found.p_worse < 1e-6
    assert found.p_not_worse(0.03) > 0.99


@pytest.mark.parametrize("shape", sorted(LABELS))
@pytest.mark.parametrize("sign", [-1, 1])
def test_losing_or_winning_everything_ends_at_the_limit(shape, sign):
    reference = np.full(50, 0.0 if sign > 0 else 1.0)
    found = compare(reference, reference + sign, _clusters(50, shape), 0.05, 0.05)
    assert (found.high if sign > 0 else found.low) == sign
    assert abs(found.low if sign > 0 else found.high) < 1


def test_the_exact_test_decides_where_it_is_asked_to():
    candidate = np.array([1.0] * 3 + [0.0] * 2 + [1.0] * 25)
    reference = np.array([0.0] * 3 + [1.0] * 27)
    found = compare(reference, candidate, _clusters(30), 0.02, 0.05, exact=True)
    assert found.method == "exact Tango"
    assert found.low == exact.lower(3, 2, 30, 0.02)
    assert found.high == -exact.lower(2, 3, 30, 0.05)
    assert found.p_worse == exact.p_not_worse(2, 3, 30, 0.0)
    assert found.p_not_worse(0.1) == exact.p_not_worse(3, 2, 30, 0.1)


def test_the_exact_test_of_what_it_cannot_judge_is_refused():
    graded = np.array([0.5, 1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="not for graded scores"):
        compare(np.ones(4), graded, _clusters(4), 0.05, 0.05, exact=True)
    with pytest.raises(ValueError, match="not for clustered rows"):
        compare(np.ones(4), np.zeros(4), _clusters(4, "pairs"), 0.05, 0.05, exact=True)


def test_one_cluster_is_refused():
    with pytest.raises(ValueError, match="two are the least"):
        compare(np.zeros(5), np.ones(5), Clusters.of([0] * 5), 0.05, 0.05)


@pytest.mark.parametrize("odd", [1.5, float("nan")])
def test_what_is_no_score_is_refused(odd):
    with pytest.raises(ValueError, match=r"scores must be in \[0, 1\]"):
        compare(np.zeros(3), np.array([0.0, 0.5, odd]), _clusters(3), 0.05, 0.05)


@pytest.mark.parametrize("margin", [0.03, 0.05])
def test_clusters_without_a_flip_pass_from_the_same_n_on_in_effective_rows(margin):
    """n/deff > t²(1−δ)/δ (shared reference)."""
    for count in range(20, 140):
        clusters = Clusters.of([i // 3 for i in range(3 * count)])
        found = compare(np.ones(clusters.n), np.ones(clusters.n), clusters, 0.05, 0.05)
        effective = clusters.n / (1 + 2 * 0.3)
        enough = effective > tango.critical(0.05, count - 1) ** 2 * (1 - margin) / margin
        assert (found.low > -margin) is enough


def test_skewed_clusters_at_the_boundary_are_rarely_promoted():
    """5×60 + 100×2, correlation .3, δ = 3 points: at most 2.5% (shared reference).

    Judged on cluster sums alone; a design effect from the mean size has 7–27%.
    """
    rng, draws = np.random.default_rng(11), 4000
    sizes = np.array([60.0] * 5 + [2.0] * 100)
    n, psi, margin = int(sizes.sum()), 0.1, 0.03
    index = np.repeat(np.arange(len(sizes)), sizes.astype(int))
    chances = [(psi - margin) / 2, 1 - psi, (psi + margin) / 2]
    shared = rng.choice([1.0, 0.0, -1.0], (draws, len(sizes)), p=chances)[:, index]
    own = rng.choice([1.0, 0.0, -1.0], (draws, n), p=chances)
    d = np.where(rng.random((draws, n)) < np.sqrt(0.3), shared, own)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
    independent = d.var(axis=1, ddof=1) / n
    deff = design_effect(np.add.reduceat(d, starts, axis=1), sizes, independent)
    wins, losses = (d > 0).sum(axis=1) / deff, (d < 0).sum(axis=1) / deff
    p = tango.p_not_worse(wins, losses, n / deff, margin, len(sizes) - 1)
    assert np.mean(p < 0.05) <= 0.03
    for i in range(3):
        alone = compare(np.zeros(n), d[i], Clusters.of(index.tolist()), 0.05, 0.05)
        assert alone.p_not_worse(margin) == pytest.approx(p[i])
