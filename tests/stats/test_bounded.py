"""The score test of graded differences: Tango's where they are not, honest where they are few."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import ttest_1samp

from harness.stats import bounded, tango

CUT = tango.critical(0.05, None)
GRADED = st.lists(st.integers(-20, 20).map(lambda i: i / 20), min_size=2, max_size=60)
TABLES = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 200))


def _rows(wins, losses, ties):
    return np.repeat([1.0, -1.0, 0.0], [wins, losses, ties])


@given(TABLES, st.sampled_from([-0.4, -0.03, 0.0, 0.02, 0.5]))
def test_right_or_wrong_scores_have_tangos_z(table, theta):
    wins, losses, ties = table
    d = _rows(wins, losses, ties)
    expected = tango.score(wins, losses, len(d), theta)
    assert bounded.score(d, len(d), theta) == pytest.approx(expected, abs=1e-6)


@given(TABLES, st.floats(1.0, 9.0))
def test_right_or_wrong_scores_have_tangos_bound(table, deff):
    wins, losses, ties = table
    d = _rows(wins, losses, ties)
    n = len(d) / deff
    expected, _ = tango.interval(wins / deff, losses / deff, n, 0.05)
    assert bounded.lower(d, n, CUT) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("margin", "least"), [(0.01, 268), (0.02, 133), (0.03, 88), (0.05, 52)])
def test_one_tiny_win_proves_no_more_than_no_difference_does(margin, least):
    """The t test passes these at any n: all that was seen lies above −margin."""
    for n, passes in ((least - 1, False), (least, True)):
        d = np.zeros(n)
        d[0] = 1e-6
        assert (bounded.lower(d, n, CUT) > -margin) is passes
        assert ttest_1samp(d, -margin, alternative="greater").pvalue < 1e-9


def test_the_likeliest_distribution_is_found():
    """Against a direct search over all weights of what was seen and of −1."""
    d, theta = np.array([0.4, 0.1, 0.0, -0.3, 0.9, 0.2]), -0.2
    points = np.append(d, -1.0)
    found = minimize(
        lambda p: -np.log(np.maximum(p[:-1], 1e-12)).sum(),
        np.full(7, 1 / 7),
        method="SLSQP",
        bounds=[(0, 1)] * 7,
        constraints=[
            {"type": "eq", "fun": lambda p: p.sum() - 1},
            {"type": "eq", "fun": lambda p: p @ points - theta},
        ],
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    variance = found.x @ (points - theta) ** 2
    expected = math.sqrt(len(d)) * (d.mean() - theta) / math.sqrt(variance)
    assert bounded.score(d, len(d), theta) == pytest.approx(expected, rel=1e-4)


def test_spread_differences_are_judged_as_by_the_t_test():
    """Within a hundredth of the standard error, at any margin in reach."""
    d = np.clip(np.random.default_rng(4).normal(0.01, 0.25, 400), -1, 1)
    oracle = ttest_1samp(d, 0.0, alternative="greater").confidence_interval(0.95)
    error = d.std(ddof=1) / math.sqrt(400)
    assert bounded.lower(d, 400, CUT) == pytest.approx(oracle.low, abs=0.03 * error)


@given(GRADED, st.sampled_from([0.0076, 0.05]))
def test_the_bound_inverts_the_test(d, alpha):
    d, cut = np.array(d), tango.critical(alpha, None)
    low = bounded.lower(d, len(d), cut)
    assert -1 <= low <= d.mean()
    if low > -1 + 1e-6:
        assert bounded.score(d, len(d), low) == pytest.approx(cut, abs=1e-4)


@given(GRADED, st.integers(-90, 90))
def test_swapping_the_arms_flips_the_sign(d, percent):
    d, theta = np.array(d), percent / 100
    one, other = bounded.score(d, len(d), theta), bounded.score(-d, len(d), -theta)
    assert one == pytest.approx(-other, abs=1e-6)


@given(GRADED, st.data())
def test_a_better_row_never_lowers_the_bound(d, data):
    better = list(d)
    better[data.draw(st.integers(0, len(d) - 1))] = 1.0
    low, high = (bounded.lower(np.array(rows), len(d), CUT) for rows in (d, better))
    assert high >= low - 1e-9


@given(GRADED, st.randoms())
def test_the_order_of_rows_is_irrelevant(d, random):
    shuffled = list(d)
    random.shuffle(shuffled)
    one, other = (bounded.lower(np.array(rows), len(d), CUT) for rows in (d, shuffled))
    assert one == pytest.approx(other, abs=1e-9)


@given(st.lists(st.lists(st.integers(-4, 4), min_size=9, max_size=9), min_size=1, max_size=6))
def test_many_draws_are_judged_as_each_alone(draws):
    d = np.array(draws) / 4
    effective = np.linspace(4.0, 9.0, len(d))
    for theta in (-0.31, -0.05, 0.02):
        alone = [
            bounded.lower(row, n, CUT) > theta for row, n in zip(d, effective.tolist(), strict=True)
        ]
        assert bounded.exceeds(d, effective, theta, CUT).tolist() == alone
