"""What a GitHub runner shows of a report: annotations at the suites' lines.

Source: "Workflow commands for GitHub Actions", GitHub Docs. The step summary is report.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.types import CheckResult, GateVerdict, Verdict

from .headline import label
from .model import Report
from .rounding import figures
from .terminal import open_items
from .visible import shortened

MOST = 10
"""Annotations of one kind: as many as GitHub shows of one step."""
LONGEST = 400
"""Characters of a message."""


def annotation_lines(report: Report) -> list[str]:
    """Workflow commands, one a line: an error for each item that rejects, else a warning.

    The decision on a candidate comes first, and is a notice where it is PROMOTE.
    """
    found = [*_decisions(report), *_items(report)]
    kept: dict[str, list[str]] = {}
    for kind, line in found:
        kept.setdefault(kind, []).append(line)
    return [line for lines in kept.values() for line in lines[:MOST]]


def _decisions(report: Report) -> Iterator[tuple[str, str]]:
    for candidate in report.candidates:
        promoted = candidate.verdict is GateVerdict.PROMOTE
        kind = "notice" if promoted else "error"
        yield kind, _command(kind, f"{candidate.verdict} {candidate.name}", candidate.headline)


def _items(report: Report) -> Iterator[tuple[str, str]]:
    for candidate in report.candidates:
        for check in open_items(candidate):
            worst = check.required and check.verdict is Verdict.REGRESSED
            kind = "error" if worst else "warning"
            title = f"{check.verdict} {candidate.name}: {label(check)}"
            yield kind, _command(kind, title, _message(check), _place(check))


def _message(check: CheckResult) -> str:
    shown = figures(check)
    if not shown.estimate:
        return check.reason
    limit = f", limit {shown.limit}" if shown.limit else ""
    return f"{shown.estimate} {shown.unit} [{shown.low}, {shown.high}]{limit}: {check.reason}"


def _place(check: CheckResult) -> dict[str, str]:
    return {"file": check.id.partition("::")[0], "line": str(check.line)} if check.line else {}


def _command(kind: str, title: str, message: str, place: dict[str, str] | None = None) -> str:
    properties = {**(place or {}), "title": title}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {said}::{_data(message)}"


def _data(text: str) -> str:
    """Text as the runner reads it: one line, nothing hidden, and no further command in it."""
    return shortened(text, LONGEST).replace("%", "%25").replace("##", "#\\#")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
