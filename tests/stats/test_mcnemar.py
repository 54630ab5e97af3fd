"""McNemar's test against published figures, statsmodels and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar as oracle

from harness.stats import mcnemar

COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60))


@pytest.mark.parametrize(
    ("wins", "losses", "exact", "mid"),
    [
        (1, 7, 0.0703125, 0.0390625),
        (0, 5, 0.0625, 0.03125),
        (9, 3, 0.1459961, 0.0922852),
        (10, 10, 1.0, 0.9119014),
        (0, 0, 1.0, 1.0),
    ],
)
def test_two_sided_p_equal_the_reference(wins, losses, exact, mid):
    assert mcnemar.exact(wins, losses) == pytest.approx(exact, abs=1e-7)
    assert mcnemar.mid_p(wins, losses) == pytest.approx(mid, abs=1e-7)


def test_z_gives_the_reference_of_the_asymptotic_test():
    assert 2 * norm.sf(abs(mcnemar.z(1, 7))) == pytest.approx(0.0338949, abs=1e-7)
    assert mcnemar.z(0, 0) == 0


@given(COUNTS)
def test_the_exact_test_equals_statsmodels(counts):
    wins, losses = counts
    if wins + losses:
        expected = oracle([[0, wins], [losses, 0]], exact=True).pvalue
        assert mcnemar.exact(wins, losses) == pytest.approx(expected)


@given(COUNTS)
def test_the_one_sided_test_equals_scipys_binomial_test(counts):
    wins, losses = counts
    if wins + losses:
        expected = binomtest(wins, wins + losses, 0.5, alternative="less").pvalue
        assert mcnemar.exact_worse(wins, losses) == pytest.approx(expected)


@given(COUNTS)
def test_one_sided_mid_p_of_both_directions_add_up_to_one(counts):
    wins, losses = counts
    both = mcnemar.mid_p_worse(wins, losses) + mcnemar.mid_p_worse(losses, wins)
    assert both == pytest.approx(1.0 if wins + losses else 2.0)


@given(COUNTS)
def test_swapping_the_arms_leaves_the_two_sided_p(counts):
    wins, losses = counts
    assert mcnemar.exact(wins, losses) == mcnemar.exact(losses, wins)
    assert mcnemar.mid_p(wins, losses) == mcnemar.mid_p(losses, wins)
    assert mcnemar.mid_p(wins, losses) <= mcnemar.exact(wins, losses)


def test_arrays_are_tested_as_each_alone():
    wins, losses = np.array([1.0, 0, 9, 10, 0]), np.array([7.0, 5, 3, 10, 0])
    for test in (mcnemar.z, mcnemar.exact, mcnemar.mid_p, mcnemar.exact_worse, mcnemar.mid_p_worse):
        each = [test(w, l) for w, l in zip(wins.tolist(), losses.tolist(), strict=True)]
        assert test(wins, losses).tolist() == each
        assert {type(p) for p in each} == {float}
