"""Trends: only what is comparable, and the line that counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reports import build_report
from harness.reports.charts import TREND_EDGE, TREND_HEIGHT, TREND_WIDTH, trend_chart
from harness.reports.model import Trend, TrendPoint
from harness.store.past import Before, Release, Skill
from harness.types import Claim


def release(name: str, score: float, content: str, suite: str = "demo/clauses") -> Release:
    skill = Skill(suite, content, "classify", "accuracy", score, 0.2)
    return Release(f"run-{name}", name, f"{name}-arm", "base-arm", (skill,))


def test_releases_of_the_same_content_are_the_trend(record):
    """An edited suite is another skill; candidates come with their level of this run."""
    run = record("contracts-v2")
    content = run.run.suites["demo/clauses"]
    before = Before(
        (release("r1", 0.5, content), release("r2", 0.6, "old"), release("r3", 0.7, content))
    )
    (trend,) = build_report(run, before).trends
    assert [(p.release, p.name, p.score) for p in trend.points] == [(1, "r1", 0.5), (3, "r3", 0.7)]
    level = next(
        each
        for row in build_report(run).levels
        if (row.suite, row.task, row.metric) == ("demo/clauses", "classify", "accuracy")
        for each in row.levels
        if each.name == "contracts-v2"
    )
    assert trend.candidates == {"contracts-v2": level.value}


def test_the_boundary_is_the_strictest_required_limit(record):
    """The reference less the margin, or the floor; never that of a check that decides nothing."""
    run = record("contracts-v2")
    mine = [
        c
        for c in run.checks
        if (c.suite, c.task, c.metric) == ("demo/clauses", "classify", "accuracy")
    ]
    first = replace(mine[0], claim=Claim.NOT_WORSE, reference_value=0.7, margin=0.03, required=True)
    floor = replace(first, claim=Claim.MIN, against=None, margin=0.6)
    wish = replace(floor, margin=0.99, required=False)
    before = Before((release("r1", 0.5, run.run.suites["demo/clauses"]),))
    for checks, expected in (((first, floor, wish), 0.67), ((floor,), 0.6), ((wish,), None)):
        (trend,) = build_report(replace(run, checks=checks), before).trends
        assert trend.boundary == (expected if expected is None else pytest.approx(expected))


def test_without_a_release_there_is_no_trend(record):
    """Nor a section of the page."""
    assert build_report(record("contracts-v2")).trends == ()


def test_the_picture_keeps_its_order_and_its_frame():
    """Left to right in time, higher scores higher, everything inside."""
    points = tuple(TrendPoint(n, "run", f"r{n}", score) for n, score in enumerate((0.4, 0.6, 0.5)))
    chart = trend_chart(Trend("s", "t", "m", points, 0.55, {"new": 0.7}))
    xs, ys = zip(*chart.releases, strict=True)
    ((x, y, name),) = chart.candidates
    assert list(xs) == sorted(xs)
    assert x > xs[-1]
    assert name == "new"
    assert y < ys[1] < chart.boundary < ys[2] < ys[0]
    assert (xs[0], x) == (TREND_EDGE, TREND_WIDTH - TREND_EDGE)
    assert (y, ys[0]) == (TREND_EDGE, TREND_HEIGHT - TREND_EDGE)


def test_a_single_release_of_equal_scores_is_drawn():
    """Nothing to divide by."""
    chart = trend_chart(Trend("s", "t", "m", (TrendPoint(1, "run", "r1", 0.5),), None, {}))
    assert chart.releases == ((TREND_WIDTH / 2, TREND_HEIGHT / 2),)
