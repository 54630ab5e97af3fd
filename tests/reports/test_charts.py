"""Geometry of the plot: the picture says what the numbers say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reports import build_report
from harness.reports.charts import MOST_MARGINS, forest
from harness.types import Claim, Kind, Verdict


@pytest.fixture(scope="module")
def checks(record):
    return [
        check
        for check in build_report(record("contracts-deluge")).candidates[0].checks
        if check.kind is not Kind.CASE
    ]


def _comparison(checks, **changes):
    return replace(next(c for c in checks if c.against), **changes)


def test_interval_left_of_the_limit_is_drawn_left_of_it(checks):
    """Places are in the order of the values; a passing interval clears the limit."""
    for group in forest(checks):
        for row in group.rows:
            mark = row.mark
            assert 0 <= mark.low <= mark.point <= mark.high <= 100
            if group.differences:
                passed = row.check.interval[0] > -row.check.margin
                assert (mark.low > mark.limit) == passed


def test_comparisons_share_a_scale_and_levels_another(checks):
    """What is read against each other is drawn on one scale."""
    groups = forest(checks)
    for kind in (True, False):
        scales = {row.scale for group in groups if group.differences is kind for row in group.rows}
        assert len(scales) == 1


def test_unmeasured_checks_have_no_mark(checks):
    """Not measured is shown as such, never as 0."""
    row = forest([_comparison(checks, verdict=Verdict.NOT_MEASURED)])[0].rows[0]
    assert row.mark is None
    assert forest([_comparison(checks, interval=None)])[0].rows[0].mark is None


def test_huge_improvements_are_cut_so_that_margins_stay_visible(checks):
    """The narrowest margin keeps its share of the track; the cut end says so, losses stay."""
    tight = _comparison(checks, interval=(-0.02, 0.02), estimate=0.0, margin=0.01)
    leap = _comparison(checks, interval=(0.7, 0.9), estimate=0.8, margin=0.03)
    loss = _comparison(checks, interval=(-0.15, -0.1), estimate=-0.12, margin=0.03)
    rows = forest([tight, leap, loss])[0].rows
    assert rows[1].mark.cut_high
    assert not rows[2].mark.cut_low
    assert rows[0].mark.zero - rows[0].mark.limit > 100 / MOST_MARGINS / 1.2


def test_ceiling_shades_what_lies_above_it(checks):
    """Lost ground is beyond the limit: right of a ceiling, left of a floor."""
    level = next(check for check in checks if not check.against)
    floor = forest([level])[0].rows[0].mark
    ceiling = forest([replace(level, claim=Claim.MAX)])[0].rows[0].mark
    assert floor.lost_from == 0
    assert floor.lost_width == floor.limit
    assert ceiling.lost_from == ceiling.limit
    assert ceiling.lost_from + ceiling.lost_width == pytest.approx(100)


def test_what_is_no_share_has_its_own_scale(checks):
    """A difference of perplexities is not squeezed among points."""
    other = _comparison(
        checks, estimate=-4.0, interval=(-6.0, -2.0), margin=5.0, candidate_value=31.0
    )
    row = next(r for g in forest([*checks, other]) for r in g.rows if r.check is other)
    assert row.own_scale
    assert row.scale.low <= -6.0


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.001, 0.5), st.floats(-1, 1), st.floats(0, 1))
def test_any_numbers_give_a_plot(comparison, low, width, margin, other, other_width):
    """Every place is on the track and the ticks rise, whatever the numbers."""
    comparison = replace(comparison, margin=margin)
    rows = forest(
        [
            replace(comparison, interval=(low, low + width), estimate=low),
            replace(comparison, interval=(other, other + other_width), estimate=other),
        ]
    )[0].rows
    for row in rows:
        mark = row.mark
        for place in (mark.low, mark.point, mark.high, mark.limit, mark.zero):
            assert 0 <= place <= 100
        ticks = [tick.x for tick in row.scale.ticks]
        assert ticks == sorted(set(ticks))
        assert 1 <= len(ticks) <= 12
