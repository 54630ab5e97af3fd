"""Group-sequential bounds against published ones, and against scipy's multivariate normal."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from harness.stats import exact, sequential, tango

EQUAL = (0.25, 0.5, 0.75, 1.0)
UNEVEN = (0.13, 0.52, 0.6, 1.0)
POWER_DRIFT = norm.isf(0.05) + norm.isf(0.2)


@st.composite
def fractions(draw):
    parts = draw(st.lists(st.floats(0.05, 1), min_size=1, max_size=4))
    times = np.cumsum(parts) / sum(parts)
    return (*times[:-1].tolist(), 1.0)


def _below_all(z, information, drift=0.0):
    """P(Z_k < z_k at every look), from the multivariate normal."""
    t = np.asarray(information)
    correlation = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    return multivariate_normal(drift * np.sqrt(t), correlation, seed=1).cdf(z)


def test_four_equal_looks_have_the_published_bounds():
    """3.465, 2.450, 2.001, 1.733 (shared reference, to about its rounding)."""
    assert sequential.bounds(0.05, EQUAL) == pytest.approx((3.465, 2.450, 2.001, 1.733), abs=0.0015)


@pytest.mark.parametrize(("looks", "expected"), [(2, 1.678), (3, 1.710), (4, 1.733), (5, 1.751)])
def test_the_last_bound_equals_jennison_and_turnbulls_table(looks, expected):
    """C_B(K, .10), two-sided, of their table 2.3: one-sided .05 but for crossing both bounds."""
    information = [k / looks for k in range(1, looks + 1)]
    assert sequential.bounds(0.05, information)[-1] == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("alpha", [0.05, 0.0304, 0.0076])
@pytest.mark.parametrize("information", [EQUAL, UNEVEN, (0.5, 1.0), (0.2, 0.21, 0.9, 1.0)])
def test_all_looks_together_cross_with_probability_alpha(alpha, information):
    z = sequential.bounds(alpha, information)
    assert 1 - _below_all(z, information) == pytest.approx(alpha, abs=3e-5)
    shape = [bound * math.sqrt(t) for bound, t in zip(z, information, strict=True)]
    assert shape == pytest.approx([shape[0]] * len(shape))


def test_one_look_is_the_fixed_test():
    assert sequential.nominal(0.05, (1.0,)) == pytest.approx((0.05,))
    assert sequential.futility(0.05, (1.0,)) == (-math.inf,)


def test_a_nominal_level_is_the_tail_beyond_its_bound():
    z, levels = sequential.bounds(0.05, UNEVEN), sequential.nominal(0.05, UNEVEN)
    assert levels == pytest.approx(tuple(norm.sf(z)))


@settings(deadline=None)
@given(
    fractions(), st.lists(st.floats(-3, 6), min_size=1, max_size=4), st.sampled_from([0.05, 0.0076])
)
def test_p_is_at_most_alpha_exactly_where_the_bounds_were_crossed(information, z, alpha):
    z = z[: len(information)]
    bounds = sequential.bounds(alpha, information)
    crossed = any(found >= bound for found, bound in zip(z, bounds, strict=False))
    p = sequential.p_value(z, information)
    assert 0 <= p <= 1
    assert (p <= alpha) == crossed or p == pytest.approx(alpha, rel=1e-6)


@settings(deadline=None)
@given(fractions(), st.floats(-2, 4), st.floats(-2, 4))
def test_another_look_never_raises_p(information, first, second):
    if len(information) > 1:
        once = sequential.p_value([first], information)
        assert sequential.p_value([first, second], information) <= once


def test_p_of_certainty_is_zero_or_one():
    assert sequential.p_value([math.inf], EQUAL) == 0
    assert sequential.p_value([-math.inf, -math.inf], EQUAL) == 1
    assert sequential.p_value([-30.0], EQUAL) == pytest.approx(1)


def test_futility_at_four_equal_looks_is_about_what_was_planned():
    """Z < −.5, .25, .9 (shared reference)."""
    *found, last = sequential.futility(0.05, EQUAL)
    assert found == pytest.approx((-0.5, 0.25, 0.9), abs=0.13)
    assert last == -math.inf


@pytest.mark.parametrize("information", [EQUAL, UNEVEN, (0.9, 1.0)])
def test_futility_spends_a_sixth_of_the_information_under_the_planned_drift(information):
    """The first look by the normal, all looks by simulated Brownian motion."""
    rng, draws = np.random.default_rng(7), 200_000
    steps = np.diff((0.0, *information))
    motion = (rng.standard_normal((draws, len(steps))) * np.sqrt(steps)).cumsum(axis=1)
    z = motion / np.sqrt(information) + POWER_DRIFT * np.sqrt(information)
    floors, bounds = sequential.futility(0.05, information), sequential.bounds(0.05, information)
    going, futile = np.ones(draws, bool), 0.0
    for look, t in enumerate(information[:-1]):
        stopped = going & (z[:, look] < floors[look])
        futile += stopped.mean()
        going &= ~stopped & (z[:, look] < bounds[look])
        assert futile == pytest.approx(t / 6, abs=0.004)


def _promoted_and_cases(n, psi, difference, margin, alpha, draws, rng):
    """Tango's test looked at four times; a loss stops too."""
    ends = [round(n * k / 4) for k in (1, 2, 3, 4)]
    information = [end / n for end in ends]
    proven = sequential.bounds(alpha, information)
    lost = sequential.bounds(0.05, information)
    futile = sequential.futility(alpha, information)
    going, promoted, cases = np.ones(draws, bool), np.zeros(draws, bool), np.zeros(draws)
    counts = np.zeros((draws, 3))
    shares = [(psi + difference) / 2, (psi - difference) / 2, 1 - psi]
    for look, size in enumerate(np.diff([0, *ends])):
        counts += rng.multinomial(size, shares, draws)
        wins, losses, _ = counts.T
        z = tango.score(wins, losses, float(ends[look]), -margin)
        passed = z > proven[look]
        cases[going] = ends[look]
        promoted |= going & passed
        below = -tango.score(wins, losses, float(ends[look]), 0.0)
        going &= ~(passed | (below > lost[look]) | (z < futile[look]))
    return promoted.mean(), cases.mean() / n


@pytest.mark.parametrize(("n", "alpha"), [(577, 0.05), (690, 0.0304)])
def test_looks_save_cases_and_keep_error_and_power(n, alpha):
    """The goals at ψ = .08, δ = 3pp, n planned for 80%: with 40,000 draws, SE at most .0025."""
    rng, of = np.random.default_rng(3), (n, 0.08)
    power, equal = _promoted_and_cases(*of, 0.0, 0.03, alpha, 40_000, rng)
    _, better = _promoted_and_cases(*of, 0.02, 0.03, alpha, 40_000, rng)
    _, worse = _promoted_and_cases(*of, -0.06, 0.03, alpha, 40_000, rng)
    wrong, _ = _promoted_and_cases(*of, -0.03, 0.03, alpha, 40_000, rng)
    assert equal < 0.80
    assert better < 0.62
    assert worse < 0.35
    assert wrong < min(0.054, alpha * 1.08)
    assert power > 0.75


def test_power_with_looks_equals_that_of_simulated_tests():
    """At ψ = .2, n = 1,381, 40,000 draws: SE .002, and the normal approximation."""
    fixed = float(exact.power(1381, 0.2, 0.0, 0.03, 0.05))
    rng = np.random.default_rng(4)
    simulated, _ = _promoted_and_cases(1381, 0.2, 0.0, 0.03, 0.05, 40_000, rng)
    assert sequential.power(0.05, EQUAL, fixed) == pytest.approx(simulated, abs=0.01)
    assert sequential.power(0.05, (1.0,), 0.8) == pytest.approx(0.8)


@pytest.mark.parametrize("target", [0.8, 0.9])
def test_a_plan_with_looks_makes_up_for_what_they_cost(target):
    needed = sequential.fixed_power(0.05, EQUAL, target)
    assert target < needed < target + 0.05
    assert sequential.power(0.05, EQUAL, needed) == pytest.approx(target)


@pytest.mark.parametrize(
    "information", [(), (0.5,), (0.5, 0.5, 1.0), (0.0, 1.0), (0.5, 0.4, 1.0), (0.5, 1.1)]
)
def test_fractions_that_do_not_increase_to_one_are_refused(information):
    with pytest.raises(ValueError, match="fractions must increase from 0 to 1"):
        sequential.bounds(0.05, information)


@pytest.mark.parametrize("z", [[], [1.0, 1.0, 1.0]])
def test_more_looks_than_planned_are_refused(z):
    with pytest.raises(ValueError, match=f"{len(z)} looks; 2 are planned"):
        sequential.p_value(z, (0.5, 1.0))


def test_a_first_look_that_can_show_nothing_leaves_the_fixed_bound():
    """At 6% of the information the bound is 10 standard deviations away."""
    *_, last = sequential.bounds(0.0076, (1 / 17, 1.0))
    assert last == pytest.approx(norm.isf(0.0076), abs=1e-5)
