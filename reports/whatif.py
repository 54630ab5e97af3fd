"""What would change a verdict, in sentences: computed from the checks, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.types import CheckResult, Claim, GateDecision, GateVerdict, Kind, Verdict

from .headline import by_size, label
from .rounding import count, is_share, plain, size

MOST = 8
"""Sentences before the rest is counted."""


def would_change(decision: GateDecision, checks: Sequence[CheckResult]) -> tuple[str, ...]:
    """How far each required item is from its limit, the worst first; of a promotion the nearest."""
    if decision.verdict is GateVerdict.PROMOTE:
        return tuple(_slack(check) for check in _narrowest(checks)[:1])
    required = [check for check in by_size(checks) if check.required]
    sentences = [said for check in required if (said := _needs(check))]
    if len(sentences) > MOST:
        sentences = [*sentences[:MOST], f"and {len(sentences) - MOST} more items as open"]
    return tuple(sentences)


def _needs(check: CheckResult) -> str:
    """What an item that does not pass would take."""
    match check.verdict:
        case Verdict.REGRESSED if check.kind is Kind.CASE:
            return f"{label(check)} has to be answered as it asks"
        case Verdict.REGRESSED if check.claim is Claim.NO_LOSS:
            return f"{label(check)}: the loss has to go, or not to be proven"
        case Verdict.REGRESSED | Verdict.INCONCLUSIVE if (gap := _gap(check)) is not None:
            bound = "upper" if check.claim is Claim.MAX else "lower"
            move = "fall" if check.claim is Claim.MAX else "rise"
            said = f"{label(check)}: its {bound} bound has to {move} by {_distance(check, gap)}"
            if check.verdict is Verdict.INCONCLUSIVE and check.more_cases is not None:
                said += f", or to hold on about {count(check.more_cases)} more cases"
            return said
        case Verdict.NOT_MEASURED:
            return f"{label(check)} has to be measured"
    return ""


def _slack(check: CheckResult) -> str:
    gap = _gap(check)
    room = "" if gap is None else _distance(check, -gap)
    return f"{label(check)} has the least room: its lower bound could fall by {room}"


def _narrowest(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """Required comparisons that pass, by the room that they have in margins."""

    def rooms() -> Iterator[tuple[float, str, CheckResult]]:
        for check in checks:
            wanted = check.claim is Claim.NOT_WORSE and check.required
            if wanted and check.verdict is Verdict.PASS and check.interval and check.margin:
                yield -(_gap(check) or 0.0) / check.margin, check.id, check

    return [check for _, _, check in sorted(rooms(), key=lambda room: room[:2])]


def _gap(check: CheckResult) -> float | None:
    """How far the bound is from the limit that it has to clear."""
    if check.interval is None:
        return None
    low, high = check.interval
    match check.claim:
        case Claim.NOT_WORSE if check.margin is not None:
            return -check.margin - low
        case Claim.BETTER:
            return -low
        case Claim.MIN if check.margin is not None:
            return check.margin - low
        case Claim.MAX if check.margin is not None:
            return high - check.margin
    return None


def _distance(check: CheckResult, gap: float) -> str:
    return f"{size(gap)} points" if is_share(check) else plain(gap)
