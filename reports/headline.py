"""One sentence on a candidate: what was lost, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.types import (
    Arm,
    CheckResult,
    Claim,
    GateDecision,
    GateVerdict,
    Kind,
    Relation,
    Verdict,
)

from .model import Candidate, FlipCount, SliceCount
from .rounding import count, figures, is_difference, plain

if TYPE_CHECKING:
    from harness.gate.features import Feature

NAMED = 3
"""Checks named in a headline, and slices beside a check, before the rest is left out."""

_NOUNS = ("check", "slice", "case")
_DECISIVE = {
    GateVerdict.REJECT: (Verdict.REGRESSED, "regressed", "lost", "failed"),
    GateVerdict.INCOMPLETE: (
        Verdict.NOT_MEASURED,
        "could not be measured",
        "could not be measured",
        "could not be run",
    ),
    GateVerdict.INCONCLUSIVE: (Verdict.INCONCLUSIVE, *["did not settle"] * 3),
}

CLAIMS = (Kind.CHECK, Kind.RUBRIC, Kind.MUTATION)
"""What is measured on many cases and is no slice of another claim."""


def headline(decision: GateDecision, checks: Sequence[CheckResult]) -> str:
    """``3 of 14 checks regressed: demo/general recall.accuracy −19.0 points, …``.

    Counts required items only, since only they decide. A verdict that no check explains (a
    partial run, a base that cannot be read) takes the gate's first reason.
    """
    parts = [f"{said}: {_named(bad)}" for said, bad in _decisive(decision.verdict, checks)]
    return "; ".join(parts) or summary(decision, checks)


def summary(decision: GateDecision, checks: Sequence[CheckResult]) -> str:
    """The headline without the names: ``3 of 14 checks regressed; 1 of 4 cases failed``."""
    required = _required(checks)
    # A repeated decision stands, whatever this run found.
    holds = all(check.verdict is Verdict.PASS for items in required for check in items)
    if decision.verdict is GateVerdict.PROMOTE and holds:
        passed = [
            _of(len(items), noun) + _untested(items)
            for items, noun in zip(required, _NOUNS, strict=True)
            if items
        ]
        return f"All required items pass: {_listed(passed)}"
    parts = [said for said, _ in _decisive(decision.verdict, checks)]
    return "; ".join(parts) or next(iter(decision.reasons), "The gate gave no reason")


def by_size(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """The worst first: by verdict, then checks, slices, cases, then the largest loss."""

    def place(check: CheckResult) -> tuple[bool, int, int, float]:
        loss = check.estimate if check.estimate is not None and is_difference(check) else 0.0
        worst = -list(Verdict).index(check.verdict)
        return not check.required, worst, _group(check), loss

    return sorted(checks, key=place)


def _decisive(
    gate: GateVerdict, checks: Sequence[CheckResult]
) -> Iterator[tuple[str, list[CheckResult]]]:
    """``3 of 14 checks regressed`` with those three, then the same of slices and cases."""
    if gate not in _DECISIVE:
        return
    verdict, *verbs = _DECISIVE[gate]
    for members, noun, verb in zip(_required(checks), _NOUNS, verbs, strict=True):
        bad = [check for check in by_size(members) if check.verdict is verdict]
        if bad:
            yield f"{len(bad)} of {_of(len(members), noun)} {verb}", bad


def _required(checks: Sequence[CheckResult]) -> list[list[CheckResult]]:
    """Checks and rubrics, tripwires, hand-written cases."""
    required = [check for check in checks if check.required]
    return [[check for check in required if _group(check) == group] for group in range(3)]


def _group(check: CheckResult) -> int:
    """Its place in ``_NOUNS``."""
    return {Kind.TRIPWIRE: 1, Kind.CASE: 2}.get(check.kind, 0)


def too_small(check: CheckResult) -> bool:
    """Whether a tripwire passed since it has too few cases to test."""
    tripwire = check.kind is Kind.TRIPWIRE and check.verdict is Verdict.PASS
    return tripwire and check.estimate is None


def label(check: CheckResult) -> str:
    """Which skill a check measures: ``demo/general recall.accuracy``, a case by its name.

    A tripwire also by its slice: ``demo/clauses classify.accuracy where clause_type = payment``;
    mutated texts by their mutation: ``demo/clauses classify.accuracy under typos``.
    """
    what = check.name if check.kind is Kind.CASE else check.metric
    where = f" where {check.slice}" if check.slice else ""
    under = f" under {check.mutation}" if check.mutation else ""
    return f"{check.suite} {check.task}.{what}{under}{where}"


def must(relation: Relation) -> str:
    """What must hold of the answers to mutated texts: ``stay right``."""
    return {
        Relation.INVARIANT: "stay right",
        Relation.EQUIVALENT: "stay as good",
        Relation.CHANGES: "change",
        Relation.REFUSES: "refuse",
        Relation.CLARIFIES: "ask back",
        Relation.FLAGS: "flag it",
        Relation.MONOTONIC: "not get worse",
    }[relation]


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
        case Claim.NO_LOSS:
            return f"{check.metric} not lost to {check.against}"


def look(check: CheckResult) -> str:
    """Of a sequential check: ``stopped at look 2, after 512 of 1,024 cases``; else empty."""
    if check.look is None or check.planned is None:
        return ""
    if check.n >= check.planned:
        return f"went to look {check.look}, all {count(check.planned)} cases"
    return f"stopped at look {check.look}, after {count(check.n)} of {count(check.planned)} cases"


def before_signing(candidate: Candidate, baseline: Arm | None) -> list[str]:
    """What must be known before signing: the attempt, whether it repeats one, the gate's notes."""
    said = []
    if candidate.attempt is not None:
        against = f" against {baseline.name}" if baseline else ""
        alpha = plain(candidate.alpha)
        said.append(f"Attempt {candidate.attempt}{against}: claims must hold at α = {alpha}")
    if candidate.repeats is not None:
        said.append(f"Decided before, in run {candidate.repeats}; this is that decision")
    return [*said, *candidate.notes]


def share(check: CheckResult, candidate: Candidate) -> str:
    """What lost cases share most, in a clause: ``the prompt says “net 30” in 9 of 12 lost …``.

    Empty where nothing is, or where it is a slice and ``lost_most`` says it already.
    """
    found = candidate.explanations.get(check.id)
    if found is None:
        return ""
    placed = bool(lost_most(check, flip_count(check, candidate)))
    for shared in found.shared:
        if not (placed and shared.feature.trait == "slice"):
            units = "clusters" if found.clustered else "cases"
            return (
                f"{names(shared.feature)} in {count(shared.lost)} of {count(found.lost)} lost "
                f"{units}, {count(shared.rest)} of {count(found.rest)} others"
            )
    return ""


def names(feature: Feature) -> str:
    """A feature in words: ``the prompt says “net 30”``, ``clause_type = payment``."""
    name = feature.name
    match feature.trait:
        case "slice":
            return name
        case "target":
            return f"the target is “{name}”"
        case "form":
            return "the answer is empty" if name == "empty" else f"the answer is much {name}"
        case "answer":
            return f"the answer is “{name}”"
        case "length":
            return f"the prompt’s length is in the {name} quarter"
        case _:
            return f"the prompt says “{name}”"


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
    return f"{n} {what}" + ("" if n == 1 else "s")


def _untested(items: Sequence[CheckResult]) -> str:
    small = sum(map(too_small, items))
    return f" ({small} too small to test)" if small else ""


def _listed(parts: Sequence[str]) -> str:
    """``7 checks, 12 slices and 4 cases``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
