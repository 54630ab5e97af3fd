"""Line and bar charts as SVG text: inline style, no script, legible on light and dark paper."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 760, 400
TOP, BOTTOM = 56, 52
NAMES, NUMBERS = 264, 70
"""Room for names at the left and for numbers at the right."""
LABEL_GAP = 16
STYLE = """
 svg { --paper: #fff; --ink: #16191d; --muted: #59616b; --rule: #dfe2e6;
       --ours: #0a6c4e; --other: #b4231d; --limit: #8a5600; }
 @media (prefers-color-scheme: dark) {
  svg { --paper: #121417; --ink: #e8eaed; --muted: #a2aab4; --rule: #2c3138;
        --ours: #57c79b; --other: #ff8a7d; --limit: #e6b450; } }
 text { font: 13px Inter, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--ink); }
 .title { font-weight: 600; font-size: 15px; } .axis { fill: var(--muted); }
 .rule { stroke: var(--rule); } .limit { stroke: var(--limit); stroke-dasharray: 5 4; }
 polyline { fill: none; stroke: var(--other); stroke-width: 1.6; }
 polyline.ours { stroke: var(--ours); stroke-width: 3; }
 rect.other { fill: var(--other); } rect.ours { fill: var(--ours); }
 text.other { fill: var(--other); } text.ours { fill: var(--ours); font-weight: 600; }
"""


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from the first tick to the last one."""

    label: str
    ticks: Sequence[float]
    unit: str = ""
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1; at the end where it lies outside."""
        low, high = self._scaled(self.ticks[0]), self._scaled(self.ticks[-1])
        return min(1.0, max(0.0, (self._scaled(value) - low) / (high - low)))

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


@dataclass(frozen=True, slots=True)
class Line:
    """A curve with its name where it starts, at the left."""

    name: str
    points: Sequence[tuple[float, float]]
    ours: bool = False


def lines(title: str, x: Axis, y: Axis, curves: Sequence[Line], limit: float | None = None) -> str:
    """Curves over an axis; ``limit`` is a dashed level that they are read against."""
    left, right, bottom = NAMES, WIDTH - NUMBERS, HEIGHT - BOTTOM

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return (
            round(left + x.share(point[0]) * (right - left), 1),
            round(bottom - y.share(point[1]) * (bottom - TOP), 1),
        )

    parts = []
    for tick in y.ticks:
        _, level = at((x.ticks[0], tick))
        parts.append(f'<line class="rule" x1="{left}" x2="{right}" y1="{level}" y2="{level}"/>')
        parts.append(_text(right + 8, level + 4, f"{tick:,g}{y.unit}", "axis", "start"))
    for tick in x.ticks:
        place, _ = at((tick, y.ticks[0]))
        parts.append(_text(place, bottom + 20, f"{tick:,g}{x.unit}", "axis", "middle"))
    if limit is not None:
        _, level = at((x.ticks[0], limit))
        parts.append(f'<line class="limit" x1="{left}" x2="{right}" y1="{level}" y2="{level}"/>')
    for curve in sorted(curves, key=lambda curve: curve.ours):
        path = " ".join(f"{px},{py}" for px, py in map(at, curve.points))
        parts.append(f'<polyline class="{_tone(curve.ours)}" points="{path}"/>')
    starts = _apart([at(curve.points[0])[1] for curve in curves])
    for curve, level in zip(curves, starts, strict=True):
        parts.append(_text(left - 8, level + 4, curve.name, _tone(curve.ours), "end"))
    parts.append(_text((left + right) / 2, HEIGHT - 10, x.label, "axis", "middle"))
    parts.append(_text(right + 8, TOP - 14, y.label, "axis", "start"))
    return _page(title, parts)


def _apart(levels: Sequence[float]) -> list[float]:
    """The same heights, moved just so far that a name fits between any two of them."""
    order = sorted(range(len(levels)), key=levels.__getitem__)
    moved = list(levels)
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + LABEL_GAP)
    floor = float(HEIGHT - BOTTOM)
    for at in reversed(order):
        moved[at] = min(moved[at], floor)
        floor = moved[at] - LABEL_GAP
    return moved


def bars(
    title: str,
    x: Axis,
    groups: Mapping[str, Mapping[str, float]],
    ours: str,
    limit: float | None = None,
) -> str:
    """Groups of horizontal bars: group → name of the bar → value; ``ours`` stands out."""
    left, right = NAMES, WIDTH - NUMBERS
    step = (HEIGHT - TOP - BOTTOM) / sum(len(group) + 1 for group in groups.values())
    level, parts = float(TOP), []
    for name, group in groups.items():
        level += step
        parts.append(_text(12, round(level - step * 0.3, 1), name, "", "start"))
        for bar, value in group.items():
            tone, width = _tone(bar == ours), round(x.share(value) * (right - left), 1)
            y, height = round(level, 1), round(step * 0.8, 1)
            parts.append(_text(left - 8, round(y + height * 0.75, 1), bar, tone, "end"))
            parts.append(
                f'<rect class="{tone}" x="{left}" y="{y}" width="{width}" height="{height}"/>'
            )
            said = f"{value:.1f}{x.unit}"
            parts.append(_text(left + width + 6, round(y + height * 0.75, 1), said, tone, "start"))
            level += step
    if limit is not None:
        place = round(left + x.share(limit) * (right - left), 1)
        parts.append(
            f'<line class="limit" x1="{place}" x2="{place}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        )
        parts.append(_text(place, HEIGHT - BOTTOM + 18, f"{limit:g}{x.unit}", "axis", "middle"))
    parts.append(_text((left + right) / 2, HEIGHT - 10, x.label, "axis", "middle"))
    return _page(title, parts)


def _tone(ours: bool) -> str:
    return "ours" if ours else "other"


def _text(x: float, y: float, said: str, tone: str, anchor: str) -> str:
    place = f'x="{round(x, 1):g}" y="{round(y, 1):g}" text-anchor="{anchor}"'
    return f'<text {place} class="{tone}">{escape(said)}</text>'


def _page(title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' width="{WIDTH}" height="{HEIGHT}">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="var(--paper)"/>\n'
        f"{_text(12, 24, title, 'title', 'start')}\n{body}\n</svg>\n"
    )
