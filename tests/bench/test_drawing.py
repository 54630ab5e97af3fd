"""The pictures: well-formed, themed, every number where it belongs."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from harness.bench.gate import drawing
from harness.bench.gate.drawing import Axis, Line

SVG = "{http://www.w3.org/2000/svg}"
X, Y = Axis("cases", (50, 500, 5000), log=True), Axis("share", (0, 50, 100), "%")


def test_an_axis_runs_from_its_first_tick_to_its_last():
    assert [X.share(v) for v in (50, 500, 5000)] == pytest.approx([0, 0.5, 1])
    assert Y.share(25) == 0.25
    assert Y.share(120) == 1


def test_lines_are_named_where_they_start_and_ours_lies_on_top():
    curves = [Line("ours", [(50, 5), (5000, 5)], True), Line("a < b", [(50, 40), (5000, 100)])]
    root = ET.fromstring(drawing.lines("Title", X, Y, curves, limit=5))
    drawn = root.findall(f"{SVG}polyline")
    assert [each.get("class") for each in drawn] == ["other", "ours"]
    texts = {text.text: text for text in root.findall(f"{SVG}text")}
    assert {"Title", "ours", "a < b", "cases", "share", "5,000", "100%"} <= texts.keys()
    first = drawn[0].get("points").split()[0]
    assert float(texts["a < b"].get("y")) == pytest.approx(float(first.split(",")[1]) + 4)


def test_names_of_lines_never_overlap():
    curves = [Line(str(i), [(50, 2 + i / 10), (5000, 1)]) for i in range(6)]
    root = ET.fromstring(drawing.lines("Title", X, Y, curves))
    texts = root.findall(f"{SVG}text[@class='other']")
    named = sorted(float(text.get("y")) for text in texts)
    assert len(named) == 6
    gaps = [below - above for above, below in pairwise(named)]
    assert min(gaps) == pytest.approx(drawing.LABEL_GAP, abs=0.2)


def test_bars_are_as_long_as_their_values():
    groups = {"equal": {"ours": 10.0, "naive": 40.0}, "zipf": {"ours": 5.0, "naive": 80.0}}
    root = ET.fromstring(drawing.bars("Title", Y, groups, "ours", limit=5))
    bars = [r for r in root.findall(f"{SVG}rect") if r.get("class")]
    widths = [float(bar.get("width")) for bar in bars]
    assert [w / widths[0] for w in widths] == pytest.approx([1, 4, 0.5, 8], abs=0.01)
    assert [bar.get("class") for bar in bars] == ["ours", "other"] * 2


def test_a_picture_follows_the_colour_scheme():
    assert "prefers-color-scheme: dark" in drawing.lines("Title", X, Y, [Line("a", [(50, 1)])])
