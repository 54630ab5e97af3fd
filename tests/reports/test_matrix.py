"""The picture of mutations by tasks."""

from __future__ import annotations

import pytest

from harness.reports import build_report
from harness.reports.matrix import WIDTH, matrix
from harness.types import Verdict


@pytest.fixture(scope="module")
def report(record, synthetic):
    return build_report(synthetic.mutated(record("contracts-v2", "contracts-deluge")))


def test_cells_stand_where_robustness_is(report, synthetic):
    """One cell for each mutation of a task, its mark and the baseline's on one rail."""
    last = next(c for c in report.candidates if c.name == "contracts-deluge")
    found = matrix(report, last)
    measures = [(task, metric) for _, task, metric in found.measures]
    assert measures == [("classify", "accuracy"), ("extract", "accuracy")]
    assert [name for name, _ in found.rows] == ["typos", "negation"]
    (typos, negation) = (
        dict(zip(("classify", "extract"), row, strict=True)) for _, row in found.rows
    )
    assert negation["extract"] is None
    for cell, kept in ((typos["classify"], 0.9), (negation["classify"], 0.6)):
        assert cell.robustness.robustness == pytest.approx(0.95 * kept)
        assert cell.x == pytest.approx(WIDTH * 0.95 * kept, abs=0.05)
        assert (cell.reference, cell.reference_x) == (0.95, pytest.approx(WIDTH * 0.95, abs=0.05))
    assert typos["classify"].verdict is Verdict.PASS
    assert negation["classify"].verdict is Verdict.INCONCLUSIVE


def test_without_mutations_there_is_no_picture(record):
    report = build_report(record("contracts-v2"))
    assert matrix(report, report.candidates[0]).rows == ()
