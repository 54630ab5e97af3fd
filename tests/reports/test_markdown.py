"""report.md through an independent Markdown reader: only our own structure comes out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from harness.reports import build_report
from harness.reports.markdown import code, escaped, to_markdown
from harness.types import Verdict

ATTACKS = (
    "<script>alert(1)</script>",
    "</code></details><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) ![y](http://evil.example/z.png)",
    "`` ` ``` ~~~ ``` ",
    "\n\n# heading\n\n| a | b |\n| - | - |\n",
    "::error file=x::pwned\n::set-output name=a::b",
    "@octocat https://evil.example <https://evil.example> a@b.example",
    "\u202eevil\u0000\x1b[31m",
    "$`x`$ $$\\int$$ &lt;b&gt; \\` \\| ~~s~~ **b** __i__",
)


def _tokens(text):
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for token in reader.parse(text):
        yield token
        yield from token.children or ()


def _kinds(text):
    return {token.type for token in _tokens(text)}


def test_summary_of_a_refusal_says_what_was_lost(record):
    """Verdict, headline, the table of what regressed, the failed case, some losses."""
    text = to_markdown(build_report(record("contracts-deluge")))
    assert text.startswith("## ✗ REJECT: contracts-deluge against contracts-v1\n")
    assert "| ✗ regressed | demo/general arithmetic.accuracy-no-worse | base | −" in text
    assert "**Cases that did not pass**" in text
    assert "**Losses** (5 of " in text
    tables = [token for token in _tokens(text) if token.type == "table_open"]
    assert len(tables) == 3


def test_summary_says_what_must_be_known(record, synthetic):
    """Attempt, notes, what lost cases share, slices that hold, and the baseline run twice."""
    text = to_markdown(build_report(synthetic.furnished(record("contracts-deluge"))))
    assert (
        f"- {escaped('Attempt 2 against contracts-v1: claims must hold at α = 0.0076')}\n" in text
    )
    assert "- margins.default was 0.02 at the last decision" in text
    assert text.index("- Attempt 2") < text.index("| | check |")
    assert "**What lost cases share**" in text
    assert "slices without a proven loss, 2 of them too small to test." in text
    assert "| demo/clauses classify.accuracy | 400 | 4 | 1.0% | 1.0 points |" in text


@pytest.mark.parametrize("attack", ATTACKS)
def test_model_text_makes_no_markup(record, synthetic, attack):
    """With an attack in every text, the document has the structure it has without."""

    def summary(text):
        world = synthetic.World(n=40, text=text)
        run = synthetic.furnished(record("contracts-deluge", world=world))
        cases = tuple(
            replace(case, slices={"kind": f"{text} {i % 3}"}) for i, case in enumerate(run.cases)
        )
        decisions = tuple(replace(d, notes=(text,), repeats=text) for d in run.decisions)
        return to_markdown(build_report(replace(run, cases=cases, decisions=decisions)))

    tame, text = summary("x"), summary(attack)
    assert [t.type for t in _tokens(text) if t.nesting] == [
        t.type for t in _tokens(tame) if t.nesting
    ]
    html = {t.content for t in _tokens(text) if t.type in ("html_block", "html_inline")}
    assert html == {t.content for t in _tokens(tame) if t.type in ("html_block", "html_inline")}
    assert "link_open" not in _kinds(text)
    assert "image" not in _kinds(text)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_make_no_markup_either(attack):
    """Names of suites and arms stand outside code spans, escaped."""
    assert _kinds(f"a {escaped(attack)} b") <= {"paragraph_open", "inline", "text", "text_special",
                                               "paragraph_close"}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_code_spans_hold_their_text_whole(attack):
    """A span is one token, whatever backticks are in it."""
    tokens = [token for token in _tokens(f"- {code(attack)}") if token.type == "code_inline"]
    assert len(tokens) == 1


def test_size_is_bounded(record, synthetic):
    """However much there is to say, the summary stays below GitHub's cut, and says it ended."""
    world = synthetic.World(n=40, text="é" * 100_000, hand_written=900, failing={})
    run = record("contracts-deluge", world=world)
    checks = tuple(replace(check, verdict=Verdict.REGRESSED) for check in run.checks)
    text = to_markdown(build_report(replace(run, checks=checks)))
    assert len(text.encode()) < 60_000
    assert "*and 885 more in report.html*" in text


def test_size_is_bounded_with_many_candidates(record, synthetic):
    """Where even the blocks are too many, the summary ends at one, and says so."""
    world = synthetic.World(n=40, text="é" * 300, hand_written=40, failing={})
    run = record("contracts-deluge", "contracts-v2", "base", world=world)
    checks = tuple(replace(check, verdict=Verdict.REGRESSED) for check in run.checks)
    text = to_markdown(build_report(replace(run, checks=checks)))
    assert len(text.encode()) < 60_000
    assert text.endswith("*The rest is in report.html.*\n")
