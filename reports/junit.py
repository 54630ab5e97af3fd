"""report.xml: every item as JUnit knows it, for the test tab of a CI server.

One ``testsuite`` for each candidate and suite, one ``testcase`` for each item: REGRESSED and
INCONCLUSIVE are failures, NOT_MEASURED is an error, what is not required is skipped where it does
not pass. The decision on each candidate is a case of its own, as it is an item of pytest.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from xml.etree import ElementTree as Xml

from harness.types import CheckResult, GateVerdict, Verdict

from .headline import label
from .model import Candidate, Report
from .rounding import figures
from .visible import visible

_FAULTS = {
    Verdict.INCONCLUSIVE: "failure",
    Verdict.REGRESSED: "failure",
    Verdict.NOT_MEASURED: "error",
}


def to_junit(report: Report) -> str:
    """The XML; characters that it cannot carry, or nobody sees, have visible stand-ins."""
    root = Xml.Element("testsuites", name="loragate")
    for candidate in report.candidates:
        by_suite = sorted(candidate.checks, key=attrgetter("suite"))
        for suite, checks in groupby(by_suite, key=attrgetter("suite")):
            items = [_item(check) for check in checks]
            root.append(_suite(f"{suite} @ {candidate.name}", report, items))
        root.append(_suite(f"gate @ {candidate.name}", report, [_decision(candidate)]))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _suite(name: str, report: Report, items: list[Xml.Element]) -> Xml.Element:
    def of(tag: str) -> str:
        return str(sum(item.find(tag) is not None for item in items))

    suite = Xml.Element(
        "testsuite",
        name=visible(name),
        timestamp=report.run.started,
        tests=str(len(items)),
        failures=of("failure"),
        errors=of("error"),
        skipped=of("skipped"),
    )
    suite.extend(items)
    return suite


def _item(check: CheckResult) -> Xml.Element:
    file = check.id.partition("::")[0]
    name = check.id.rpartition("::")[2]
    item = Xml.Element("testcase", classname=visible(file), name=visible(name), time="0")
    if check.line:
        item.set("file", visible(file))
        item.set("line", str(check.line))
    if check.verdict is not Verdict.PASS:
        tag = _FAULTS[check.verdict] if check.required else "skipped"
        said = f"{check.verdict}: {check.reason}"
        fault = Xml.SubElement(item, tag, message=visible(said), type=str(check.verdict))
        shown = figures(check)
        if shown.estimate:
            fault.text = visible(
                f"{label(check)} {shown.estimate} {shown.unit} [{shown.low}, {shown.high}]"
                + (f", limit {shown.limit}" if shown.limit else "")
            )
    return item


def _decision(candidate: Candidate) -> Xml.Element:
    item = Xml.Element("testcase", classname="gate", name=visible(candidate.name), time="0")
    if candidate.verdict is not GateVerdict.PROMOTE:
        kind = str(candidate.verdict)
        fault = Xml.SubElement(item, "failure", message=visible(candidate.headline), type=kind)
        fault.text = "\n".join(map(visible, candidate.reasons))
    return item
