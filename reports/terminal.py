"""The report on one screen of plain text, for a terminal or a CI log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.types import CheckResult, GateVerdict, Kind, Verdict

from .headline import (
    CLAIMS,
    before_signing,
    by_size,
    flip_count,
    label,
    look,
    lost_most,
    share,
    too_small,
)
from .model import Candidate, Report, SliceCount
from .rounding import figures, level
from .visible import visible

LONGEST = 200
"""Characters of a reason before it is cut."""
MOST_PASSED = 40
"""Checks that pass, for each candidate, before the rest is counted."""

GLYPHS = {
    Verdict.PASS: "✓",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_MEASURED: "○",
    Verdict.REGRESSED: "✗",
    GateVerdict.PROMOTE: "✓",
    GateVerdict.INCONCLUSIVE: "?",
    GateVerdict.PARTIAL: "◐",
    GateVerdict.INCOMPLETE: "○",
    GateVerdict.REJECT: "✗",
}

# Runners read commands off a log: at the start of a line (::error::), or anywhere (##[error],
# ##vso[…], ##teamcity[…]).
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#)")


def summary_lines(report: Report, verbosity: int = 0) -> list[str]:
    """Per candidate a headline, what must be known, and a line for every check.

    ``verbosity`` is pytest's: −2 the verdicts alone, −1 with what does not pass, 0 with every
    check, 1 (``-v``) with every slice and case. Each is one line of printable text: nothing in
    it moves a cursor or is read as a command.
    """
    lines = []
    for candidate in report.candidates:
        against = f" against {report.baseline.name}" if report.baseline else ""
        glyph = GLYPHS[candidate.verdict]
        lines.append(f"{glyph} {candidate.verdict} {candidate.name}{against}")
        if verbosity < -1:
            continue
        lines.append(f"  {candidate.headline}")
        lines += [f"  ! {said}" for said in before_signing(candidate, report.baseline)]
        lines += [f"  {_line(check, candidate)}" for check in open_items(candidate)]
        lines += [f"  {line}" for line in _passed(candidate, verbosity)]
    return [_inert(line) for line in lines]


def _passed(candidate: Candidate, verbosity: int) -> Iterator[str]:
    """What passed: checks one by one, the rest only where it is asked for."""
    passed = [check for check in candidate.checks if check.verdict is Verdict.PASS]
    claims = [check for check in passed if check.kind in CLAIMS]
    if verbosity > 0:
        yield from (_line(check, candidate) for check in passed)
    elif verbosity == 0:
        yield from (_line(check, candidate) for check in claims[:MOST_PASSED])
        if len(claims) > MOST_PASSED:
            yield f"{GLYPHS[Verdict.PASS]} {len(claims) - MOST_PASSED} more checks (-v lists them)"


def open_items(candidate: Candidate) -> list[CheckResult]:
    """What does not pass, the worst first, and what is not required last."""
    return by_size([check for check in candidate.checks if check.verdict is not Verdict.PASS])


def _line(check: CheckResult, candidate: Candidate) -> str:
    note = "" if check.required else " (not required)"
    start = f"{GLYPHS[check.verdict]} {check.verdict} {label(check)}{note}"
    shown = figures(check)
    if check.kind is Kind.CASE and check.verdict is Verdict.PASS:
        return start
    if too_small(check):
        return f"{start}: too small to test"
    if check.kind is Kind.CASE or check.verdict is Verdict.NOT_MEASURED or not shown.estimate:
        reason = check.reason if len(check.reason) <= LONGEST else check.reason[:LONGEST] + "…"
        return f"{start}: {reason}"
    against = f" against {check.against}" if check.against else ""
    unit = f" {shown.unit}" if shown.unit else ""
    line = f"{start} {shown.estimate}{unit}{against} [{shown.low}, {shown.high}]"
    if shown.limit:
        line += f", limit {shown.limit}"
    places = lost_most(check, flip_count(check, candidate))
    if places:
        line += f"; most where {places[0].slice} is " + ", ".join(map(_place, places))
    if shared := share(check, candidate):
        line += f"; {shared if len(shared) <= LONGEST else shared[:LONGEST] + '…'}"
    if stopped := look(check):
        line += f"; {stopped}"
    if check.more_cases is not None:
        line += f"; about {check.more_cases:,} more cases would settle it"
    return line


def _place(place: SliceCount) -> str:
    return f"{place.value} ({level(place.reference)} to {level(place.candidate)})"


def _inert(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + _COMMAND.sub(r"\g<0>\\", visible(line[indent:]))
