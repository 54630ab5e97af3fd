"""Attempts against one baseline: counted, paid for, and never decided twice.

Whoever may try again until it works is promoted in the end. An attempt is the first completed,
unpartial decision for a new pair of candidate and rules (``rules_digest``) against a baseline; the
j-th is decided at the level of ``harness.stats.spending``, so that all of them together promote no
worse candidate more often than the policy's alpha. Asking the same again repeats the recorded
decision; only a loss that is found later overrides it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.stats.spending import attempt_alpha
from harness.store.past import Rule, Rules
from harness.suite.digest import digest
from harness.types import Arm, Attempt, Claim, GateDecision, GateVerdict, Kind

from .check import Declared

_COMPLETED = (GateVerdict.PROMOTE, GateVerdict.INCONCLUSIVE, GateVerdict.REJECT)
_LIMITS = {Claim.NOT_WORSE: "margin", Claim.MIN: "floor", Claim.MAX: "ceiling"}


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a decision on a candidate counts as."""

    number: int
    """From 1: the attempt that it is, repeats, or (where it spends none) would be."""
    alpha: float
    """One-sided level of promotion."""
    spends: bool
    """Whether a completed decision uses up this attempt."""
    rules: str
    stored: Attempt | None = None
    """The decision on the same candidate by the same rules, where there is one."""


def rules_digest(suites: Mapping[str, str], pinned: Mapping[str, str | None]) -> str:
    """Digest of what a candidate is judged by.

    ``suites``: suite → digest; ``pinned``: whatever else a decision depends on, such as the
    policy and the arms that are compared with.
    """
    return digest({"suites": dict(suites), "pinned": dict(pinned)})


def following(past: Collection[Attempt]) -> int:
    """The number of the next attempt; where two attempts took one number, both are counted."""
    decided = {(attempt.candidate, attempt.rules) for attempt in past}
    return max(len(decided), *(attempt.number for attempt in past), 0) + 1


def number(
    candidates: Sequence[Arm],
    baseline: Arm,
    base: Arm,
    rules: str,
    past: Sequence[Attempt],
    alpha: float,
) -> dict[str, Numbered]:
    """By candidate's name, in the order of the command line, what its decision counts as.

    ``past`` are the attempts against this baseline on these cases, oldest first; ``alpha`` is
    the policy's. New candidates are numbered on from the highest, equal contents as one. The
    baseline, the base model and an arm that cannot be measured spend nothing.
    """
    stored: dict[str, Attempt] = {}
    for attempt in past:
        if attempt.rules == rules and (
            attempt.candidate not in stored or _overrides(attempt, stored[attempt.candidate])
        ):
            stored[attempt.candidate] = attempt
    first = following(past)
    new = [
        arm.digest
        for arm in candidates
        if arm.digest not in (baseline.digest, base.digest, *stored) and arm.problem is None
    ]
    spent = {arm: first + at for at, arm in enumerate(dict.fromkeys(new))}

    def of(arm: Arm) -> Numbered:
        repeated = stored.get(arm.digest)
        mine = repeated.number if repeated else spent.get(arm.digest, first)
        return Numbered(mine, attempt_alpha(alpha, mine), arm.digest in spent, rules, repeated)

    return {arm.name: of(arm) for arm in candidates}


def conclude(decision: GateDecision, numbered: Numbered, complete: bool) -> GateDecision:
    """The decision as it is recorded: with its attempt, or as a repeat of a recorded one.

    ``complete`` is whether every declared item was run and every required check was measured:
    a candidate may be rejected by half of a run, but that spends nothing.
    """
    decision = replace(decision, rules=numbered.rules, alpha=numbered.alpha)
    if not complete or decision.verdict not in _COMPLETED:
        return decision
    if numbered.stored is None:
        return replace(decision, attempt=numbered.number) if numbered.spends else decision
    stored = numbered.stored
    if _overrides(decision, stored):
        found = (
            f"run {stored.run} decided {stored.verdict} on the same candidate, suites and policy "
            f"({'; '.join(stored.reasons)}); this run found {decision.verdict}, which stands"
        )
        return replace(decision, attempt=stored.number, notes=(*decision.notes, found))
    return replace(
        decision,
        verdict=stored.verdict,
        reasons=stored.reasons,
        attempt=stored.number,
        repeats=stored.run,
        notes=(*decision.notes, *_contradiction(decision, stored)),
    )


def confirm(decision: GateDecision, numbered: Numbered, past: Sequence[Attempt]) -> GateDecision:
    """The concluded decision, or INCOMPLETE where another run took its attempt meanwhile.

    ``past`` are the attempts as they are at the moment of decision. Its level would be that of
    an attempt that was already spent.
    """
    if decision.attempt is None or not numbered.spends:
        return decision
    for other in past:
        if other.number == decision.attempt:
            what = f"took attempt {other.number}"
        elif (other.candidate, other.rules) == (decision.arm, decision.rules):
            what = "decided on the same candidate"
        else:
            continue
        reason = (
            f"another run ({other.run}) {what} while this one went on; run the gate again "
            "(its outputs are kept)"
        )
        return replace(decision, verdict=GateVerdict.INCOMPLETE, reasons=(reason,), attempt=None)
    return decision


def _overrides(new: GateDecision | Attempt, recorded: Attempt) -> bool:
    """A promotion does not outlive a proven loss: whatever the attempt, that has its own level."""
    return new.verdict is GateVerdict.REJECT and recorded.verdict is GateVerdict.PROMOTE


def _contradiction(decision: GateDecision, stored: Attempt) -> list[str]:
    if (decision.verdict, decision.reasons) == (stored.verdict, stored.reasons):
        return []
    found = f"{decision.verdict} ({'; '.join(decision.reasons)})"
    return [
        f"the decision of run {stored.run} stands, {stored.verdict}: candidate, suites and policy "
        f"are the same; this run by itself found {found}"
    ]


def notes(baseline: Arm, known: bool, looked_at: int) -> tuple[str, ...]:
    """What a reader must know of earlier attempts, a sentence each.

    ``known`` is whether the store has a record of the baseline (``Past.knows``), ``looked_at``
    how many other candidates were compared with it that never spent an attempt.
    """
    found = []
    if not known:
        found.append(
            f"this store has no record of the baseline {baseline.name}: earlier attempts elsewhere "
            "are not known to it"
        )
    if looked_at:
        others = "candidate was" if looked_at == 1 else "candidates were"
        found.append(
            f"{looked_at} other {others} looked at in partial runs on these cases: the best of "
            "several looks better than it is"
        )
    return tuple(found)


def ruled(
    run: str, policy: Mapping[str, Any], suites: Iterable[str], declared: Iterable[Declared]
) -> Rules:
    """What the candidates of this run are judged by, to compare with what the store remembers."""
    rules = {
        (each.suite, each.task, each.name): Rule(
            each.suite,
            each.task,
            each.name,
            kind=each.kind,
            claim=each.claim,
            against=each.against,
            margin=each.limit if each.claim in _LIMITS else None,
            required=each.required,
            slice=each.slice,
            metric=each.metric,
            sequential=each.sequential,
        )
        for each in declared
    }
    return Rules(run, policy, tuple(suites), tuple(rules.values()))


def changes(before: Rules | None, now: Rules) -> tuple[str, ...]:
    """What was changed since the last decision, a sentence each: policy first, then checks.

    Only suites that both were about are compared; a check that was added changes nothing that
    was demanded before.
    """
    if before is None:
        return ()
    found = [*_policy_changes(before.policy, now.policy), *_check_changes(before, now)]
    return tuple(f"{change} since run {before.run}" for change in found)


def _policy_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    old, new = dict(_flat(before)), dict(_flat(now))
    for key in dict.fromkeys([*old, *new]):
        if _said(old.get(key)) != _said(new.get(key)):
            yield f"policy {key}: {_moved(old.get(key), new.get(key))}"


def _flat(policy: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in policy.items():
        if isinstance(value, Mapping):
            yield from ((f"{key} of {inner}", each) for inner, each in value.items())
        else:
            yield key, sorted(value) if isinstance(value, (list, tuple)) else value


def _check_changes(before: Rules, now: Rules) -> Iterator[str]:
    current = {(rule.suite, rule.task, rule.name): rule for rule in now.checks}
    gone: dict[str, list[str]] = defaultdict(list)
    for old in before.checks:
        if old.suite not in now.suites:
            continue
        new = current.get((old.suite, old.task, old.name))
        if new is not None:
            yield from _rule_changes(old, new)
        elif old.kind is Kind.TRIPWIRE:
            gone[old.suite].append(old.slice)
        else:
            yield f"{old.kind} {_name(old)} is gone"
    for suite, slices in gone.items():
        yield f"tripwires of {suite} are gone ({', '.join(dict.fromkeys(slices))})"


def _rule_changes(old: Rule, new: Rule) -> Iterator[str]:
    if old.claim is not new.claim:
        yield f"claim of {_name(old)}: {_moved(old.claim, new.claim)}"
    elif old.claim in _LIMITS and old.margin not in (None, new.margin):
        yield f"{_LIMITS[old.claim]} of {_name(old)}: {_moved(old.margin, new.margin)}"
    if old.against is not new.against:
        yield f"reference of {_name(old)}: {_moved(old.against, new.against)}"
    if old.metric != new.metric:
        yield f"metric of {_name(old)}: {_moved(old.metric, new.metric)}"
    if old.sequential is not None and old.sequential is not new.sequential:
        yield f"{_name(old)} is {'now' if new.sequential else 'no longer'} sequential"
    if old.required is not new.required:
        yield f"{_name(old)} is {'now' if new.required else 'no longer'} required"


def _name(rule: Rule) -> str:
    return f"{rule.suite} {rule.task}.{rule.name}"


def _moved(old: Any, new: Any) -> str:
    plain = f"{_said(old)} → {_said(new)}"
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in (old, new)):
        return plain
    return f"{plain} ({'raised' if new > old else 'lowered'})"


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
