"""One sentence on a candidate: what was lost, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.types import CheckResult, Claim, GateDecision, GateVerdict, Kind, Verdict

from .model import Candidate, FlipCount, SliceCount
from .rounding import figures, is_difference

NAMED = 3
"""Checks named in a headline, and slices beside a check, before the rest is left out."""

_DECISIVE = {
    GateVerdict.REJECT: (Verdict.REGRESSED, "regressed", "failed"),
    GateVerdict.INCOMPLETE: (Verdict.NOT_MEASURED, "could not be measured", "could not be run"),
    GateVerdict.INCONCLUSIVE: (Verdict.INCONCLUSIVE, "did not settle", "did not settle"),
}


def headline(decision: GateDecision, checks: Sequence[CheckResult]) -> str:
    """``3 of 14 checks regressed: demo/general recall.accuracy −19.0 points, …``.

    Counts required items only, since only they decide. A verdict that no check explains (a
    partial run, a base that cannot be read) takes the gate's first reason.
    """
    parts = [f"{said}: {_named(bad)}" for said, bad in _decisive(decision.verdict, checks)]
    return "; ".join(parts) or summary(decision, checks)


def summary(decision: GateDecision, checks: Sequence[CheckResult]) -> str:
    """The headline without the names: ``3 of 14 checks regressed; 1 of 4 cases failed``."""
    if decision.verdict is GateVerdict.PROMOTE:
        measures, cases = _required(checks)
        passed = [_of(len(measures), "check"), _of(len(cases), "case")]
        return f"All required items pass: {' and '.join(filter(None, passed))}"
    parts = [said for said, _ in _decisive(decision.verdict, checks)]
    return "; ".join(parts) or next(iter(decision.reasons), "The gate gave no reason")


def by_size(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """The worst first: by verdict, measures before cases, the largest loss before the rest."""

    def place(check: CheckResult) -> tuple[bool, int, bool, float]:
        loss = check.estimate if check.estimate is not None and is_difference(check) else 0.0
        worst = -list(Verdict).index(check.verdict)
        return not check.required, worst, check.kind is Kind.CASE, loss

    return sorted(checks, key=place)


def _decisive(
    gate: GateVerdict, checks: Sequence[CheckResult]
) -> Iterator[tuple[str, list[CheckResult]]]:
    """``3 of 14 checks regressed`` with those three, then the same of cases."""
    if gate not in _DECISIVE:
        return
    verdict, *verbs = _DECISIVE[gate]
    nouns = ("check", "case")
    for members, noun, verb in zip(_required(checks), nouns, verbs, strict=True):
        bad = [check for check in by_size(members) if check.verdict is verdict]
        if bad:
            yield f"{len(bad)} of {_of(len(members), noun)} {verb}", bad


def _required(checks: Sequence[CheckResult]) -> tuple[list[CheckResult], list[CheckResult]]:
    """Checks and rubrics, then hand-written cases."""
    required = [check for check in checks if check.required]
    return (
        [check for check in required if check.kind is not Kind.CASE],
        [check for check in required if check.kind is Kind.CASE],
    )


def label(check: CheckResult) -> str:
    """Which skill a check measures: ``demo/general recall.accuracy``, a case by its name."""
    what = check.name if check.kind is Kind.CASE else check.metric
    return f"{check.suite} {check.task}.{what}"


def claim(check: CheckResult) -> str:
    """A claim in words: ``accuracy not worse than base``; its limit is a figure."""
    match check.claim:
        case Claim.NOT_WORSE:
            return f"{check.metric} not worse than {check.against}"
        case Claim.BETTER:
            return f"{check.metric} better than {check.against}"
        case Claim.MIN:
            return f"{check.metric} not below its floor"
        case Claim.MAX:
            return f"{check.metric} not above its ceiling"
        case Claim.NO_FAILURE:
            return "no failure"


def flip_count(check: CheckResult, candidate: Candidate) -> FlipCount | None:
    """The flips behind a comparison, if its metric is a scorer that has any."""
    of_check = (check.suite, check.task, check.metric, check.against)
    for row in candidate.flips.tasks:
        if (row.suite, row.task, row.scorer, row.against) == of_check:
            return row
    return None


def lost_most(check: CheckResult, flips: FlipCount | None) -> tuple[SliceCount, ...]:
    """Of a regression whose losses gather in a slice: its values that lost most."""
    if check.verdict is not Verdict.REGRESSED or flips is None or flips.driver is None:
        return ()
    lost = [s for s in flips.slices if s.slice == flips.driver.slice and s.difference < 0]
    return tuple(lost[:NAMED])


def _named(checks: Sequence[CheckResult]) -> str:
    named = [_with_loss(check) for check in checks[:NAMED]]
    if len(checks) > NAMED:
        named.append(f"{len(checks) - NAMED} more")
    return ", ".join(named)


def _with_loss(check: CheckResult) -> str:
    if check.kind is Kind.CASE or check.estimate is None:
        return label(check)
    shown = figures(check)
    if is_difference(check):
        return f"{label(check)} {shown.estimate} {shown.unit}".rstrip()
    return f"{label(check)} {shown.estimate} (limit {shown.limit})"


def _of(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s") if n else ""
