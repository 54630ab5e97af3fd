"""Roots, against formulas."""

import math

import pytest

from harness.stats.roots import root


def test_a_root_is_found_to_the_tolerance():
    assert root(math.cos, 1, 2) == pytest.approx(math.pi / 2, abs=1e-11)
    assert root(lambda x: x**3 - 2, 0, 2, xtol=1e-3) == pytest.approx(2 ** (1 / 3), abs=2e-3)


def test_without_a_change_of_sign_there_is_none():
    with pytest.raises(ValueError, match="different signs"):
        root(math.exp, 0, 1)
