"""From the results of checks to the decision on a candidate. Pure; no rounding anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.stats.holm import holm
from harness.types import Arm, CheckResult, Claim, GateDecision, GateVerdict, Verdict

_COMPARATIVE = (Claim.NOT_WORSE, Claim.BETTER, Claim.NO_LOSS)


def settle(results: Sequence[CheckResult], family: int, alpha: float) -> list[CheckResult]:
    """Holm over the comparative checks and tripwires of one candidate; who fails is REGRESSED.

    ``family`` is the number of them that were declared: one that was deselected or not
    measured counts as p = 1, so selecting can only raise an adjusted p. ``alpha`` is the
    policy's, whatever the attempt.
    """
    tested = [r for r in results if r.claim in _COMPARATIVE and r.p_worse is not None]
    adjusted = holm([r.p_worse for r in tested if r.p_worse is not None], family)
    by_id = {r.id: p for r, p in zip(tested, adjusted, strict=True)}
    return [_settle_one(r, by_id.get(r.id), alpha) for r in results]


def _settle_one(result: CheckResult, p_worse: float | None, alpha: float) -> CheckResult:
    if p_worse is None:
        return result
    tripwire = result.claim is Claim.NO_LOSS
    if p_worse >= alpha or not (tripwire or result.verdict is Verdict.INCONCLUSIVE):
        return replace(result, p_worse=p_worse)
    return replace(result, p_worse=p_worse, verdict=Verdict.REGRESSED, more_cases=None)


def decide(
    candidate: Arm,
    results: Sequence[CheckResult],
    *,
    alpha: float,
    not_run: Sequence[str] = (),
    missing_suites: Sequence[str] = (),
    reruns: Sequence[str] = (),
) -> GateDecision:
    """The verdict on one candidate, in the order of the design's table.

    ``alpha`` is the level at which claims were to be proven, that of the attempt.
    ``not_run`` are declared items without a result (deselected or cut short), ``reruns`` items
    that a plug-in ran more than once, ``missing_suites`` required suites that were not given.
    """
    required = [r for r in results if r.required]
    regressed = [r for r in required if r.verdict is Verdict.REGRESSED]
    unmeasured = [r for r in required if r.verdict is Verdict.NOT_MEASURED]
    open_ = [r for r in required if r.verdict is Verdict.INCONCLUSIVE]
    gaps = [
        *(f"the required suite {pattern} was not run" for pattern in missing_suites),
        *_listed("declared item was not run", not_run),
        *_listed("item was run more than once", reruns),
    ]
    if regressed:
        verdict, reasons = GateVerdict.REJECT, _reasons(regressed)
    elif candidate.problem:
        verdict, reasons = GateVerdict.INCOMPLETE, [candidate.problem]
    elif unmeasured:
        verdict, reasons = GateVerdict.INCOMPLETE, _reasons(unmeasured)
    elif gaps:
        verdict, reasons = GateVerdict.PARTIAL, gaps
    elif not required:
        verdict, reasons = GateVerdict.INCOMPLETE, ["no required check is declared"]
    elif open_:
        verdict, reasons = GateVerdict.INCONCLUSIVE, _reasons(open_)
    else:
        verdict = GateVerdict.PROMOTE
        reasons = [f"all {len(required)} required checks, rubrics and cases pass"]
    return GateDecision(candidate.name, candidate.digest, verdict, tuple(reasons), alpha)


def _reasons(results: Sequence[CheckResult]) -> list[str]:
    in_order = sorted(results, key=lambda r: r.id)  # whatever order they were measured in
    return [f"{r.suite} {r.task}.{r.name}: {r.reason}" for r in in_order]


def _listed(what: str, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return [f"{len(ids)} × {what}: {shown}"]
