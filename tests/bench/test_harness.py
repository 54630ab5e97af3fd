"""``loragate bench harness`` on a few samples: what it reports, and that it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.bench.harness.goals import Taken, _against, _each, _own, rows
from harness.bench.harness.world import ROWS, write

pytestmark = pytest.mark.torch


def test_a_tiny_run_has_every_row() -> None:
    """Two sizes, one round, and a rival that is not installed."""
    found = {row.name: row for row in rows((120, 240), {"no_such_harness": 10}, 1)}
    per_sample = found["120 samples, YAML to DuckDB: one sample"]
    assert per_sample.target == "≤ 0.2"
    assert per_sample.value is not None
    assert per_sample.value == pytest.approx(
        2 * (found["120 samples: one output"].value or 0), abs=0.1
    )
    first = found["120 samples: first result"].value
    assert first is not None
    assert 0 < first < 120 * per_sample.value / 1000
    absent = found["no_such_harness, 10 samples: one sample of one arm"]
    assert absent.value is None
    assert "not installed" in absent.note
    assert found["cached gate of 120 samples × 3 arms"].value is not None


def test_figures() -> None:
    """By hand: 4 s over 1,000 samples are 4 ms; ten times the samples in 60 s are 6 ms."""
    ours = {1000: [Taken(0.5, 4.0, 2e8)] * 3, 10_000: [Taken(2.0, 60.0, 9.2e8)]}
    assert _each(ours[1000], 1000) == 4.0
    found = {row.name: row for row in _own(ours, (1000, 10_000))}
    assert found["one sample of 10,000 over one of 1,000"].value == 1.5
    assert found["one sample of 10,000 over one of 1,000"].met is False
    assert found["1,000 samples: first result"].met is True
    assert found["memory of one more sample"].value == 80.0
    pairs = [(Taken(1.0, 1.6, 1e8), Taken(0.5, 0.8, 1e8))] * 3
    cost, ratio = _against("lm_eval", 100, pairs, "")
    assert (cost.value, ratio.value, ratio.note) == (16.0, 0.5, "ours 8 ms a sample")


def test_the_project_s_rows_are_answered_by_an_echo(tmp_path: Path) -> None:
    """What is asked is what is right."""
    write(tmp_path / "p", 3)
    asked = [json.loads(line) for line in (tmp_path / "p" / ROWS).read_text().splitlines()]
    assert len(asked) == 3
    assert all(row["question"] == row["answer"] for row in asked)
