"""report.xml: counted as the report counts, read by any JUnit reader, inert."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest

from harness.reports import build_report
from harness.reports.junit import to_junit
from harness.types import GateVerdict, Verdict

HOSTILE = (
    "</failure><script>alert(1)</script> ]]> &amp; \x00\x1b[31m\u202e\ud800\ufffe \n::error::x"
)


def suites(report) -> dict[str, Xml.Element]:
    """Name → testsuite."""
    root = Xml.fromstring(to_junit(report).encode())
    return {suite.attrib["name"]: suite for suite in root}


@pytest.mark.parametrize("name", ["contracts-v2", "contracts-deluge"])
def test_every_item_is_a_test_case_with_its_verdict(record, name):
    """Failures, errors and skips are those of the report; so are the sums of each suite."""
    report = build_report(record(name))
    (candidate,) = report.candidates
    found = suites(report)
    for suite in {check.suite for check in candidate.checks}:
        checks = {c.id.rpartition("::")[2]: c for c in candidate.checks if c.suite == suite}
        element = found[f"{suite} @ {name}"]
        assert {item.attrib["name"] for item in element} == checks.keys()
        assert int(element.attrib["tests"]) == len(checks)
        failed = [c for c in checks.values() if c.required and c.verdict is not Verdict.PASS]
        assert int(element.attrib["failures"]) == len(failed)
        for item in element:
            check = checks[item.attrib["name"]]
            assert (len(item) == 0) is (check.verdict is Verdict.PASS)
            assert all(check.reason in fault.attrib["message"] for fault in item)
    decision = found[f"gate @ {name}"]
    assert decision.attrib["failures"] == str(int(report.verdict is not GateVerdict.PROMOTE))


def test_what_is_not_measured_is_an_error_and_what_is_not_required_a_skip(record):
    """As pytest has it, where the one is an error in setup and the other an expected failure."""
    run = record("contracts-v2")
    blank = replace(run.checks[0], verdict=Verdict.NOT_MEASURED, interval=None, line=12)
    asked = replace(run.checks[1], verdict=Verdict.REGRESSED, required=False)
    report = build_report(replace(run, checks=(blank, asked, *run.checks[2:])))
    items = {i.attrib["name"]: i for suite in suites(report).values() for i in suite}
    error = items[blank.id.rpartition("::")[2]]
    assert [fault.tag for fault in error] == ["error"]
    assert (error.attrib["file"], error.attrib["line"]) == (blank.id.partition("::")[0], "12")
    assert [fault.tag for fault in items[asked.id.rpartition("::")[2]]] == ["skipped"]


def test_hostile_text_is_text(record):
    """Markup, control characters, surrogates: well-formed, and one line of visible text."""
    run = record("contracts-deluge")
    checks = tuple(replace(check, reason=HOSTILE, suite=f"a/{HOSTILE}") for check in run.checks)
    decision = replace(run.decisions[0], reasons=(HOSTILE,), candidate=run.decisions[0].candidate)
    report = build_report(replace(run, checks=checks, decisions=(decision,)))
    text = to_junit(report)
    assert "<script>" not in text
    assert "\x1b" not in text
    for suite in suites(report).values():
        assert suite.attrib["name"].isprintable()
        for item in suite:
            assert all(fault.attrib["message"].isprintable() for fault in item)
