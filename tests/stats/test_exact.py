"""Tango's exact unconditional test against enumeration of every table."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats import exact, tango


def _probability(n, psi, difference, passes):
    """Sum over all (w, l) of the trinomial probability of those that pass."""
    p_win, p_loss = (psi + difference) / 2, (psi - difference) / 2
    total = 0.0
    for w in range(n + 1):
        for l in range(n - w + 1):
            if passes(w, l):
                ways = math.comb(n, w) * math.comb(n - w, l)
                total += ways * p_win**w * p_loss**l * (1 - psi) ** (n - w - l)
    return total


@pytest.mark.parametrize(
    ("n", "margin", "psi", "difference"),
    [(12, 0.2, 0.3, -0.2), (25, 0.15, 0.15, -0.15), (30, 0.1, 0.4, 0.05), (20, 0.2, 1.0, -0.2)],
)
def test_power_and_size_equal_the_sum_over_every_table(n, margin, psi, difference):
    expected = _probability(
        n, psi, difference, lambda w, l: tango.p_not_worse(w, l, n, margin) < 0.05
    )
    assert exact.power(n, psi, difference, margin, 0.05) == pytest.approx(expected, abs=1e-12)
    if difference == -margin:
        assert exact.size(n, margin, 0.05, psi) == pytest.approx(expected, abs=1e-12)


@given(st.integers(2, 120), st.sampled_from([-0.3, -0.03, 0.0, 0.1]), st.sampled_from([0.01, 0.05]))
@settings(max_examples=30)
def test_the_region_is_where_tango_passes_and_nowhere_else(n, theta, alpha):
    region = exact.rejection_region(n, -theta, alpha)
    cut = tango.critical(alpha, None)
    for m in range(n + 1):
        wins = np.arange(m + 1.0)
        passes = tango.score(wins, m - wins, n, theta) > cut
        assert passes.tolist() == (wins >= region[m]).tolist()


@pytest.mark.parametrize(("margin", "least"), [(0.02, 133), (0.03, 88), (0.05, 52)])
def test_where_every_flip_is_a_loss_the_size_jumps_when_no_flip_begins_to_pass(margin, least):
    """Up to 6.9%: (1−δ)^n of no flip at all (shared reference)."""
    at, before = (float(exact.size(n, margin, 0.05, margin)) for n in (least, least - 1))
    assert at == pytest.approx((1 - margin) ** least, rel=1e-9)
    assert 0.068 < at < 0.0695
    assert before < 1e-6


@pytest.mark.parametrize("n", [200, 500, 1000])
@pytest.mark.parametrize("margin", [0.02, 0.03, 0.05])
def test_with_flips_both_ways_the_size_is_near_its_level(n, margin):
    """Mostly 4.9–5.3% (shared reference); at ψ near δ less."""
    sizes = exact.size(n, margin, 0.05, np.array([0.2, 0.3]))
    assert np.all((sizes > 0.048) & (sizes < 0.053))


@pytest.mark.parametrize("n", [52, 88, 133, 200])
@pytest.mark.parametrize("margin", [0.02, 0.03, 0.05])
def test_the_exact_test_keeps_its_level_everywhere(n, margin):
    region = exact.exact_region(n, margin, 0.05)
    psi = np.linspace(margin, 1, 4001)
    largest = exact.probability(region, psi, -margin).max()
    assert largest <= 0.05 + 1e-9
    assert np.all(region >= exact.rejection_region(n, margin, 0.06))


def test_the_exact_region_is_where_the_exact_p_is_small():
    n, margin = 30, 0.1
    region = exact.exact_region(n, margin, 0.05)
    for m in range(n + 1):
        for w in range(m + 1):
            passes = exact.p_not_worse(w, m - w, n, margin) <= 0.05
            assert passes == (w >= region[m])


@pytest.mark.parametrize(
    ("w", "l", "n", "theta"), [(3, 1, 15, -0.1), (0, 0, 20, -0.2), (2, 5, 18, -0.3)]
)
def test_p_equals_the_largest_sum_over_every_table(w, l, n, theta):
    seen = tango.score(w, l, n, theta)
    expected = max(
        _probability(n, psi, theta, lambda a, b: tango.score(a, b, n, theta) >= seen - 1e-9)
        for psi in np.linspace(-theta, 1, 80)
    )
    found = exact.p_not_worse(w, l, n, -theta)
    assert expected - 1e-9 <= found <= expected * 1.002


def test_no_flip_at_all_has_the_binomials_own_p():
    """If every flip is a loss, none among n has probability (1−δ)^n, and nothing is likelier."""
    assert exact.p_not_worse(0, 0, 100, 0.03) == pytest.approx(0.97**100, rel=1e-9)


@given(st.integers(5, 40), st.data())
@settings(max_examples=25)
def test_one_more_win_never_hurts_and_one_more_loss_never_helps(n, data):
    w = data.draw(st.integers(0, n - 1))
    l = data.draw(st.integers(0, n - 1 - w))
    p = exact.p_not_worse(w, l, n, 0.1)
    assert exact.p_not_worse(w + 1, l, n, 0.1) <= p + 1e-9
    assert exact.p_not_worse(w, l + 1, n, 0.1) >= p - 1e-9


@given(st.integers(20, 80), st.data())
@settings(max_examples=10)
def test_every_margin_beyond_the_bound_is_proven(n, data):
    w = data.draw(st.integers(0, n // 4))
    l = data.draw(st.integers(0, n // 4))
    low = exact.lower(w, l, n, 0.05)
    assert low <= (w - l) / n
    assert exact.p_not_worse(w, l, n, -low + 1e-6) < 0.05
    assert exact.p_not_worse(w, l, n, -low - 1e-6) >= 0.05
    for beyond in (0.005, 0.02, 0.1):
        if low - beyond > -1:
            assert exact.p_not_worse(w, l, n, -low + beyond) < 0.05


def test_a_truth_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="need"):
        exact.power(50, 0.02, -0.03, 0.03, 0.05)
