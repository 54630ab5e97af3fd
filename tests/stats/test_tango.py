"""Tango's test and interval against published figures and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from harness.stats import tango


@st.composite
def tables(draw):
    n = draw(st.integers(2, 400))
    wins = draw(st.integers(0, n))
    return wins, draw(st.integers(0, n - wins)), n


@pytest.mark.parametrize(
    ("wins", "losses", "n", "alpha", "expected"),
    [
        (9, 3, 32, 0.025, (-0.0271, 0.3897)),  # Tango 1998, table (4, 9, 3, 16)
        (0, 1, 44, 0.05, (-0.0957, 0.0365)),  # Tango 1998, table (43, 0, 1, 0)
    ],
)
def test_interval_equals_tangos_published_examples(wins, losses, n, alpha, expected):
    assert tango.interval(wins, losses, n, alpha) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    ("wins", "losses", "n", "margin", "expected"),
    [
        (20, 24, 500, 0.03, 0.0538235),
        (20, 24, 1000, 0.03, 0.000261645),
        (0, 0, 100, 0.03, 0.0393201),
    ],
)
def test_p_not_worse_equals_reference_values(wins, losses, n, margin, expected):
    assert tango.p_not_worse(wins, losses, n, margin) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("alpha", "margin", "least"),
    [
        (0.05, 0.01, 268),
        (0.05, 0.02, 133),
        (0.05, 0.03, 88),
        (0.05, 0.05, 52),
        (0.0304, 0.01, 349),
        (0.0304, 0.02, 173),
        (0.0304, 0.03, 114),
        (0.0304, 0.05, 67),
    ],
)
def test_without_discordant_pairs_it_passes_from_a_certain_n_on_and_not_before(
    alpha, margin, least
):
    assert tango.p_not_worse(0, 0, least, margin) < alpha
    assert tango.p_not_worse(0, 0, least - 1, margin) >= alpha


@given(tables())
def test_at_zero_it_is_mcnemars_z(table):
    wins, losses, n = table
    expected = (wins - losses) / math.sqrt(wins + losses) if wins + losses else 0.0
    assert tango.score(wins, losses, n, 0.0) == pytest.approx(expected)


@given(tables(), st.floats(-0.9, 0.9))
def test_swapping_the_arms_flips_the_sign(table, theta):
    wins, losses, n = table
    one, other = tango.score(wins, losses, n, theta), tango.score(losses, wins, n, -theta)
    assert one == pytest.approx(-other)


@given(tables(), st.sampled_from([0.0076, 0.025, 0.05]))
def test_the_interval_inverts_the_test(table, alpha):
    wins, losses, n = table
    low, high = tango.interval(wins, losses, n, alpha)
    assert -1 <= low <= (wins - losses) / n <= high <= 1
    if low > -1 + 1e-6:
        assert tango.score(wins, losses, n, low) == pytest.approx(norm.isf(alpha), abs=1e-5)
    if high < 1 - 1e-6:
        assert tango.score(wins, losses, n, high) == pytest.approx(-norm.isf(alpha), abs=1e-5)


@given(tables(), st.sampled_from([0.01, 0.03, 0.05]))
def test_one_more_loss_never_helps_and_one_more_win_never_hurts(table, margin):
    wins, losses, n = table
    p = tango.p_not_worse(wins, losses, n, margin)
    if wins + losses < n:
        assert tango.p_not_worse(wins, losses + 1, n, margin) >= p - 1e-12
        assert tango.p_not_worse(wins + 1, losses, n, margin) <= p + 1e-12


@given(tables(), st.lists(st.integers(-95, 95), min_size=2, max_size=2, unique=True))
def test_z_falls_as_theta_grows(table, percent):
    low, high = (tango.score(*table, theta / 100) for theta in sorted(percent))
    assert low >= high - 1e-9


@given(st.lists(tables(), min_size=1, max_size=8), st.sampled_from([-0.03, 0.0, 0.2]))
def test_an_array_of_tables_is_scored_as_each_alone(found, theta):
    wins, losses, n = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    together = tango.score(wins, losses, n, theta)
    assert together.tolist() == [tango.score(*table, theta) for table in found]
    assert tango.p_not_worse(wins, losses, n, 0.03, 20).shape == (len(found),)


def test_scalars_give_plain_floats():
    results = (
        tango.score(9, 3, 32, -0.03),
        tango.p_not_worse(9, 3, 32, 0.03),
        tango.p_worse(9, 3, 32, 7),
        tango.critical(0.05, None),
        *tango.interval(9, 3, 32, 0.05),
    )
    assert {type(result) for result in results} == {float}


@given(tables())
def test_each_bound_has_its_own_level(table):
    low, high = tango.interval(*table, 0.0125, alpha_high=0.05)
    assert low == tango.interval(*table, 0.0125)[0]
    assert high == tango.interval(*table, 0.05)[1]


def test_impossible_counts_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="need 0 ≤ w"):
        tango.score(6, 5, 10, 0.0)
