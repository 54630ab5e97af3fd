"""What models and data say is shown and does nothing: markup, bidi, escapes, commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.reports import build_report, write_report
from harness.reports.visible import pieces, visible
from harness.types import Kind

pytestmark = pytest.mark.browser

HOSTILE = json.loads(Path(__file__).parents[1].joinpath("reports/hostile.json").read_text("utf-8"))
TEXTS = [text for kind in HOSTILE.values() for text in kind]
FULL = "#browse .full"
ELEMENTS = "[...document.querySelectorAll('*')].map(node => node.tagName)"


def carried(text):
    """A text as UTF-8 can carry it: a lone surrogate cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_the_corpus_is_large():
    assert len(set(TEXTS)) >= 100
    assert min(map(len, HOSTILE.values())) >= 15


@pytest.fixture(scope="module")
def attacked(synthetic, tmp_path_factory):
    """Every text of the corpus as prompt, answers, target and slice of a case; it was lost."""
    run = synthetic.make_record("contracts-deluge", world=synthetic.World(n=len(TEXTS)))
    cases = [
        replace(
            case,
            prompt=TEXTS[int(case.sample.split("-")[1])],
            target=TEXTS[int(case.sample.split("-")[1])],
            slices={"kind": TEXTS[int(case.sample.split("-")[1])]},
        )
        if case.task == "extract" and case.kind is Kind.CHECK
        else case
        for case in run.cases
    ]
    texts = {case.digest: case.prompt for case in cases if case.slices.get("kind") is not None}
    outputs = dict(run.outputs)
    for answer in run.answers:
        if answer.case in texts:
            outputs[answer.key] = replace(outputs[answer.key], text=texts[answer.case])
    hostile = replace(run, cases=tuple(cases), outputs=outputs)
    paths = write_report(build_report(hostile), tmp_path_factory.mktemp("hostile"))
    return paths.html.as_uri()


def test_every_text_is_shown_and_does_nothing(opened, attacked):
    """Opened one after another: no script, request, dialog or complaint, no element of theirs."""
    with opened(attacked) as page:
        page.locator("#browse select[name=task]").select_option(label="demo/clauses extract")
        page.locator("#browse [role=columnheader] button", has_text="Case").click()
        before = set(page.evaluate(ELEMENTS))
        page.locator("#browse [role=grid]").focus()
        page.keyboard.press("Enter")
        shown = {}
        while True:
            name = page.locator(f"{FULL} h3 code").inner_text()
            if name in shown:
                break
            prompt = page.locator(f"{FULL} .prompt .said").text_content()
            answers = page.locator(f"{FULL} .answer.candidate .said").all_text_contents()
            shown[name] = (prompt, *answers)
            page.locator("#browse [role=grid]").focus()
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
        assert set(page.evaluate(ELEMENTS)) <= before | {"INS", "DEL", "I"}
        assert page.evaluate("window.hit") is None
        assert page.asked == [attacked]
        assert page.complaints == []
    for at, text in enumerate(TEXTS):
        drawn = "".join(piece.text for piece in pieces(carried(text), 10**6)) or "empty"
        assert shown[f"extract-{at:04d}"] == (drawn, drawn), text


def test_the_static_page_is_as_inert(opened, attacked):
    """Without scripts, and printed, the flips hold the same texts as text."""
    with opened(attacked, java_script_enabled=False) as page:
        page.emulate_media(media="print")
        page.pdf()
        assert page.asked == [attacked]
        assert page.complaints == []


def test_scripts_and_python_make_the_same_visible(opened, attacked):
    """static/text.js is visible.py once more, for every text of the corpus."""
    texts = [carried(text) for text in TEXTS]
    with opened(attacked) as page:
        found = page.evaluate("texts => texts.map(text => pieces(text))", texts)
        lines = page.evaluate("texts => texts.map(text => line(text, 1e6))", texts)
    for text, drawn, line in zip(texts, found, lines, strict=True):
        assert [(p["text"], p["mark"]) for p in drawn] == [
            (p.text, p.mark) for p in pieces(text, 10**6)
        ]
        assert line == visible(text)


PAIRS = (
    ("The fee is due in ten days.", "The fee is due in thirty days."),
    ("a  b", "a b"),
    ("same", "same"),
    ("ends here", "ends here\n"),
    ("Ohio law governs", "Texas law governs, always"),
    ("", "something"),
    ("nothing in common", "altogether else"),
    ("x " * 300, "x " * 299 + "y"),
)


def test_differences_mark_what_the_other_has_not(opened, attacked):
    """What is unmarked is the same on both sides; the texts themselves stay whole."""
    with opened(attacked) as page:
        found = page.evaluate(
            """pairs => pairs.map(([a, b]) => compared(a, b).map(node => ({
                 text: node.textContent,
                 own: [...node.querySelectorAll("ins, del")].map(one => one.textContent) })))""",
            PAIRS,
        )
    for (one, other), sides in zip(PAIRS, found, strict=True):
        rests = []
        for text, side in zip((one, other), sides, strict=True):
            drawn = "".join(piece.text for piece in pieces(text, 10**6))
            assert side["text"] == (drawn or "empty")
            rest = drawn
            for own in side["own"]:
                rest = rest.replace(own, "", 1)
            rests.append(rest)
        marked = any(side["own"] for side in sides)
        assert (rests[0].split() == rests[1].split()) or not marked
    marks = [[side["own"] for side in sides] for sides in found]
    assert marks[0] == [["ten"], ["thirty"]]
    assert marks[1] == [["··"], [" "]]
    assert marks[2] == [[], []]
    assert marks[3] == [[], ["↵\n"]]
    assert marks[6] == [[], []]
