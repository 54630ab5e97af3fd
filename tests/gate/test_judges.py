"""A judge beside people: agreement, bias and favour as the textbooks have them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind
from sklearn.metrics import cohen_kappa_score

from harness.gate.judges import Graded, agreement, weighted_kappa

GRADES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def _graded(judge, people, arm="", cluster=None, length=10):
    return Graded(judge / 4, people / 4, cluster or "", length, arm)


@settings(max_examples=100, deadline=None)
@given(GRADES)
def test_kappa_is_that_of_scikit_learn(pairs):
    one, other = (np.array(each) for each in zip(*pairs, strict=True))
    found = weighted_kappa(one, other, 5)
    if len(set(one) | set(other)) == 1:
        assert found is None
    else:
        expected = cohen_kappa_score(one, other, weights="quadratic", labels=range(5))
        assert found == pytest.approx(expected, abs=1e-12)


def test_bias_is_judge_minus_people_with_bounds_around_it():
    rows = [_graded(j, p, cluster=str(i)) for i, (j, p) in enumerate([(4, 3), (3, 3), (2, 1)] * 20)]
    found = agreement(rows, 5, 0.05)
    assert found.n == 60
    assert found.exact == pytest.approx(1 / 3)
    assert found.bias == pytest.approx(2 / 3 / 4)
    assert found.low < found.bias < found.high
    assert found.low > 0


def test_favour_is_the_difference_of_two_biases_with_welchs_bounds():
    rng = np.random.default_rng(1)
    rows = [
        _graded(*rng.integers(0, 5, 2), arm="v2" if at % 3 else "v1", cluster=str(at))
        for at in range(90)
    ]
    found = agreement(rows, 5, 0.05)
    gaps = {arm: [r.judge - r.people for r in rows if r.arm == arm] for arm in ("v1", "v2")}
    other = {"v1": "v2", "v2": "v1"}[found.favours]
    expected = ttest_ind(gaps[found.favours], gaps[other], equal_var=False)
    interval = expected.confidence_interval(0.9)
    assert found.favour == pytest.approx(np.mean(gaps[found.favours]) - np.mean(gaps[other]))
    assert found.favour > 0
    assert (found.favour_low, found.favour_high) == pytest.approx((interval.low, interval.high))


def test_who_overrates_an_arm_by_the_same_amount_every_time_is_known_exactly():
    rows = [_graded(3, 2, "v2", str(i)) for i in range(4)] + [_graded(2, 2, "v1", "x")] * 4
    found = agreement(rows, 5, 0.05)
    assert (found.favours, found.favour) == ("v2", 0.25)
    assert (found.favour_low, found.favour_high) == (0.25, 0.25)


def test_one_arm_alone_cannot_be_favoured():
    found = agreement([_graded(3, 2, "v2", str(i)) for i in range(4)], 5, 0.05)
    assert (found.favours, found.favour) == ("", None)


def test_strata_are_thirds_by_length():
    rows = [_graded(3, 2 if i < 3 else 3, cluster=str(i), length=100 - i) for i in range(9)]
    assert agreement(rows, 5, 0.05).strata == pytest.approx((0, 0, 0.25))


def test_nothing_graded_is_an_error_and_no_agreement():
    with pytest.raises(ValueError, match="no answer"):
        agreement([], 5, 0.05)
