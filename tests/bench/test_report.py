"""``loragate bench report`` on a few cases: what it reports, and that it measured."""

from __future__ import annotations

import pytest

from harness.bench import report
from harness.bench.report import made, rows
from harness.reports import build_report


@pytest.mark.browser
def test_a_tiny_run_has_every_row(monkeypatch) -> None:
    """Sixty cases, one round; tools that are not installed say so."""
    monkeypatch.setattr(report, "MANY_WORDS", 30)
    found = {row.name: row for row in rows(60, 1, 10)}
    said = "60 cases × 2 arms"
    assert found[f"{said}: all four files written"].target == "≤ 10"
    assert found[f"{said}: the page"].met is True
    assert found[f"{said} with longer texts: the page"].met is True
    assert found[f"{said}: interactive"].value > 0
    assert found[f"{said}: slowest filter"].target == "≤ 50"
    assert "of 10, texts included" in found[f"{said}: slowest filter"].note
    rivals = [row for name, row in found.items() if "samples: read" in name]
    assert [row.value for row in rivals] == [None, None]


def test_the_run_is_what_its_rows_say() -> None:
    """One case in twenty flips, and every text has its length."""
    record = made(2000, 25)
    assert {len(case.prompt.split()) for case in record.cases} == {26}
    (candidate,) = build_report(record).candidates
    assert 0.03 < candidate.flips.flipped / 2000 < 0.09
