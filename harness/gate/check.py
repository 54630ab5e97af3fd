"""One claim, measured: paired scores in, a CheckResult out.

A comparison is not REGRESSED here yet: that needs all declared checks (``decide.settle``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.metrics.mean import mean
from harness.stats import plan, wilson
from harness.stats.clusters import Clusters, Values
from harness.stats.paired import Comparison, compare
from harness.types import Arm, Case, CheckResult, Claim, Kind, Role, Score, Verdict

ScoreTable = Mapping[tuple[str, str, str], Score]
"""(case digest, arm digest, scorer) → Score."""

FEW_CLUSTERS = 20


@dataclass(frozen=True, slots=True)
class Declared:
    """One pytest item: a claim about one candidate, resolved against the policy."""

    id: str
    """The pytest node id."""
    kind: Kind
    suite: str
    task: str
    name: str
    candidate: str
    claim: Claim
    metric: str
    """The scorer whose mean is meant."""
    binary: bool
    """Whether its scores are 0 or 1."""
    against: Role | None
    limit: float
    """Margin δ of a comparison, or the floor or ceiling; 0 where the claim has none."""
    required: bool
    cases: tuple[Case, ...]
    line: int = 1
    """Where the suite file declares it."""
    reason: str = ""
    """Why the suite's author wants it, for hand-written cases."""

    @property
    def comparative(self) -> bool:
        """Whether it compares two arms, so belongs to the Holm family."""
        return self.against is not None


@dataclass(frozen=True, slots=True)
class _Column:
    values: Values
    missing: tuple[str, ...]


def not_measured(declared: Declared, reason: str) -> CheckResult:
    """A check that says nothing, and why."""
    return _result(declared, Verdict.NOT_MEASURED, reason)


def measure(
    declared: Declared,
    candidate: Arm,
    reference: Arm | None,
    scores: ScoreTable,
    alpha: float,
) -> CheckResult:
    """The verdict on one claim at one-sided α, REGRESSED by comparison excepted."""
    for arm in (candidate, reference):
        if arm is not None and arm.problem:
            return not_measured(declared, f"{arm.name} cannot be measured: {arm.problem}")
    columns = [_column(declared, arm, scores) for arm in (candidate, reference) if arm]
    missing = [reason for column in columns for reason in column.missing]
    if missing:
        total = sum(len(declared.cases) for _ in columns)
        return not_measured(
            declared, f"{len(missing)} of {total} scores are missing; the first: {missing[0]}"
        )
    if not declared.cases:
        return not_measured(declared, "there is no case to measure it on")
    if declared.claim is Claim.NO_FAILURE:
        return _no_failure(declared, candidate, scores)
    clusters = Clusters.of([case.cluster for case in declared.cases])
    if clusters.count < 2:
        return not_measured(declared, "all cases are one cluster: at least two are needed")
    if len(columns) == 2:
        return _comparison(declared, columns[1].values, columns[0].values, clusters, alpha)
    own = [scores[case.digest, candidate.digest, declared.metric] for case in declared.cases]
    return _level(declared, own, columns[0].values, clusters, alpha)


def _column(declared: Declared, arm: Arm, scores: ScoreTable) -> _Column:
    values, missing = [], []
    for case in declared.cases:
        score = scores.get((case.digest, arm.digest, declared.metric))
        if score is None:
            missing.append(f"{case.sample} has no {declared.metric} for {arm.name}")
        elif score.value is None:
            missing.append(f"{case.sample} with {arm.name}: {score.reason}")
        else:
            values.append(score.value)
    return _Column(np.asarray(values, dtype=np.float64), tuple(missing))


def _no_failure(declared: Declared, candidate: Arm, scores: ScoreTable) -> CheckResult:
    found = [scores[case.digest, candidate.digest, declared.metric] for case in declared.cases]
    failed = [score for score in found if score.value != 1.0]
    verdict = Verdict.REGRESSED if failed else Verdict.PASS
    said = failed[0].reason if failed else "as expected"
    reason = f"{said} ({declared.reason})" if declared.reason else said
    rate = 1 - len(failed) / len(found)
    return replace(
        _result(declared, verdict, reason), estimate=rate, n=len(found), candidate_value=rate
    )


def _comparison(
    declared: Declared, reference: Values, candidate: Values, clusters: Clusters, alpha: float
) -> CheckResult:
    found = compare(reference, candidate, clusters, alpha, binary=declared.binary)
    margin = declared.limit
    passed = found.low > -margin
    more = None if passed else _more(plan.cases_for_not_worse(found, margin, alpha), found.n)
    verdict = Verdict.PASS if passed else Verdict.INCONCLUSIVE
    return replace(
        _result(declared, verdict, _say_comparison(declared, found, passed, more)),
        estimate=found.difference,
        interval=(found.low, found.high),
        margin=margin if declared.claim is Claim.NOT_WORSE else 0.0,
        n=found.n,
        clusters=found.clusters,
        wins=found.wins,
        losses=found.losses,
        p_value=found.p_not_worse(margin),
        p_worse=found.p_worse,
        alpha=alpha,
        method=found.method,
        candidate_value=float(candidate.mean()),
        reference_value=float(reference.mean()),
        more_cases=more,
    )


def _say_comparison(declared: Declared, found: Comparison, passed: bool, more: int | None) -> str:
    said = (
        f"{declared.metric} {points(found.difference)} points against {declared.against} "
        f"[{points(found.low)}, {points(found.high)}], "
    )
    if declared.claim is Claim.NOT_WORSE:
        said += f"the limit is {points(-declared.limit)}, n = {found.n}"
    else:
        said += f"better means above 0, n = {found.n}"
    if found.clusters < FEW_CLUSTERS:
        said += f"; only {found.clusters:.1f} effective clusters"
    if passed:
        return said + ("; worse, but inside the margin" if found.high < 0 else "")
    return said + _outlook(more)


def _outlook(more: int | None) -> str:
    if more is None:
        return "; more cases will hardly help"
    return f"; about {more:,} more cases would settle it"


def _level(
    declared: Declared, scores: Sequence[Score], values: Values, clusters: Clusters, alpha: float
) -> CheckResult:
    found = mean(scores, [case.cluster for case in declared.cases], alpha)
    low, high, limit = found.low, found.high, declared.limit
    floor = declared.claim is Claim.MIN
    passed, failed = (low >= limit, high < limit) if floor else (high <= limit, low > limit)
    towards, p_limit = (values, limit) if floor else (1 - values, 1 - limit)
    more = None
    if not passed and (found.value > limit) == floor:
        deff = clusters.design_effect(values)
        more = _more(plan.cases_for_level(found.value, limit, deff, alpha), clusters.n)
    said = (
        f"{declared.metric} {found.value:.1%} [{low:.1%}, {high:.1%}], "
        f"the {'floor' if floor else 'ceiling'} is {limit:.1%}, n = {found.n}"
    )
    if not passed and not failed:
        said += _outlook(more)
    verdict = Verdict.PASS if passed else Verdict.REGRESSED if failed else Verdict.INCONCLUSIVE
    return replace(
        _result(declared, verdict, said),
        estimate=found.value,
        interval=(low, high),
        margin=limit,
        n=clusters.n,
        clusters=clusters.effective,
        p_value=wilson.p_above(towards, clusters, p_limit),
        alpha=alpha,
        method="Wilson" if clusters.df is None else "clustered Wilson",
        candidate_value=found.value,
        more_cases=more,
    )


def _more(needed: int | None, have: int) -> int | None:
    return None if needed is None else max(1, needed - have)


def points(share: float) -> str:
    """A difference of shares in percentage points, signed, to one decimal."""
    return f"{100 * share:+.1f}"


def _result(declared: Declared, verdict: Verdict, reason: str) -> CheckResult:
    return CheckResult(
        id=declared.id,
        kind=declared.kind,
        suite=declared.suite,
        task=declared.task,
        name=declared.name,
        candidate=declared.candidate,
        claim=declared.claim,
        metric=declared.metric,
        against=declared.against,
        required=declared.required,
        verdict=verdict,
        reason=reason,
    )
