"""report.md: the report for a CI summary (GitHub cuts those at about 60 KB).

Text from models and data stands in code spans, which no renderer looks into; everything else
that was not written here has its punctuation as entities. So neither Markdown, nor HTML, nor a
mention, nor a workflow command can come from what a model said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.types import CheckResult, Kind, Verdict

from . import rounding
from .headline import CLAIMS, before_signing, label, names
from .model import ArmAnswer, Candidate, CaseView, Flip, Report
from .rounding import figures
from .terminal import GLYPHS, open_items
from .visible import shortened, visible

MOST_BYTES = 56_000
LONGEST = 160
"""Characters of a prompt or an answer."""
LONGEST_NOTE = 600
MOST_FLIPS = 5
"""Losses shown for each candidate."""
MOST_CASES = 15
MOST_ROWS = 40
"""Hand-written cases of a list, and checks of a table, before the rest is counted."""

_PUNCTUATION = re.compile(r"[\\`*_{}\[\]<>()#!|&~@:$]")
_BACKTICKS = re.compile("`+")


def to_markdown(report: Report) -> str:
    """The whole summary; ends early, and says so, rather than be cut by its reader."""
    parts, size = [], 0
    for block in _blocks(report):
        text = "\n".join(block) + "\n\n"
        size += len(text.encode())
        if size > MOST_BYTES:
            parts.append("*The rest is in report.html.*\n")
            break
        parts.append(text)
    return "".join(parts)


def escaped(text: str) -> str:
    """Text as text: one line, nothing hidden, no meaning in Markdown or HTML."""
    return _PUNCTUATION.sub(lambda found: f"&#{ord(found.group())};", visible(text))


def code(text: str, limit: int = LONGEST) -> str:
    """Text from a model, as a code span fenced by more backticks than it holds."""
    inert = shortened(text, limit)
    if not inert:
        return "*empty*"
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(inert)), default=0))
    return f"{fence} {inert} {fence}" if "`" in inert else f"{fence}{inert}{fence}"


def _blocks(report: Report) -> Iterator[list[str]]:
    for candidate in report.candidates:
        yield from _candidate(report, candidate)
    yield from _levels(report)
    if report.noises:
        yield _noises(report)
    yield _run(report)


def _candidate(report: Report, candidate: Candidate) -> Iterator[list[str]]:
    against = f" against {escaped(report.baseline.name)}" if report.baseline else ""
    yield [
        f"## {GLYPHS[candidate.verdict]} {candidate.verdict}: {escaped(candidate.name)}{against}",
        "",
        f"{escaped(candidate.headline)}.",
    ]
    known = before_signing(candidate, report.baseline)
    if known:
        yield [f"- {escaped(shortened(said, LONGEST_NOTE))}" for said in known]
    items = open_items(candidate)
    broken = [check for check in items if check.kind is not Kind.CASE]
    if broken:
        yield _table(broken)
    shared = [line for check in broken[:MOST_ROWS] for line in _shared(check, candidate)]
    if shared:
        yield ["**What lost cases share**, beyond chance", "", *shared]
    cases = [case for case in candidate.cases if case.verdict is not Verdict.PASS]
    if cases:
        title = "**Cases that did not pass**"
        yield [title, "", *map(_case, cases[:MOST_CASES]), *_more(cases, MOST_CASES)]
    losses = [flip for flip in candidate.flips.cases if flip.lost]
    if losses:
        title = f"**Losses** ({min(len(losses), MOST_FLIPS)} of {rounding.count(len(losses))})"
        yield [title, "", *(line for flip in losses[:MOST_FLIPS] for line in _flip(flip))]
    passed = [
        check
        for check in candidate.checks
        if check.verdict is Verdict.PASS and check.kind in CLAIMS
    ]
    if passed:
        summary = f"<details><summary>{len(passed)} checks passed</summary>"
        yield [summary, "", *_table(passed), "", "</details>"]
    held = candidate.tally.slices[Verdict.PASS]
    if held:
        small = candidate.tally.slices_too_small
        untested = f", {rounding.count(small)} of them too small to test" if small else ""
        yield [f"{rounding.count(held)} slices without a proven loss{untested}."]


def _shared(check: CheckResult, candidate: Candidate) -> Iterator[str]:
    found = candidate.explanations.get(check.id)
    if found is None or not found.shared:
        return
    yield f"- {_name(check)}"
    units = "clusters" if found.clustered else "cases"
    for one in found.shared:
        yield (
            f"  - {escaped(shortened(names(one.feature), LONGEST))}: "
            f"{rounding.count(one.lost)} of {rounding.count(found.lost)} lost {units}, "
            f"{rounding.count(one.rest)} of {rounding.count(found.rest)} others "
            f"(lift {rounding.plain(one.lift)}, p {rounding.p_value(one.p_value)})"
        )


def _more(rows: Sequence[object], shown: int) -> list[str]:
    left = len(rows) - shown
    return ["", f"*and {rounding.count(left)} more in report.html*"] if left > 0 else []


def _table(checks: Sequence[CheckResult]) -> list[str]:
    lines = [
        "| | check | against | value | bounds | limit | n |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for check in checks[:MOST_ROWS]:
        shown = figures(check)
        name = _name(check)
        state = f"{GLYPHS[check.verdict]} {check.verdict.lower().replace('_', ' ')}"
        value = f"{shown.estimate} {shown.unit}".rstrip() or "–"
        cells = [
            state,
            name if check.required else f"{name} (not required)",
            str(check.against or "–"),
            value,
            shown.bounds or "–",
            shown.limit or "–",
            rounding.count(check.n),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, *_more(checks, MOST_ROWS)]


def _name(check: CheckResult) -> str:
    return escaped(label(check) if check.slice else f"{check.suite} {check.task}.{check.name}")


def _case(case: CaseView) -> str:
    where = escaped(f"{case.suite} {case.task}.{case.name}")
    where += f" ({case.severity})" if case.severity else ""
    said = "".join(f"; {_answer(answer)}" for answer in case.answers)
    return f"- {GLYPHS[case.verdict]} {where}: {code(case.reason, 2 * LONGEST)}{said}"


def _flip(flip: Flip) -> list[str]:
    scorers = escaped(", ".join(flip.lost))
    target = f"; target {code(flip.target)}" if flip.target is not None else ""
    answers = "; ".join(_answer(answer) for answer in flip.answers)
    where = f"{escaped(f'{flip.suite} {flip.task}')} {code(flip.sample)}"
    return [
        f"- {where} lost {scorers} against {flip.against}: {answers}{target}",
        f"  - {code(flip.prompt)}",
    ]


def _answer(answer: ArmAnswer) -> str:
    name = escaped(answer.name)
    if answer.error is not None:
        return f"{name} failed {code(answer.error)}"
    return f"{name} {code(answer.text)}" if answer.text is not None else f"{name} no answer"


def _levels(report: Report) -> Iterator[list[str]]:
    if not report.levels:
        return
    arms = [escaped(arm.name) for arm in report.arms]
    yield [
        f"| | {' | '.join(arms)} |",
        f"| --- |{' ---: |' * len(arms)}",
        *(
            f"| {escaped(f'{row.suite} {row.task}.{row.metric}')} | "
            + " | ".join(
                "–" if level.value is None else rounding.level(level.value) for level in row.levels
            )
            + " |"
            for row in report.levels
        ),
    ]


def _noises(report: Report) -> list[str]:
    return [
        "| run twice | cases | changed | rate | noise floor |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {escaped(f'{noise.suite} {noise.task}.{noise.metric}')} | "
            f"{rounding.count(noise.n)} | {rounding.count(noise.flips)} | "
            f"{rounding.level(noise.rate)} | {rounding.size(noise.floor)} points |"
            for noise in report.noises
        ),
    ]


def _run(report: Report) -> list[str]:
    run = report.run
    arms = ", ".join(
        f"{escaped(arm.name)} {code(arm.digest, 12)}" for arm in (*report.arms, *report.members)
    )
    return [
        f"Run {code(run.id)}: {rounding.count(run.cases)} cases, "
        f"{rounding.duration(run.seconds)}, {rounding.count(run.reused)} of "
        f"{rounding.count(run.outputs)} outputs reused, loragate {escaped(run.version)}. {arms}."
    ]
