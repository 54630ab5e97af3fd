"""report.html as a browser's parser reads it: inert, self-contained, traceable, quick."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from unittest.mock import Mock

import pytest

from harness.errors import LoragateError
from harness.reports import build_report, render, rounding, write_report
from harness.reports.document import to_json
from harness.reports.render import MOST_FLIPS, to_html
from harness.types import GateVerdict, Kind, Verdict

HOSTILE = (
    '<script>alert(1)</script></style></script><img src=x onerror="alert(1)">"\'>'
    "{{ 7*7 }}{% raw %}\x1b[31m\u202ekcab\u0000\ud800\n::error::x\n<!-- ]]> -->"
)
VOID = {"meta", "link", "img", "input", "br", "hr"}


@dataclass
class Node:
    tag: str
    attrs: dict
    children: list = field(default_factory=list)

    def find(self, tag=None, cls=None):
        for child in self.children:
            if isinstance(child, Node):
                classes = (child.attrs.get("class") or "").split()
                if tag in (None, child.tag) and (cls is None or cls in classes):
                    yield child
                yield from child.find(tag, cls)

    def text(self, without=()):
        parts = []
        for child in self.children:
            if isinstance(child, str):
                parts.append(child)
            elif not {child.tag, *(child.attrs.get("class") or "").split()} & set(without):
                parts.append(child.text(without))
        return " ".join(parts)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Node("root", {})
        self.stack = [self.root]

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs))
        self.stack[-1].children.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_startendtag(self, tag, attrs):
        self.stack[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data):
        self.stack[-1].children.append(data)


def read(html):
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.stack == [reader.root], "an element was not closed"
    return reader.root


def page(run):
    return read(to_html(build_report(run)))


def _sources(node):
    policy = next(m for m in node.find("meta") if "http-equiv" in m.attrs)
    assert policy.attrs["http-equiv"] == "Content-Security-Policy"
    return dict(part.strip().split(" ", 1) for part in policy.attrs["content"].split(";"))


def test_policy_names_the_style_and_script_by_their_hashes(record):
    """Nothing is allowed but the one style and the one script, as they are in the file."""
    found = page(record("contracts-deluge"))
    sources = _sources(found)
    assert sources["default-src"] == "'none'"
    for tag in ("style", "script"):
        (element,) = [node for node in found.find(tag) if "type" not in node.attrs]
        digest = base64.b64encode(hashlib.sha256(element.children[0].encode()).digest()).decode()
        assert sources[f"{tag}-src"] == f"'sha256-{digest}'"


@pytest.mark.parametrize("names", [("contracts-v2",), ("contracts-deluge", "base", "contracts-v2")])
def test_nothing_is_fetched_and_nothing_is_inline(record, names):
    """No address but this page's own parts; no style or event attribute, which the policy bars."""
    for node in page(record(*names)).find():
        assert node.tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        for name, value in node.attrs.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in {"src", "href", "xlink:href"}:
                assert value.startswith("#")


def test_links_lead_somewhere(record):
    """Every #target exists, and no id is given twice."""
    nodes = list(page(record("contracts-deluge", "contracts-v2")).find())
    ids = [node.attrs["id"] for node in nodes if "id" in node.attrs]
    assert len(ids) == len(set(ids))
    for node in nodes:
        for name in ("href", "aria-labelledby"):
            if name in node.attrs:
                assert node.attrs[name].lstrip("#") in ids


def test_hostile_text_is_inert_everywhere(record, synthetic):
    """An attack in every text that comes from outside leaves the page's elements as they are."""

    def attacked(text):
        run = synthetic.furnished(
            record("contracts-deluge", world=synthetic.World(n=20, text=text))
        )
        return replace(
            run,
            arms=tuple(
                replace(arm, path=text, problem=text, label=text, history=text) for arm in run.arms
            ),
            effects=tuple(replace(effect, reason=text) for effect in run.effects),
            decisions=tuple(
                replace(d, reasons=(text,), notes=(text,), repeats=text) for d in run.decisions
            ),
            run=replace(run.run, numerics=text, settings={text: text, "x": [text, {text: 1}]}),
        )

    tame, found = page(attacked("tame")), page(attacked(HOSTILE))
    marks = {"i"}  # stand-ins for invisible characters are elements of ours
    assert [n.tag for n in found.find() if n.tag not in marks] == [
        n.tag for n in tame.find() if n.tag not in marks
    ]
    text = found.text()
    assert "<script>alert(1)</script>" in text
    assert "{{ 7*7 }}" in text
    assert not set(text) & set("\x1b\u202e\u0000\ud800")
    assert len([node for node in found.find("script") if "type" not in node.attrs]) == 1


def test_names_are_inert_too(record, synthetic):
    """Suites, tasks, metrics and arms are text as well."""
    run = synthetic.furnished(record("contracts-deluge"))
    bad = "<u>&\u202e"
    hostile = replace(
        run,
        arms=tuple(
            replace(arm, name=arm.name + bad, adapters={bad: bad} if arm.adapters else {})
            for arm in run.arms
        ),
        noises=tuple(replace(n, suite=bad, task=bad, metric=bad) for n in run.noises),
        cases=tuple(replace(case, suite=bad, task=bad, slices={bad: bad}) for case in run.cases),
        checks=tuple(
            replace(
                c,
                suite=bad,
                task=bad,
                metric=bad,
                candidate=c.candidate + bad,
                slice=c.slice and f"{bad} = {bad}",
            )
            for c in run.checks
        ),
        decisions=tuple(replace(d, candidate=d.candidate + bad) for d in run.decisions),
    )
    html = to_html(build_report(hostile))
    assert "\u202e" not in html
    assert "u" not in {node.tag for node in read(html).find()}


def test_verdict_and_reasons_come_first(record):
    """Before anything else: the word, the sentence, what was lost."""
    main = next(page(record("contracts-deluge")).find("main"))
    text = re.sub(r"\s+", " ", main.text())
    assert text.startswith(" REJECT contracts-deluge may not replace contracts-v1.")
    assert text.index("arithmetic") < text.index("Base")


@pytest.mark.parametrize("verdict", list(GateVerdict))
def test_every_verdict_has_its_word_and_glyph(record, verdict):
    """Status is never by colour alone."""
    run = record("contracts-v2")
    found = page(replace(run, decisions=(replace(run.decisions[0], verdict=verdict),)))
    word = next(found.find(cls="word"))
    assert word.text().strip() == verdict.value
    used = next(word.find("use")).attrs["href"].lstrip("#")
    assert used in {node.attrs.get("id") for node in found.find("symbol")}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_check_has_its_word_glyph_and_interval(record, verdict):
    """A row of the plot says in words what it draws."""
    run = record("contracts-v2")
    measured = verdict is not Verdict.NOT_MEASURED
    check = replace(
        run.checks[0],
        verdict=verdict,
        **({} if measured else {"estimate": None, "interval": None, "reason": "engine died"}),
    )
    found = page(replace(run, checks=(check, *run.checks[1:])))
    row = next(node for node in found.find("details", cls="row") if check.id in node.text())
    summary = next(row.find("summary"))
    assert verdict.value.lower().replace("_", " ") in summary.text()
    assert bool(list(summary.find("svg", cls="track"))) is False
    assert bool(list(summary.find("line", cls="span"))) is measured
    shown = rounding.figures(check)
    assert (shown.bounds if measured else "engine died") in summary.text()


def test_arms_through_peft_are_labelled(record, synthetic):
    """What ran outside the shared batch says so, and why."""
    world = synthetic.World(n=10, executor="peft")
    text = next(page(record("contracts-v2", world=world)).find("table", cls="arms")).text()
    assert "through unmodified PEFT, one arm a pass" in text
    assert "DoRA is not low-rank addition alone" in text


def test_flips_are_capped_and_the_rest_is_counted(record):
    """At most 200 on the page, over all candidates; the number left out is said."""
    run = record("contracts-deluge", "base")
    report = build_report(run)
    found = read(to_html(report))
    flips = list(found.find("article", cls="flip"))
    assert len(flips) == MOST_FLIPS
    for candidate in report.candidates:
        left = len(candidate.flips.cases) - MOST_FLIPS // 2
        assert f"{left:,} further flips are in report.json" in found.text()


def test_no_flips_is_said(record):
    found = page(record("contracts-v1", baseline="contracts-v1"))
    assert "a flip rate of 0.0%" in found.text()


def test_empty_run_has_a_page(record, synthetic):
    """Zero cases, zero checks: every part says that it has nothing."""
    text = page(record(world=synthetic.World(n=0, hand_written=0))).text()
    for nothing in ("No check was declared", "No case flipped", "No suite has a hand-written case"):
        assert nothing in text


def test_page_without_a_baseline(record):
    """The first release has nobody to replace."""
    run = record("contracts-v2")
    text = page(replace(run, arms=(run.arms[0], run.arms[2]))).text()
    assert "contracts-v2 may replace what is in production." in text


def test_unfinished_run_says_so(record):
    assert "cut short after 42 s" in page(replace(record("contracts-v2"), finished=None)).text()


@pytest.fixture(scope="module")
def full(record, synthetic):
    """A refused candidate with all that a gate can add to its record."""
    return synthetic.furnished(record("contracts-deluge"))


def _words(node, **options):
    return re.sub(r"\s+", " ", node.text(**options))


def test_what_must_be_known_stands_above_the_losses(full):
    """The attempt and its α, a repeated decision and every note, before any figure."""
    decision = replace(full.decisions[0], repeats="20261120T090000-aa00bb")
    text = _words(next(page(replace(full, decisions=(decision,))).find("section", cls="verdict")))
    places = [
        text.index(said)
        for said in (
            "Attempt 2 against contracts-v1: claims must hold at α = 0.0076",
            "Decided before, in run 20261120T090000-aa00bb; this is that decision",
            *decision.notes,
            "points",
        )
    ]
    assert places == sorted(places)


def test_lost_slices_come_before_those_that_hold(full):
    """A loss has its row in the plot; the rest is folded, counted, and says what is too small."""
    checks = [
        replace(c, verdict=Verdict.REGRESSED) if c.slice.endswith("force majeure") else c
        for c in full.checks
    ]
    section = next(
        node
        for node in page(replace(full, checks=tuple(checks))).find("section")
        if node.attrs.get("id") == "checks"
    )
    rows = [_words(row) for row in section.find("details", cls="row")]
    lost = sum(c.kind is Kind.TRIPWIRE and c.verdict is Verdict.REGRESSED for c in checks)
    assert sum("not lost to" in row for row in rows) == lost >= 2
    assert rows.index(next(r for r in rows if "not lost to" in r)) == len(rows) - lost
    folded = next(node for node in section.find("details", cls="rest") if "slices" in node.text())
    assert f"{8 - lost} slices without a proven loss, 2 of them too small to test" in _words(folded)
    assert _words(folded).count("too small to test") == 3


def test_members_are_only_under_what_was_run(full):
    """The adapters of a release: with their globs at the candidate, and each as a line."""
    found = page(full)
    for node in found.find("section"):
        inside = "contracts-deluge~clauses" in node.text()
        assert inside == (node.attrs.get("id") == "run")
    arms = next(found.find("table", cls="arms"))
    (listed,) = arms.find("dl", cls="set")
    release = next(arm for arm in full.arms if arm.adapters)
    for glob, digest in release.adapters.items():
        assert glob in listed.text()
        assert digest[:12] in listed.text()


def test_an_anchor_without_weights_says_what_stands_in(full):
    text = _words(next(page(full).find("table", cls="arms")))
    assert "from stored scores not run: its weights are gone" in text


def test_early_stop_and_noise_floor_are_told(full):
    """How far a sequential check went, and how much the baseline differs from itself."""
    found = page(full)
    row = next(n for n in found.find("details", cls="row") if "stopped at look" in n.text())
    assert "stopped at look 2, after 400 of 800 cases" in _words(next(row.find("summary")))
    assert "noise floor 0.6 points" in _words(row)
    assert "α of the claim 0.0076 α of a loss 0.05" in _words(row)
    levels = next(n for n in found.find("section") if n.attrs.get("id") == "levels")
    assert "demo/clauses classify.accuracy 400 4 1.0% 1.0" in _words(levels)
    assert "run twice" not in page(replace(full, noises=())).text().split("Proof of effect")[0]


def test_what_lost_cases_share_stands_in_the_row(full):
    """Each feature with its count among the lost and the rest, lift and p; no claim of a cause."""
    report = build_report(full)
    candidate = report.candidates[0]
    check = next(c for c in candidate.checks if c.task == "arithmetic")
    found = candidate.explanations[check.id]
    row = next(n for n in read(to_html(report)).find("details", cls="row") if check.id in n.text())
    table = _words(next(row.find("div", cls="shared")))
    for one in found.shared:
        counts = f"{one.lost} of {found.lost} {one.rest} of {found.rest} "
        assert counts + rounding.plain(one.lift) in table
    assert "it does not say why" in table
    assert "because" not in table


_NUMBER = re.compile(r"[+−]?\d+(?:,\d{3})*(?:\.\d+)?%?")


def _printed(value, found):
    """Every way in which a number of report.json may be printed."""
    if isinstance(value, dict):
        for item in value.values():
            _printed(item, found)
    elif isinstance(value, list):
        found |= {rounding.count(len(value))}
        for item in value:
            _printed(item, found)
    elif isinstance(value, str):
        found |= set(_NUMBER.findall(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        texts = [rounding.count(value), rounding.plain(value), rounding.nats(value)]
        texts += [
            rounding.size(abs(value)),
            rounding.level(value),
            rounding.duration(value),
            rounding.p_value(abs(value)),
            rounding.milliseconds(abs(value)),
            rounding.count(round(value)),
        ]
        for decimals in range(1, 5):
            texts += [rounding.points(s * value, decimals) for s in (1, -1)]
            texts.append(rounding.percent(abs(value), decimals))
        for text in texts:
            found |= set(_NUMBER.findall(text))


def _numbers_of(report):
    """The numbers that the page claims; axes and the labels of folds are no claims."""
    main = next(read(to_html(report)).find("main"))
    return set(_NUMBER.findall(main.text(without=("said", "axis", "rest", "digest", "left-out"))))


def _known(report):
    found: set[str] = set()
    _printed(json.loads(to_json(report)), found)
    return found


@pytest.mark.parametrize("name", ["contracts-v2", "contracts-deluge", "base"])
def test_every_number_on_the_page_is_in_the_json(record, synthetic, name):
    """No number is computed on the way to the page."""
    for run in (record(name), synthetic.furnished(record(name))):
        report = build_report(run)
        assert len(_numbers_of(report)) > 80
        assert _numbers_of(report) - _known(report) == set()


def test_numbers_of_another_run_are_not_found(record):
    """Control of the test above: it does tell one run's numbers from another's."""
    one, other = build_report(record("contracts-v2")), build_report(record("contracts-deluge"))
    assert len(_numbers_of(other) - _known(one)) > 10


@pytest.mark.parametrize("what", ["a file", "a full disk"])
def test_a_report_that_cannot_be_written_says_how_to_get_it(record, tmp_path, monkeypatch, what):
    """The run is recorded: nothing is lost but the page."""
    report = build_report(record("contracts-v2"))
    place = tmp_path / "build"
    if what == "a file":
        place.write_text("")
    else:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        monkeypatch.setattr(render.tempfile, "mkstemp", Mock(side_effect=full))
    with pytest.raises(LoragateError) as caught:
        write_report(report, place)
    said = str(caught.value)
    assert said.startswith(f"{place}: the report cannot be written: ")
    assert f"`loragate report {report.run.id}` writes it" in said


def test_files_are_replaced_whole(record, tmp_path, monkeypatch):
    """A failing write leaves the old report, and no rubbish beside it."""
    report = build_report(record("contracts-v2"))
    paths = write_report(report, tmp_path / "new" / "folder")
    before = paths.html.read_bytes()
    monkeypatch.setattr(render, "to_html", lambda report: "\ud800 cannot be encoded")
    with pytest.raises(UnicodeEncodeError):
        write_report(report, paths.html.parent)
    assert paths.html.read_bytes() == before
    assert {path.name for path in paths.html.parent.iterdir()} == {
        "report.html",
        "report.json",
        "report.md",
        "report.xml",
    }


def test_same_record_same_bytes(record, tmp_path):
    """The report is a function of the record."""
    run = record("contracts-deluge", "contracts-v2")
    one = write_report(build_report(run), tmp_path / "one")
    two = write_report(build_report(run), tmp_path / "two")
    for first, second in zip(
        (one.html, one.json, one.markdown, one.junit),
        (two.html, two.json, two.markdown, two.junit),
        strict=True,
    ):
        assert first.read_bytes() == second.read_bytes()


def test_the_page_of_a_large_run_is_small(record, synthetic, tmp_path):
    """5,000 cases × 3 arms, and a page below 1.5 MB."""
    run = record("contracts-deluge", world=synthetic.World(n=1000))
    assert len(run.scores) > 15_000
    paths = write_report(build_report(run), tmp_path)
    assert paths.html.stat().st_size < 1_500_000


def test_importing_the_package_is_cheap():
    """The pytest plug-in starts without jinja2, and without anything scientific."""
    heavy = ("jinja2", "markupsafe", "numpy", "torch", "duckdb", "pydantic")
    code = f"import sys, harness.reports; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
