"""From the record of a run to its report: the one computation, pure.

Nothing is decided here. Verdicts, intervals and reasons are the gate's; this arranges them,
pairs answers by case digest, and counts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from harness.errors import LoragateError
from harness.types import (
    Arm,
    Case,
    CheckResult,
    Effect,
    GateDecision,
    GateVerdict,
    Kind,
    Robustness,
    Role,
    RunRecord,
    Verdict,
)

if TYPE_CHECKING:
    from harness.gate.explain import Explanation
    from harness.store.past import Before, Served

from harness.stats.forgetting import retention

from . import flips
from .costs import costs
from .headline import CLAIMS, by_size, headline, summary, too_small
from .model import (
    Candidate,
    CaseView,
    Example,
    Level,
    LevelRow,
    MutationRow,
    Report,
    RubricView,
    RunView,
    SuiteView,
    Tally,
)
from .rounding import is_difference
from .rows import rows
from .source import Source
from .trends import trends
from .whatif import would_change

EXAMPLES = 5
"""Outputs shown of those that fall short of a rubric."""

_GATE_ORDER = tuple(GateVerdict)
_CHECK_ORDER = tuple(Verdict)
SEVERITIES = ("critical", "high", "medium", "low")
"""Of hand-written cases; what has none comes last."""


def build_report(record: RunRecord, before: Before | None = None) -> Report:
    """Everything there is to say about a finished run; ``before`` is what came before it.

    The report's verdict is the worst of its candidates', in the order of ``GateVerdict``:
    PROMOTE, INCONCLUSIVE, PARTIAL, INCOMPLETE, REJECT. Raises LoragateError for a run in which
    nothing, or not every candidate, was decided, and for a number that is not finite.
    """
    source = Source(record)
    levels = _levels(source)
    candidates = sorted(
        (_candidate(source, arm, decision) for arm, decision in _decided(record)),
        key=lambda candidate: -_GATE_ORDER.index(candidate.verdict),
    )
    return Report(
        verdict=candidates[0].verdict,
        base=source.arm(Role.BASE),
        baseline=source.arm(Role.BASELINE),
        anchor=source.arm(Role.ANCHOR),
        run=_run(record),
        arms=source.arms,
        members=source.members,
        suites=_suites(record, before.served if before else {}),
        levels=levels,
        trends=tuple(trends(record, levels, before.releases if before else ())),
        costs=tuple(costs(record, source.arms)),
        lineage=record.ancestors,
        mutations=tuple(_mutations(source)),
        judges=record.judges,
        noises=record.noises,
        candidates=tuple(candidates),
        rows=tuple(
            rows(source, {each.name: _references(source, each.checks) for each in candidates})
        ),
    )


def _decided(record: RunRecord) -> Iterable[tuple[Arm, GateDecision]]:
    decisions = {decision.candidate: decision for decision in record.decisions}
    arms = {arm.name: arm for arm in record.arms if arm.role is Role.CANDIDATE}
    undecided = sorted(arms.keys() ^ decisions.keys())
    if undecided or not arms:
        raise LoragateError(
            f"run {record.run.id} has no decision on {', '.join(undecided) or 'any candidate'}: "
            "run the gate again (finished outputs are kept)"
        )
    return [(arm, decisions[name]) for name, arm in arms.items()]


def _candidate(source: Source, arm: Arm, decision: GateDecision) -> Candidate:
    results = [check for check in source.record.checks if check.candidate == arm.name]
    for result in results:
        _refuse_infinite(result)
    checks = _worst_first(results)
    written = [check.verdict for check in checks if check.kind is Kind.CASE]
    none_fails = bool(written) and set(written) == {Verdict.PASS}
    slices = [check for check in checks if check.kind is Kind.TRIPWIRE]
    tally = Tally(
        checks=_count(check.verdict for check in checks if check.kind in CLAIMS),
        slices=_count(check.verdict for check in slices),
        slices_too_small=sum(map(too_small, slices)),
        cases=_count(written),
        cases_fail_below=min(1.0, 3 / len(written)) if none_fails else None,
    )
    return Candidate(
        name=arm.name,
        digest=arm.digest,
        verdict=decision.verdict,
        headline=headline(decision, checks),
        summary=summary(decision, checks),
        reasons=decision.reasons,
        alpha=decision.alpha,
        attempt=decision.attempt,
        rules=decision.rules,
        repeats=decision.repeats,
        notes=decision.notes,
        tally=tally,
        would_change=would_change(decision, checks),
        closest=_closest(checks),
        checks=checks,
        explanations=_explanations(source, arm, checks),
        flips=flips.find(
            arm,
            _references(source, checks),
            source.arm(Role.BASELINE),
            _samples(source.record.cases),
            source.scores,
            source.answer,
        ),
        cases=_cases(source, arm, checks),
        rubrics=_rubrics(source, arm, checks),
        effect=_effects(source, arm),
    )


def _refuse_infinite(check: CheckResult) -> None:
    for field in fields(check):
        value = getattr(check, field.name)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, float) and not math.isfinite(number):
                raise LoragateError(
                    f"{check.id}: {field.name} is {number}; a check that cannot be computed is "
                    "NOT_MEASURED with its reason"
                )


def _explanations(
    source: Source, arm: Arm, checks: Iterable[CheckResult]
) -> Mapping[str, Explanation]:
    """What the lost cases share, of every comparison that regressed or is open."""
    return {
        check.id: _explanation(source, arm, reference, check)
        for check in checks
        if check.verdict in (Verdict.REGRESSED, Verdict.INCONCLUSIVE)
        if check.against and (reference := source.arm(check.against))
    }


def _explanation(source: Source, arm: Arm, reference: Arm, check: CheckResult) -> Explanation:
    from harness.gate.explain import explain  # numpy and scipy, where there is no loss to explain

    cases = [
        case
        for case in source.record.cases
        if case.kind is (Kind.MUTATION if check.mutation else Kind.CHECK)
        if (case.suite, case.task, case.mutation) == (check.suite, check.task, check.mutation)
        if not check.slice or check.slice in {f"{k} = {v}" for k, v in case.slices.items()}
    ]
    changes = [
        change
        for change in flips.compared(arm, reference, cases, source.scores)
        if change.scorer == check.metric
    ]
    return explain(
        [change.case for change in changes],
        {change.case.digest for change in changes if change.step < 0},
        {
            change.case.digest: (
                source.answer(change.case, reference).text,
                source.answer(change.case, arm).text,
            )
            for change in changes
        },
    )


def _worst_first(checks: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Suites with the worst required check first, in each the worst first; else as declared."""
    suites: dict[str, list[int]] = {}
    for check in checks:
        badness = suites.setdefault(check.suite, [])
        if check.required and check.verdict is not Verdict.PASS:
            badness.append(_badness(check))
    order = sorted(suites, key=lambda s: sorted(suites[s], reverse=True), reverse=True)
    rank = {suite: place for place, suite in enumerate(order)}
    return tuple(sorted(checks, key=lambda c: (rank[c.suite], not c.required, -_badness(c))))


def _badness(check: CheckResult) -> int:
    return _CHECK_ORDER.index(check.verdict)


def _count(verdicts: Iterable[Verdict]) -> Mapping[Verdict, int]:
    counted = Counter(verdicts)
    return {verdict: counted[verdict] for verdict in Verdict}


def _closest(checks: Sequence[CheckResult]) -> str | None:
    """The required comparison that passed with the least room, as a share of its margin."""
    rooms = [
        ((check.interval[0] + check.margin) / check.margin, check.id)
        for check in checks
        if check.verdict is Verdict.PASS and check.required and is_difference(check)
        if check.interval and check.margin
    ]
    return min(rooms)[1] if rooms else None


def _references(
    source: Source, checks: Sequence[CheckResult]
) -> Mapping[tuple[str, str], list[Arm]]:
    """The arms that the comparisons of each (suite, task) name, each content once.

    The task with the worst comparison comes first.
    """
    found: dict[tuple[str, str], list[Arm]] = {}
    for check in by_size(checks):
        arm = source.arm(check.against) if check.against else None
        named = found.setdefault((check.suite, check.task), []) if arm else []
        if arm and all(arm.digest != other.digest for other in named):
            named.append(arm)
    return found


def _samples(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if case.kind is Kind.CHECK]


def _cases(source: Source, arm: Arm, checks: Sequence[CheckResult]) -> tuple[CaseView, ...]:
    """Hand-written cases, failures first, with the baseline's answer beside the candidate's."""
    written = {
        (case.suite, case.task, case.sample): case
        for case in source.record.cases
        if case.kind is Kind.CASE
    }
    baseline = source.arm(Role.BASELINE)
    views = []
    for check in checks:
        if check.kind is not Kind.CASE:
            continue
        case = written.get((check.suite, check.task, check.name))
        answers = [source.answer(case, one) for one in (baseline, arm) if one] if case else []
        views.append(
            CaseView(
                id=check.id,
                name=check.name,
                suite=check.suite,
                task=check.task,
                verdict=check.verdict,
                required=check.required,
                severity=check.severity,
                expect=case.expect if case else (),
                prompt=case.prompt if case else None,
                answers=tuple(answers),
                reason=check.reason,
            )
        )
    return tuple(sorted(views, key=_severe_first))


def _severe_first(view: CaseView) -> tuple[int, int]:
    severity = SEVERITIES.index(view.severity) if view.severity in SEVERITIES else len(SEVERITIES)
    return -_CHECK_ORDER.index(view.verdict), severity


def _rubrics(source: Source, arm: Arm, checks: Sequence[CheckResult]) -> tuple[RubricView, ...]:
    found = []
    for check in checks:
        if check.kind is Kind.RUBRIC:
            found.append(_rubric(source, arm, check))
    return tuple(found)


def _rubric(source: Source, arm: Arm, check: CheckResult) -> RubricView:
    cases = [
        case for case in source.record.cases if (case.suite, case.task) == (check.suite, check.task)
    ]
    scored = [
        (value, case)
        for case in cases
        if (value := source.scores.get((case.digest, arm.digest), {}).get(check.metric)) is not None
    ]
    short = sorted(((value, case) for value, case in scored if value < 1), key=lambda pair: pair[0])
    reasons: dict[str, str] = {}
    for score in source.record.scores:
        if score.arm == arm.digest and score.scorer == check.metric and score.value != 1:
            reasons.setdefault(score.case, score.reason)
    examples = [
        Example(
            sample=case.sample,
            answer=source.answer(case, arm),
            value=value,
            reason=reasons.get(case.digest, ""),
        )
        for value, case in short[:EXAMPLES]
    ]
    return RubricView(check.id, len(scored), len(short), tuple(examples))


def _effects(source: Source, arm: Arm) -> tuple[Effect, ...]:
    """Proofs with this candidate or its members, and those of the other arms against base."""
    bases = {one.digest for one in source.arms if one.role is Role.BASE}
    others = {one.digest for one in source.arms if one.role in (Role.BASELINE, Role.ANCHOR)}
    served = set(arm.adapters.values())
    own = {arm.digest, *(one.digest for one in source.members if one.adapter in served)}
    return tuple(
        effect
        for effect in source.record.effects
        if {effect.arm, effect.other} & own
        or ({effect.arm, effect.other} & bases and {effect.arm, effect.other} & others)
    )


def _levels(source: Source) -> tuple[LevelRow, ...]:
    """Mean of every scorer on every task, for every arm, cases by their weights.

    A metric of the whole set is no mean of its cases; its checks have its values.
    """
    grouped: dict[tuple[str, str, str], dict[str, list[tuple[float, float]]]] = {}
    for case in _samples(source.record.cases):
        for arm in {arm.digest: arm for arm in source.arms}:
            for scorer, value in source.scores.get((case.digest, arm), {}).items():
                if value is not None and (case.digest, scorer) not in source.whole:
                    row = grouped.setdefault((case.suite, case.task, scorer), {})
                    row.setdefault(arm, []).append((value, case.weight))
    return tuple(_level_row(source, *measure, row) for measure, row in grouped.items())


def _level_row(
    source: Source,
    suite: str,
    task: str,
    metric: str,
    row: Mapping[str, Sequence[tuple[float, float]]],
) -> LevelRow:
    levels = tuple(_level(arm, row.get(arm.digest, ())) for arm in source.arms)
    base = next((level.value for level in levels if level.role is Role.BASE), None)
    kept = (
        None if base is None or level.value is None else retention(level.value, base)
        for level in levels
    )
    return LevelRow(suite, task, metric, levels, tuple(kept))


def _level(arm: Arm, values: Sequence[tuple[float, float]]) -> Level:
    """``values``: scores and their weights."""
    total = math.fsum(weight for _, weight in values)
    mean = math.fsum(value * weight for value, weight in values) / total if values else None
    return Level(arm.role, arm.name, mean, len(values))


def _mutations(source: Source) -> Iterator[MutationRow]:
    """How every arm stands each mutation."""
    grouped: dict[tuple[str, str, str], dict[str, Robustness]] = {}
    for one in source.record.robustnesses:
        grouped.setdefault((one.suite, one.task, one.mutation), {})[one.arm] = one
    for by_arm in grouped.values():
        first = next(iter(by_arm.values()))
        yield MutationRow(
            suite=first.suite,
            task=first.task,
            mutation=first.mutation,
            mutator=first.mutator,
            relation=first.relation,
            metric=first.metric,
            n=first.n,
            spot_check=math.ceil(first.n * first.spot_check),
            arms=tuple(by_arm.get(arm.digest) for arm in source.arms),
        )


def _suites(record: RunRecord, served: Mapping[str, Served]) -> tuple[SuiteView, ...]:
    kinds = Counter((case.suite, case.kind) for case in record.cases)
    return tuple(
        SuiteView(
            name=name,
            digest=digest,
            samples=kinds[name, Kind.CHECK],
            cases=kinds[name, Kind.CASE],
            mutated=kinds[name, Kind.MUTATION],
            served=served[name].decisions if name in served else 0,
            since=served[name].since if name in served else None,
        )
        for name, digest in record.run.suites.items()
    )


def _run(record: RunRecord) -> RunView:
    run = record.run
    return RunView(
        id=run.id,
        started=run.started,
        finished=record.finished,
        seconds=record.seconds,
        version=run.version,
        numerics=run.numerics,
        policy=run.policy,
        cases=len(record.cases),
        outputs=len(record.outputs),
        reused=record.reused,
        errors=sum(output.error is not None for output in record.outputs.values()),
        settings=run.settings,
    )
