"""``loragate report``: the page of a run that is in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.errors import UsageError
from harness.reports import build_report, summary_lines, write_report

from .place import configured_path, open_store


def report(
    run: Annotated[str | None, typer.Argument(help="Id of the run; the latest by default.")] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
    report_dir: Annotated[Path | None, typer.Option(help="Where to write.")] = None,
) -> None:
    """Render a recorded run again: report.html, report.json, report.md and report.xml (JUnit).

    Example: `loragate report --report-dir /tmp/last-gate`
    """
    history = open_store(store)
    run = run or history.latest_run()
    if run is None:
        raise UsageError(f"{history.path}: no run is recorded yet; run `pytest suites/` first")
    record = history.load_run(run)
    report = build_report(record, history.before(record.run))
    paths = write_report(report, configured_path("report-dir", "build", report_dir))
    for line in summary_lines(report):
        print(line)
    print(f"report: {paths.html}")
