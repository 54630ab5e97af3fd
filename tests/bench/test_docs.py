"""The figures of docs/statistics.md are those of the committed benchmark."""

import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = re.sub(r"\s+", " ", (DOCS / "statistics.md").read_text("utf-8"))
ROWS = {
    row["name"]: row for row in json.loads((DOCS / "bench/gate.json").read_text("utf-8"))["rows"]
}


def _value(start):
    (row,) = [row for name, row in ROWS.items() if name.startswith(start)]
    return row["value"]


def test_every_promise_that_was_measured_is_kept():
    promised = [row for row in ROWS.values() if row["target"]]
    assert len(promised) > 40
    assert all(row["met"] for row in promised)


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ("McNemar not significant, two-sided", "two-sided exact McNemar not significant"),
        ("McNemar not significant, one-sided", "one-sided exact McNemar not significant"),
        ("delta ≥ −2 points", "delta ≥ −2pp"),
        ("delta ≥ 0", "delta ≥ 0"),
        ("significantly better", "significantly better"),
    ],
)
def test_what_other_rules_promote(rule, row):
    worse, equal = (_value(f"{kind}, promoted by: {row} ") for kind in ("worse by δ", "equal"))
    assert f"| {rule} | {worse:.1f}% | {equal:.1f}% |" in PAGE


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("30 releases end more than δ below the start: neither", "before | {:.1f}% |"),
        (
            "30 releases end more than δ below the start: attempts",
            "before, attempts counted | {:.1f}% |",
        ),
        ("30 releases end more than δ below the start: anchor alone", "an anchor | {:.1f}% |"),
        ("30 releases end more than δ below the start: anchor, att", "does) | {:.2f}% |"),
        (
            "any of ten attempts at the boundary promoted: (",
            "worse adapter in {:.1f}% of histories",
        ),
        ("any of ten attempts at the boundary promoted: if", "not counted, in {:.1f}%"),
        ("whole gate, promoted: worse by δ in one suite, first", "promoted in {:.1f} ±"),
        ("whole gate, promoted: worse by δ in one suite, all", "attempt ({:.1f} ±"),
        ("whole gate, rejected: equal", "rejected in {:.1f} ±"),
        ("sequential, worse by δ", "promoted a worse one in {:.1f}%"),
        ("sequential, equal: power", "costs {:.1f} points of power"),
        ("decide 50 suites", "takes {:.1f} s"),
        (
            "false promotion: binary, unclustered, ψ > δ: worst",
            "wrong | independent | {:.1f}% | 6%",
        ),
        (
            "false promotion: binary, unclustered, ψ = δ: worst",
            "a loss | independent | {:.1f}% | 7%",
        ),
        (
            "false promotion: binary, unclustered, method: exact: worst",
            "independent | {:.1f}% | 5%",
        ),
        ("false promotion: graded, unclustered: worst", "equal | independent | {:.1f}% | 6%"),
        ("false promotion: normal, unclustered: worst", "normal | independent | {:.1f}% | 6%"),
    ],
)
def test_what_the_gate_does_itself(start, shown):
    value = ROWS[start]["value"] if start in ROWS else _value(start)
    assert shown.format(value) in PAGE


@pytest.mark.parametrize(
    ("population", "said"),
    [
        ("binary", "right or wrong"),
        ("graded", "graded, mostly equal"),
        ("normal", "graded, normal"),
    ],
)
def test_what_clusters_do_to_it(population, said):
    shapes = ("equal", "skewed", "zipf")
    values = [_value(f"false promotion: {population}, {s} clusters: worst") for s in shapes]
    shown = " / ".join(f"{value:.1f}" for value in values)
    assert f"| {said} | equal / skewed / Zipf clusters | {shown}% | 6% |" in PAGE


@pytest.mark.parametrize(("difference", "share"), [("0", "75%"), ("2", "59%"), ("-6", "30%")])
def test_what_early_looks_save(difference, share):
    assert f"{_value(f'sequential, Δ={difference}pp'):.0%}" == share
    assert share in PAGE
