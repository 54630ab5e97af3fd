"""The report written down: report.html, report.json, report.md and report.xml.

The page is one file: its only style and script are named by hash in its Content-Security-Policy,
so nothing that a model said can run, and nothing is fetched. jinja2 is loaded on first use.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.errors import LoragateError
from harness.types import Ancestor, CheckResult, GateVerdict, Kind, Role, Verdict

from . import headline, rounding, terminal, visible
from .charts import Group, forest, trend_chart
from .differences import Stretch, differences
from .document import to_json
from .junit import to_junit
from .markdown import to_markdown
from .matrix import WIDTH, Matrix, matrix
from .model import ArmAnswer, Candidate, CaseView, Flip, FlipCount, LevelRow, Report
from .pack import packed
from .rounding import Figures, figures
from .rows import HAND_WRITTEN

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent

MOST_FLIPS = 200
"""Flips on the page, over all candidates; report.json has them all."""
MOST_CASES = 200
"""Hand-written cases on the page, for each candidate."""
UNFOLDED = 10
"""Flips before the rest is folded."""
MOST_LOSSES = 6
"""Open items beside a verdict before the rest is counted."""
MOST_SLICES = 12
"""Values of a slice below a check."""
MOST_KEPT = 60
"""Measures of what is kept of the base model."""
MOST_HELD = 100
"""Slices without a proven loss, for each candidate."""
LONGEST = 1200
"""Characters of a prompt on the page."""
LONGEST_ANSWER = 600
"""Characters of an answer, a target or an expectation."""
WIDE = 160
"""An answer of more characters stands beside the others, not above them."""

SCRIPTS = ("text.js", "pack.js", "grid.js", "browse.js")
"""One script, in this order."""

EXECUTORS = {
    "fused": "in the shared batch",
    "peft": "through unmodified PEFT, one arm a pass",
    "stored": "from stored scores",
}
"""What the ways to run an arm are called."""

_SENTENCES = {
    GateVerdict.PROMOTE: "{candidate} may replace {baseline}.",
    GateVerdict.INCONCLUSIVE: "It is not proven that {candidate} may replace {baseline}.",
    GateVerdict.PARTIAL: "Only a part of the gate was run on {candidate}.",
    GateVerdict.INCOMPLETE: "{candidate} could not be measured in full.",
    GateVerdict.REJECT: "{candidate} may not replace {baseline}.",
}


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of a report."""

    html: Path
    json: Path
    markdown: Path
    junit: Path


def write_report(report: Report, directory: Path) -> Paths:
    """Write the report into ``directory``, which is made if it is missing.

    Each file is written beside its name and then renamed, so a reader sees the old report or
    the new one, never a part. Raises LoragateError where the directory cannot be written.
    """
    paths = Paths(*(directory / f"report.{suffix}" for suffix in ("html", "json", "md", "xml")))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _replace(paths.html, to_html(report))
        _replace(paths.json, to_json(report))
        _replace(paths.markdown, to_markdown(report))
        _replace(paths.junit, to_junit(report))
    except OSError as error:
        raise LoragateError(
            f"{directory}: the report cannot be written: {error.strerror}; the run is recorded, so "
            f"`loragate report {report.run.id}` writes it once that is mended"
        ) from error
    return paths


def to_html(report: Report) -> str:
    """The page."""
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, page=_page(report))


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


@dataclass(frozen=True, slots=True)
class _Bar:
    """Lengths of a lost-and-won bar, of 60 either way."""

    lost: float
    won: float


@dataclass(frozen=True, slots=True)
class _CandidateView:
    """What the page shows of a candidate, in the order and the number it shows it."""

    candidate: Candidate
    sentence: str
    open: Sequence[tuple[CheckResult, Figures]]
    closest: CheckResult | None
    closest_figures: Figures | None
    reasons: Sequence[str]
    known: Sequence[str]
    forest: Sequence[Group]
    lost_slices: Sequence[Group]
    held_slices: Sequence[tuple[CheckResult, Figures]]
    matrix: Matrix
    tasks: Sequence[tuple[FlipCount, _Bar]]
    flips: Sequence[Flip]
    bad_cases: Sequence[CaseView]
    good_cases: Sequence[CaseView]
    hidden_cases: int
    by_id: Mapping[str, CheckResult]
    flips_of: Mapping[str, FlipCount]
    """By the id of a comparison."""


def _page(report: Report) -> dict[str, Any]:
    from markupsafe import Markup

    style, script = _static("report.css"), "".join(map(_static, SCRIPTS))
    names: dict[str, str] = {}
    for arm in (*report.arms, *report.members):
        names.setdefault(arm.digest, arm.name)
    return {
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
        # Files of this package, not input: the only text that is not escaped.
        "style": Markup(style),
        "script": Markup(script),
        "packed": packed(report),
        "candidates": [_view(report, candidate) for candidate in report.candidates],
        "named": lambda digest: names.get(digest, digest[:12]),
        "executors": EXECUTORS,
        "adapted": [arm for arm in report.arms if arm.role is not Role.BASE],
        "kept": _kept(report),
        "most_kept": MOST_KEPT,
        "trends": [(trend, trend_chart(trend)) for trend in report.trends],
        "lines": list(_lines(report)),
        "settings": list(_flat(report.run.settings)),
        "losses": MOST_LOSSES,
        "slices": MOST_SLICES,
        "held": MOST_HELD,
        "unfolded": UNFOLDED,
        "across": WIDTH,
        "longest": LONGEST,
        "longest_answer": LONGEST_ANSWER,
    }


def _kept(report: Report) -> list[tuple[LevelRow, float, list[float | None]]]:
    """Measures with what base reaches and what each other arm keeps of it, the least first."""
    at = next((at for at, arm in enumerate(report.arms) if arm.role is Role.BASE), None)
    if at is None or len(report.arms) == 1:
        return []
    found = []
    for row in report.levels:
        base, shares = row.levels[at].value, [*row.kept[:at], *row.kept[at + 1 :]]
        if base and any(share is not None for share in shares):
            found.append((row, base, shares))
    return sorted(found, key=lambda each: min(share for share in each[2] if share is not None))


def _lines(report: Report) -> Iterator[tuple[str, int, Ancestor]]:
    """Candidate, generation and adapter: each adapter of a candidate before those it continues."""
    by_digest = {one.adapter: one for one in report.lineage}
    for candidate in report.candidates:
        arm = next(arm for arm in report.arms if arm.digest == candidate.digest)
        for adapter in dict.fromkeys([arm.adapter, *arm.adapters.values()]):
            line, generation = by_digest.get(adapter or ""), 0
            while line is not None and generation < len(by_digest):
                yield candidate.name, generation, line
                line, generation = by_digest.get(line.parent or ""), generation + 1


def _view(report: Report, candidate: Candidate) -> _CandidateView:
    by_id = {check.id: check for check in candidate.checks}
    closest = by_id.get(candidate.closest) if candidate.closest else None
    baseline = report.baseline.name if report.baseline else "what is in production"
    shown_cases = candidate.cases[:MOST_CASES]
    slices = [check for check in candidate.checks if check.kind is Kind.TRIPWIRE]
    most = max([max(row.losses, row.wins) for row in candidate.flips.tasks], default=0) or 1
    return _CandidateView(
        candidate=candidate,
        sentence=_SENTENCES[candidate.verdict].format(candidate=candidate.name, baseline=baseline),
        open=[(check, figures(check)) for check in terminal.open_items(candidate)],
        closest=closest,
        closest_figures=figures(closest) if closest else None,
        reasons=_further_reasons(candidate),
        known=headline.before_signing(candidate, report.baseline),
        forest=forest([c for c in candidate.checks if c.kind in headline.CLAIMS]),
        lost_slices=forest([c for c in headline.by_size(slices) if c.verdict is not Verdict.PASS]),
        held_slices=[(c, figures(c)) for c in slices if c.verdict is Verdict.PASS],
        matrix=matrix(report, candidate),
        tasks=[
            (row, _Bar(round(60 * row.losses / most, 1), round(60 * row.wins / most, 1)))
            for row in candidate.flips.tasks
        ],
        flips=candidate.flips.cases[: MOST_FLIPS // len(report.candidates)],
        bad_cases=[case for case in shown_cases if case.verdict is not Verdict.PASS],
        good_cases=[case for case in shown_cases if case.verdict is Verdict.PASS],
        hidden_cases=len(candidate.cases) - len(shown_cases),
        by_id=by_id,
        flips_of={
            check.id: found
            for check in candidate.checks
            if (found := headline.flip_count(check, candidate))
        },
    )


def _wide(flip: Flip) -> bool:
    return any(len(answer.text or "") > WIDE for answer in flip.answers)


def _ordered(flip: Flip) -> Sequence[ArmAnswer]:
    """Side by side, the two arms that a flip is between come first; else as they are."""
    if not _wide(flip):
        return flip.answers
    return sorted(flip.answers, key=lambda one: one.role not in (flip.against, Role.CANDIDATE))


def _compared(flip: Flip) -> dict[Role, list[Stretch]]:
    """The answers of the two arms that a flip is between, as far as both have one."""
    texts = {answer.role: answer.text for answer in flip.answers if answer.error is None}
    reference, candidate = texts.get(flip.against), texts.get(Role.CANDIDATE)
    if reference is None or candidate is None:
        return {}
    sides = differences(reference, candidate, LONGEST_ANSWER)
    return dict(zip((flip.against, Role.CANDIDATE), sides, strict=True))


def _address(of: Flip | CaseView) -> str:
    """Where static/browse.js shows a case: encoded as ``encodeURIComponent`` does."""
    parts = (
        [of.suite, of.task, of.sample]
        if isinstance(of, Flip)
        else [of.suite, of.task, of.name, HAND_WRITTEN]
    )
    return "#case=" + "/".join(quote(part, safe="!'()*~") for part in parts)


def _further_reasons(candidate: Candidate) -> list[str]:
    """The gate's reasons that are not said by a check or by the headline already."""
    if candidate.verdict is GateVerdict.PROMOTE:
        return []
    said = {
        f"{check.suite} {check.task}.{check.name}: {check.reason}" for check in candidate.checks
    }
    return [r for r in candidate.reasons if r not in said and r != candidate.headline]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as ``policy.margins.default`` → text."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list | tuple):
            yield name, ", ".join(map(str, value)) or "none"
        else:
            yield name, "none" if value is None else str(value)


def _static(name: str) -> str:
    return (HERE / "static" / name).read_text("utf-8")


def _hash(text: str) -> str:
    """A source expression of a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": _address,
        "compared": _compared,
        "ordered": _ordered,
        "wide": _wide,
        "claim": headline.claim,
        "count": rounding.count,
        "duration": rounding.duration,
        "figures": rounding.figures,
        "label": headline.label,
        "level": rounding.level,
        "look": headline.look,
        "lost_most": headline.lost_most,
        "must": headline.must,
        "milliseconds": rounding.milliseconds,
        "names": headline.names,
        "nats": rounding.nats,
        "p_value": rounding.p_value,
        "percent": rounding.percent,
        "pieces": visible.pieces,
        "plain": rounding.plain,
        "points": rounding.points,
        "share": headline.share,
        "shortened": visible.shortened,
        "size": rounding.size,
        "too_small": headline.too_small,
        "visible": visible.visible,
    }
    return environment
