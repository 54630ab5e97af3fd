"""Geometry of the pictures: forest plots in per cent of their width, trends in pixels.

The page draws inline SVG without a viewBox, so a plot stretches with its column while its
strokes and marks keep their size. Comparisons share one scale and are read against each
other; so do floors and ceilings; what is no share has a scale to itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.types import CheckResult, Claim, Verdict

from .model import Trend
from .rounding import is_difference, is_share, limit, percent, plain, points

PAD = 0.06
"""Free room at either end, as a share of what is shown."""
MOST_MARGINS = 24.0
"""The narrowest margin keeps at least 1/24 of the track; what lies beyond is cut by an arrow."""
TICKS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the axis."""

    x: float
    text: str
    zero: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of numbers laid over the track."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def at(self, value: float) -> float:
        """The place of a value, in per cent; at the edge where it lies outside."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)


@dataclass(frozen=True, slots=True)
class Mark:
    """One check on its track. Places are in per cent of the width; None is not drawn."""

    low: float
    high: float
    point: float
    limit: float | None
    zero: float | None
    lost_from: float
    """The stretch that the interval must not enter: ``lost_from``, ``lost_width``."""
    lost_width: float
    cut_low: bool
    """Whether the interval goes on beyond the left edge."""
    cut_high: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A check with its place in the plot; ``mark`` is None where nothing was measured."""

    check: CheckResult
    scale: Scale | None
    own_scale: bool
    """Whether the scale is this row's alone, so has to be labelled in it."""
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one suite that share a scale."""

    suite: str
    differences: bool
    scale: Scale | None
    rows: tuple[Row, ...]


def forest(checks: Sequence[CheckResult]) -> list[Group]:
    """The plot of a candidate's checks: per suite its comparisons, then its levels.

    ``checks`` come ordered; suites keep the order of their first check.
    """
    scales = {
        kind: _shared([c for c in checks if is_difference(c) is kind]) for kind in (True, False)
    }
    suites = dict.fromkeys(check.suite for check in checks)
    groups = []
    for suite in suites:
        for kind in (True, False):
            rows = [
                _row(check, scales[kind])
                for check in checks
                if check.suite == suite and is_difference(check) is kind
            ]
            if rows:
                groups.append(Group(suite, kind, scales[kind], tuple(rows)))
    return groups


def _row(check: CheckResult, shared: Scale | None) -> Row:
    if not _drawable(check):
        return Row(check, None, False, None)
    own = shared is None or not is_share(check)
    scale = _scale([check]) if own or shared is None else shared
    return Row(check, scale, own, _mark(check, scale))


def _drawable(check: CheckResult) -> bool:
    measured = check.verdict is not Verdict.NOT_MEASURED
    return measured and check.estimate is not None and check.interval is not None


def _shared(checks: Sequence[CheckResult]) -> Scale | None:
    drawn = [check for check in checks if _drawable(check) and is_share(check)]
    return _scale(drawn) if drawn else None


def _scale(checks: Sequence[CheckResult]) -> Scale:
    differences = is_difference(checks[0])
    bounds = [bound for check in checks for bound in check.interval or ()]
    limits = [edge for edge in map(limit, checks) if edge is not None]
    low = min([*bounds, *limits, *([0.0] if differences else [])])
    high = max([*bounds, *limits, *([0.0] if differences else [])])
    margins = [abs(edge) for edge in limits if edge]
    if differences and margins:
        # Improvements are cut before losses: the loss is what has to be seen in full.
        span = MOST_MARGINS * min(margins)
        high = min(high, max(low + span, 2 * min(margins)))
        low = max(low, high - span)
    pad = PAD * (high - low) or 0.01
    low, high = low - pad, high + pad
    if is_share(checks[0]) and not differences:
        low, high = max(0.0, low), min(1.0, high)
    return Scale(low, high, _ticks(low, high, differences, is_share(checks[0])))


def _ticks(low: float, high: float, differences: bool, share: bool) -> tuple[Tick, ...]:
    step = _nice((high - low) / TICKS)
    first = math.ceil(low / step)
    ticks = []
    for k in range(first, math.floor(high / step) + 1):
        value = k * step
        x = round(100 * (value - low) / (high - low), 2)
        ticks.append(Tick(x, _tick_text(value, step, differences, share), k == 0))
    return tuple(ticks)


def _tick_text(value: float, step: float, differences: bool, share: bool) -> str:
    if not share:
        return plain(value)
    decimals = max(0, -math.floor(math.log10(100 * step) + 1e-9))
    return points(value, decimals) if differences else percent(value, decimals)


def _nice(step: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next((m * power for m in (1, 2, 5) if m * power >= step), 10 * power)


def _mark(check: CheckResult, scale: Scale) -> Mark | None:
    if check.interval is None or check.estimate is None:
        return None
    (low, high), edge = check.interval, limit(check)
    place = None if edge is None else scale.at(edge)
    ceiling = check.claim is Claim.MAX
    from_, to = (place, 100.0) if ceiling else (0.0, place)
    return Mark(
        low=scale.at(low),
        high=scale.at(high),
        point=scale.at(check.estimate),
        limit=place,
        zero=scale.at(0.0) if is_difference(check) else None,
        lost_from=from_ or 0.0,
        lost_width=round((to or 0.0) - (from_ or 0.0), 2),
        cut_low=low < scale.low,
        cut_high=high > scale.high,
    )


TREND_WIDTH, TREND_HEIGHT, TREND_EDGE = 240.0, 84.0, 9.0
"""Pixels of a trend's picture, and of the free room around what it shows."""


@dataclass(frozen=True, slots=True)
class TrendChart:
    """Places in pixels; y grows downwards."""

    line: str
    """The releases as points of a polyline."""
    releases: tuple[tuple[float, float], ...]
    candidates: tuple[tuple[float, float, str], ...]
    """With their names; right of the last release."""
    boundary: float | None


def trend_chart(trend: Trend) -> TrendChart:
    """The picture of a trend: releases at equal distances, this run's candidates after them."""
    values = [point.score for point in trend.points] + list(trend.candidates.values())
    if trend.boundary is not None:
        values.append(trend.boundary)
    low, high = min(values), max(values)
    room = TREND_HEIGHT - 2 * TREND_EDGE
    steps = len(trend.points) - 1 + bool(trend.candidates)

    def y(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(TREND_EDGE + room * (1 - share), 1)

    def x(place: int) -> float:
        share = place / steps if steps else 0.5
        return round(TREND_EDGE + share * (TREND_WIDTH - 2 * TREND_EDGE), 1)

    releases = tuple((x(at), y(point.score)) for at, point in enumerate(trend.points))
    after = x(len(trend.points))
    return TrendChart(
        line=" ".join(f"{a},{b}" for a, b in releases),
        releases=releases,
        candidates=tuple((after, y(value), name) for name, value in trend.candidates.items()),
        boundary=None if trend.boundary is None else y(trend.boundary),
    )
