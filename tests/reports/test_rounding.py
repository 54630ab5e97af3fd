"""Printed numbers: sensible, and never a claim that the number does not make."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reports import rounding
from harness.types import Claim


@pytest.mark.parametrize(
    ("share", "text"),
    [(-0.19, "−19.0"), (0.0125, "+1.2"), (0.0, "0.0"), (-0.0, "0.0"), (-0.0001, "0.0")],
)
def test_points(share, text):
    assert rounding.points(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100.0%"), (0.99999, "99.9%"), (0.0, "0.0%"), (0.0001, "0.1%"), (0.5, "50.0%")],
)
def test_percent_says_all_and_none_only_where_it_is(share, text):
    assert rounding.percent(share) == text


@given(st.floats(0, 1))
def test_percent_never_reaches_the_ends_by_rounding(share):
    """100 % and 0 % are exact, whatever the share."""
    assert (rounding.percent(share) == "100.0%") == (share == 1)
    assert (rounding.percent(share) == "0.0%") == (share == 0)


@pytest.mark.parametrize(
    ("p", "alpha", "text"),
    [
        (0.5382, None, "0.54"),
        (0.0382, None, "0.038"),
        (0.00004, None, "< 0.001"),
        (0.0504, 0.05, "0.0504"),
        (0.04999, 0.05, "0.04999"),
        (0.05, 0.05, "0.050"),
        (1.0, None, "1.00"),
    ],
)
def test_p_values_are_not_rounded_onto_alpha(p, alpha, text):
    assert rounding.p_value(p, alpha) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.42, "0.42"), (3.1e-5, "3.1 × 10⁻⁵"), (3.4127, "3.4")]
)
def test_nats(value, text):
    assert rounding.nats(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.8 s"),
        (42.3, "42 s"),
        (59.7, "1 min 0 s"),
        (192, "3 min 12 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds, text):
    assert rounding.duration(seconds) == text


@pytest.mark.parametrize(
    ("low", "text"), [(-0.0296, "−2.96"), (-0.0304, "−3.04"), (-0.0299996, "−3.0000")]
)
def test_bound_beside_its_limit_does_not_look_equal(comparison, low, text):
    """As many decimals as it takes, four at most; the limit is printed with as many."""
    shown = rounding.figures(replace(comparison, margin=0.03, interval=(low, 0.01)))
    assert shown.low == text
    assert len(shown.limit) == len(text)


@given(low=st.floats(-1, 0), margin=st.floats(0.001, 0.5))
def test_printed_interval_agrees_with_the_verdict(comparison, low, margin):
    """Of a printed bound and limit, the larger is the larger, if four decimals can tell."""
    result = replace(comparison, estimate=0.0, interval=(low, 1.0), margin=margin)
    shown = rounding.figures(result)
    bound, limit = (float(text.replace("−", "-")) for text in (shown.low, shown.limit))
    if abs(low + margin) > 1e-6:
        assert (bound > limit) == (low > -margin)


def test_what_is_no_share_is_printed_plainly(comparison):
    """A perplexity of 12.3 is not 1,230 per cent."""
    shown = rounding.figures(
        replace(comparison, estimate=-0.42, interval=(-0.6, -0.2), margin=0.5, candidate_value=12.3)
    )
    assert (shown.estimate, shown.limit, shown.unit) == ("−0.42", "−0.5", "")


def test_limit_is_what_the_interval_has_to_clear(comparison):
    """−δ for not-worse, 0 for better, the floor and ceiling themselves."""
    assert rounding.limit(replace(comparison, margin=0.03)) == -0.03
    assert rounding.limit(replace(comparison, claim=Claim.BETTER)) == 0.0
    assert rounding.limit(replace(comparison, claim=Claim.MIN, margin=0.8)) == 0.8
    assert rounding.limit(replace(comparison, margin=None)) is None
