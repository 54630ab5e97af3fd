"""The corpus of hostile texts in what machines read: no command, no markup, no escape."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from harness.reports import annotation_lines, build_report, summary_lines
from harness.reports.junit import to_junit
from harness.reports.markdown import to_markdown
from harness.types import Verdict

CORPUS = json.loads(Path(__file__).with_name("hostile.json").read_text("utf-8"))
COMMAND = re.compile(r"::(error|warning|notice) [^:]*::.*")


@pytest.fixture(scope="module", params=CORPUS)
def report(request, record, synthetic):
    """A report in which every text of one kind is the reason and the name of a check."""
    run = record("contracts-deluge", world=synthetic.World(n=4))
    lost = next(c for c in run.checks if c.against)
    lost = replace(lost, verdict=Verdict.REGRESSED)
    checks = tuple(
        replace(lost, id=f"{lost.id}{at}", reason=text, metric=text or "x", estimate=None, line=3)
        for at, text in enumerate(CORPUS[request.param])
    )
    decision = replace(run.decisions[0], reasons=tuple(CORPUS[request.param]))
    return build_report(replace(run, checks=checks, decisions=(decision,)))


def test_the_terminal_is_not_steered(report):
    for line in summary_lines(report, 1):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##" not in line


def test_annotations_are_ours_alone(report):
    """Also where each check is the first of its report, for a step shows ten."""
    (candidate,) = report.candidates
    for start in range(0, len(candidate.checks), 10):
        some = replace(candidate, checks=candidate.checks[start : start + 10])
        for line in annotation_lines(replace(report, candidates=(some,))):
            assert COMMAND.fullmatch(line), line
            assert line.isprintable()
            assert "##" not in line


def test_the_summary_holds_no_markup_of_theirs(report):
    """Neither links nor images, and no HTML but the <details> of ours."""
    tokens = [
        token
        for block in MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .parse(to_markdown(report))
        for token in (block, *(block.children or ()))
    ]
    assert not {token.type for token in tokens} & {"link_open", "image"}
    html = [token.content.strip() for token in tokens if token.type.startswith("html")]
    assert all(re.fullmatch(r"(</?(details|summary|br|sub|b)>[^<>]*)+", one) for one in html), html


def test_junit_stays_xml(report):
    """It parses, and what XML cannot carry is replaced."""
    root = ET.fromstring(to_junit(report))
    assert {node.tag for node in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "properties",
        "property", "system-out",
    }  # fmt: skip
