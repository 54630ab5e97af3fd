"""Holm's adjustment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness.stats.holm import holm

BENJAMINI_HOCHBERG_1995 = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
    0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_three_of_fifteen_published_hypotheses_are_rejected():
    assert sum(p <= 0.05 for p in holm(BENJAMINI_HOCHBERG_1995)) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_equal_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.integers(0, 10))
def test_a_declared_test_that_was_not_run_can_only_raise_the_others(p_values, absent):
    family = len(p_values) + absent
    expected = holm([*p_values, *[1.0] * absent])[: len(p_values)]
    assert holm(p_values, family) == pytest.approx(expected)
    assert all(a >= b for a, b in zip(holm(p_values, family), holm(p_values), strict=True))


def test_a_family_smaller_than_its_tests_is_refused():
    with pytest.raises(ValueError, match="family of 1"):
        holm([0.1, 0.2], family=1)
