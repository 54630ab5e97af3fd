"""F1 and correlation of labels, against scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef

from harness.metrics.confusion import macro_f1, mcc, micro_f1, weighted_f1
from harness.metrics.ratio import Sums

LABELS = 6
METRICS = [macro_f1, micro_f1, weighted_f1, mcc]
PAIRS = st.lists(
    st.tuples(st.integers(0, LABELS - 1), st.integers(0, LABELS - 1)), min_size=1, max_size=40
)


def counted(pairs: Sequence[tuple[int, int]]) -> Sums:
    """Right, answered and wanted [3, L] of (target, answer)."""
    targets, answers = np.array(pairs).T
    rows = (targets[targets == answers], answers, targets)
    return np.array([np.bincount(row, minlength=LABELS) for row in rows], float)


def theirs(metric: Callable[[Sums], Sums], pairs: Sequence[tuple[int, int]]) -> float:
    """What scikit-learn has for the labels that occur."""
    targets, answers = zip(*pairs, strict=True)
    if metric is mcc:
        return float(matthews_corrcoef(targets, answers))
    average = metric.__name__.removesuffix("_f1")
    return float(f1_score(targets, answers, average=average, zero_division=0))


@pytest.mark.parametrize("metric", METRICS)
@given(pairs=PAIRS.filter(lambda pairs: len({target for target, _ in pairs}) > 1))
def test_it_is_scikit_learn_s(metric: Callable[[Sums], Sums], pairs: list[tuple[int, int]]) -> None:
    """For labels that are never wanted, never answered, or neither; and for constant answers."""
    assert float(metric(counted(pairs))) == pytest.approx(theirs(metric, pairs), abs=1e-9)


@pytest.mark.parametrize("metric", METRICS[:3])
@given(pairs=PAIRS)
def test_f1_of_a_single_target_is_scikit_learn_s(
    metric: Callable[[Sums], Sums], pairs: list[tuple[int, int]]
) -> None:
    """It needs no second label."""
    pairs = [(0, answer) for _, answer in pairs]

    assert float(metric(counted(pairs))) == pytest.approx(theirs(metric, pairs), abs=1e-9)


def test_published_values() -> None:
    """The examples of scikit-learn's documentation, the F1 in fractions."""
    pairs = [(0, 0), (1, 2), (2, 1), (0, 0), (1, 0), (2, 1)]

    assert macro_f1(counted(pairs)) == pytest.approx(4 / 15)
    assert micro_f1(counted(pairs)) == pytest.approx(1 / 3)
    assert weighted_f1(counted(pairs)) == pytest.approx(4 / 15)
    assert mcc(counted([(1, 1), (1, 0), (1, 1), (0, 1)])) == pytest.approx(-1 / 3)


def test_constant_answers_do_not_correlate_and_constant_targets_cannot() -> None:
    """The first is the arm's fault, 0; the second nobody's, not defined."""
    assert mcc(counted([(0, 0), (1, 0), (1, 0)])) == 0.0
    assert np.isnan(mcc(counted([(0, 0), (0, 1), (0, 0)])))


@given(PAIRS, st.lists(st.sampled_from([0.1, 0.3, 0.7]), min_size=40, max_size=40))
def test_weights_that_are_no_whole_numbers(
    pairs: list[tuple[int, int]], weights: list[float]
) -> None:
    """A case may count for less than one; scikit-learn's sample weights are the oracle."""
    sums = np.sum([w * counted([p]) for p, w in zip(pairs, weights, strict=False)], axis=0)
    targets, answers = zip(*pairs, strict=True)
    weight = weights[: len(pairs)]

    for metric in METRICS[:3]:
        average = metric.__name__.removesuffix("_f1")
        expected = f1_score(
            targets, answers, average=average, zero_division=0, sample_weight=weight
        )
        assert float(metric(sums)) == pytest.approx(float(expected), abs=1e-9)
    if len(set(targets)) == 1:
        assert np.isnan(mcc(sums))
    elif len(set(answers)) == 1:
        assert mcc(sums) == 0.0
    else:
        expected = matthews_corrcoef(targets, answers, sample_weight=weight)
        assert float(mcc(sums)) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_resamples_are_independent(metric: Callable[[Sums], Sums]) -> None:
    """Counts of any shape [..., 3, L] give what each gives alone; an empty one is NaN."""
    rng = np.random.default_rng(5)
    sums = np.stack([counted(rng.integers(0, LABELS, (30, 2)).tolist()) for _ in range(12)])
    sums[6] = 0.0
    sums = sums.reshape(3, 4, 3, LABELS)

    found = metric(sums)

    assert found.shape == (3, 4)
    assert np.isnan(found[1, 2])
    for index in np.ndindex(3, 4):
        np.testing.assert_array_equal(found[index], metric(sums[index]))
