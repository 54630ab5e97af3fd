"""Annotations: GitHub's own syntax, at the lines of the suites, and nothing that a model wrote."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.reports import annotation_lines, build_report
from harness.types import Verdict

HOSTILE = (
    "x\n::error file=/etc/passwd::pwned\r%0A::set-env name=A::b ##[command]rm ::stop-commands::t"
)
COMMAND = re.compile(r"::(notice|warning|error) ([^:]*)::(.*)")


def test_a_promotion_is_a_notice(record):
    """One line, and nothing red."""
    assert annotation_lines(build_report(record("contracts-v2"))) == [
        "::notice title=PROMOTE contracts-v2::All required items pass: 7 checks and 4 cases"
    ]


def test_a_loss_is_an_error_at_its_line(record):
    """Interval and limit stand in the message; what is open or not required only warns."""
    run = record("contracts-deluge")
    checks = tuple(replace(check, line=10 + at) for at, check in enumerate(run.checks))
    checks = (replace(checks[0], verdict=Verdict.INCONCLUSIVE), *checks[1:])
    report = build_report(replace(run, checks=checks))
    lines = [COMMAND.fullmatch(line) for line in annotation_lines(report)]
    assert all(lines)
    kinds = [line[1] for line in lines if line]
    lost = [c for c in checks if c.verdict is Verdict.REGRESSED and c.required]
    assert kinds.count("error") == 1 + len(lost)
    assert kinds.count("warning") == 1
    first = lost[0]
    place = f"file={first.id.partition('::')[0]},line={first.line},title=REGRESSED contracts-deluge"
    assert any(line and line[2].startswith(place) for line in lines)


def test_ten_of_a_kind_are_enough(record):
    """GitHub shows no more of one step."""
    run = record("contracts-deluge")
    lost = next(c for c in run.checks if c.verdict is Verdict.REGRESSED)
    many = tuple(replace(lost, id=f"suites/x.yaml::c{n}@contracts-deluge") for n in range(50))
    lines = annotation_lines(build_report(replace(run, checks=many)))
    assert len(lines) == 10


def test_text_of_models_is_no_command(record):
    """Line ends, percent signs, separators and older command forms are taken apart."""
    run = record("contracts-deluge")
    checks = tuple(
        replace(check, reason=HOSTILE, suite=HOSTILE, metric=HOSTILE, line=3, estimate=None)
        for check in run.checks
    )
    for line in annotation_lines(build_report(replace(run, checks=checks))):
        found = COMMAND.fullmatch(line)
        assert found, line
        assert line.isprintable()
        assert "##" not in line
        assert not re.search("%(?!25|3A|2C)", line)
        titled = dict(part.split("=", 1) for part in found[2].split(","))
        assert titled.keys() <= {"file", "line", "title"}
