"""What the j-th attempt may use of alpha."""

import math

import pytest

from harness.stats.spending import attempt_alpha


@pytest.mark.parametrize(("attempt", "expected"), [(1, 0.0304), (2, 0.0076), (3, 0.00338)])
def test_the_levels_are_those_of_the_shared_reference(attempt, expected):
    assert attempt_alpha(0.05, attempt) == pytest.approx(expected, abs=6e-6)


def test_all_attempts_together_never_use_more_than_alpha():
    spent = math.fsum(attempt_alpha(0.05, j) for j in range(1, 100_001))
    assert 0.05 - 1e-6 < spent < 0.05


@pytest.mark.parametrize("attempt", [0, -1])
def test_attempts_are_counted_from_one(attempt):
    with pytest.raises(ValueError, match=f"attempt {attempt}: attempts are counted from 1"):
        attempt_alpha(0.05, attempt)
