"""Benjamini and Hochberg's adjustment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness.stats.bh import benjamini_hochberg

PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
    0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_four_of_fifteen_published_hypotheses_are_discoveries():
    """Benjamini and Hochberg 1995, their example; Bonferroni rejects three."""
    assert sum(p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(15 * p <= 0.05 for p in PUBLISHED) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_equal_statsmodels(p_values):
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert benjamini_hochberg(p_values) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.integers(0, 10))
def test_a_declared_test_that_was_not_run_counts_as_one(p_values, absent):
    expected = benjamini_hochberg([*p_values, *[1.0] * absent])[: len(p_values)]
    found = benjamini_hochberg(p_values, len(p_values) + absent)
    assert found == pytest.approx(expected)


def test_a_family_smaller_than_its_tests_is_refused():
    with pytest.raises(ValueError, match="family of 1"):
        benjamini_hochberg([0.1, 0.2], family=1)
