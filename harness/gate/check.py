"""One claim, measured: paired scores in, a CheckResult out.

Two levels: a claim is proven at ``alpha``, that of the attempt; a loss at ``alpha_worse``, the
policy's. A comparison is not REGRESSED here yet: that needs all declared checks
(``decide.settle``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.metrics.mean import mean
from harness.stats import power, wilson
from harness.stats.clusters import Clusters, Values
from harness.stats.corpus import cases_for_distance
from harness.stats.paired import Comparison, compare
from harness.suite.model import Reduce
from harness.suite.scoring import CorpusScorer
from harness.types import Arm, Case, CheckResult, Claim, Kind, Noise, Role, Verdict

from .corpus import arm_level, arms_compared, cluster_sums
from .counted import Beside, ScoreTable, counted
from .repeats import MEAN

FEW_CLUSTERS = 20
NAMED = 5
"""Rows named in a sentence before the rest is counted."""


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
    against: Role | None
    limit: float
    """Margin δ of a comparison, or the floor or ceiling; 0 where the claim has none.

    Of a hand-written case, the share of its answers that must hold.
    """
    required: bool
    cases: tuple[Case, ...]
    line: int = 1
    """Where the suite file declares it."""
    reason: str = ""
    """Why the suite's author wants it, for hand-written cases."""
    slice: str = ""
    """Of a tripwire: ``clause_type = payment``."""
    exact: bool = False
    """Whether the exact unconditional test decides."""
    sequential: bool = False
    """Whether it is looked at early (``gate.looks``)."""
    follows: str = ""
    """Of a tripwire: id of the sequential check with whose looks its cases come."""
    corpus: CorpusScorer | None = None
    """Of a metric that is not the mean of its cases."""
    reduce: Reduce = MEAN
    """How the scores of a case's repeats become one."""
    severity: str = ""
    """Of hand-written cases, where the suite says it."""
    mutation: str = ""
    """Of mutated cases: the mutation that made them."""
    seeds: tuple[Case, ...] = ()
    """Of mutated cases: the clean ones, which are asked as well."""
    by: str = ""
    """Of a rubric: assertions, judge or human."""
    beside: Beside | None = None
    """How their scores count beside those of the clean ones; None: by themselves."""

    @property
    def comparative(self) -> bool:
        """Whether it compares two arms, so belongs to the Holm family."""
        return self.against is not None


@dataclass(frozen=True, slots=True)
class _Column:
    values: Values
    missing: tuple[str, ...]


def contamination(declared: Declared, trained: Mapping[str, str]) -> str | None:
    """Why a claim on cases that were trained on is no evidence; None where it has none of them.

    ``trained``: case digest → name of the adapter among whose training rows the case is.
    """
    known = [
        (case.sample, trained[digest])
        for case in declared.cases
        for digest in (case.digest, case.parent)
        if digest in trained
    ]
    if not known:
        return None
    named = ", ".join(f"{sample} (by {adapter})" for sample, adapter in known[:NAMED])
    rest = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return (
        f"contaminated: {len(known)} of {len(declared.cases)} cases were trained on: {named}"
        f"{rest}; take them out of the training data, or give the suite fresh rows"
    )


def not_measured(declared: Declared, reason: str) -> CheckResult:
    """A check that says nothing, and why."""
    return _result(declared, Verdict.NOT_MEASURED, reason)


def measure(
    declared: Declared,
    candidate: Arm,
    reference: Arm | None,
    scores: ScoreTable,
    alpha: float,
    alpha_worse: float,
    noise: Noise | None = None,
) -> CheckResult:
    """The verdict on one claim, REGRESSED by comparison excepted.

    ``noise`` is of the same task and metric, where the baseline was run twice.
    """
    if declared.claim is Claim.NO_LOSS and not declared.cases:
        return _too_small(declared, "no case of it was looked at")
    columns = paired_columns(declared, candidate, reference, scores)
    if isinstance(columns, str):
        return not_measured(declared, columns)
    if declared.claim is Claim.NO_FAILURE:
        return _no_failure(declared, candidate, scores)
    clusters = Clusters.of([case.cluster for case in declared.cases])
    if declared.claim is Claim.NO_LOSS:
        return _no_loss(declared, columns, clusters, alpha_worse)
    if clusters.count < 2:
        return not_measured(declared, "all cases are one cluster: at least two are needed")
    if declared.corpus is not None:
        arms = [arm for arm in (candidate, reference) if arm is not None]
        try:
            return _corpus(declared, arms, columns, scores, clusters, (alpha, alpha_worse))
        except ValueError as error:
            return not_measured(declared, f"{declared.metric}: {error}")
    if len(columns) == 1:
        return _level(declared, columns[0], clusters, alpha, alpha_worse)
    if noise is not None and declared.claim is Claim.NOT_WORSE and declared.limit < noise.floor:
        return replace(not_measured(declared, _too_noisy(declared, noise)), noise_floor=noise.floor)
    if declared.exact and not np.isin(columns[0] - columns[1], (-1, 0, 1)).all():
        return not_measured(
            declared,
            f"the exact test needs right-or-wrong scores, and answers to one case differ in "
            f"{declared.metric}; leave out 'method: exact', or the repeats",
        )
    found = _compared(declared, columns, clusters, alpha, alpha_worse)
    result = _comparison(declared, columns, found, alpha, alpha_worse)
    return result if noise is None else replace(result, noise_floor=noise.floor)


def paired_columns(
    declared: Declared, candidate: Arm, reference: Arm | None, scores: ScoreTable
) -> list[Values] | str:
    """The candidate's scores [n] and the reference's where there is one, in the order of the cases.

    A sentence instead where an arm, a score or every case is missing.
    """
    arms = [arm for arm in (candidate, reference) if arm is not None]
    for arm in arms:
        if arm.problem:
            return f"{arm.name} cannot be measured: {arm.problem}"
    columns = [_column(declared, arm, scores) for arm in arms]
    missing = [reason for column in columns for reason in column.missing]
    if missing:
        total = len(declared.cases) * len(columns)
        return f"{len(missing)} of {total} scores are missing; the first: {missing[0]}"
    if not declared.cases:
        return "there is no case to measure it on"
    return [column.values for column in columns]


def _column(declared: Declared, arm: Arm, scores: ScoreTable) -> _Column:
    values, missing = [], []
    for case in declared.cases:
        value = counted(case, arm, declared.metric, scores, declared.reduce, declared.beside)
        if value is None:
            missing.append(_missing(declared, case, arm, scores))
        else:
            values.append(value)
    return _Column(np.asarray(values, dtype=np.float64), tuple(missing))


def _missing(declared: Declared, case: Case, arm: Arm, scores: ScoreTable) -> str:
    """Why a case does not count: the first of its scores that is none."""
    for digest in (case.digest, *([case.parent] if declared.beside else ())):
        found = scores.get((digest, arm.digest, declared.metric), ())
        if not found:
            return f"{case.sample} has no {declared.metric} for {arm.name}"
        for score in found:
            if score.value is None:
                return f"{case.sample} with {arm.name}: {score.reason}"
    return f"{case.sample} with {arm.name}: not scored"


def _compared(
    declared: Declared,
    columns: Sequence[Values],
    clusters: Clusters,
    alpha: float,
    alpha_worse: float,
) -> Comparison:
    """Candidate against reference, cases by their weights.

    A weighted difference, in units of the largest weight, is a score like any other.
    """
    share, mean_share = _weights(declared)
    candidate, reference = (column * share for column in columns)
    found = compare(reference, candidate, clusters, alpha, alpha_worse, exact=declared.exact)
    scale = (declared.beside.scale if declared.beside else 1.0) / mean_share
    return found if scale == 1 else found.times(scale)


def _weights(declared: Declared) -> tuple[Values, float]:
    """Each case's weight as a share of the largest [n], and the mean of these."""
    weights = np.array([case.weight for case in declared.cases])
    share = weights / weights.max()
    return share, float(share.mean())


def _too_noisy(declared: Declared, noise: Noise) -> str:
    return (
        f"the margin of {100 * declared.limit:.1f} points is below the noise floor of "
        f"{100 * noise.floor:.1f}: run twice, the baseline changed {noise.flips} of {noise.n} "
        f"scores of {declared.metric}"
    )


def _no_failure(declared: Declared, candidate: Arm, scores: ScoreTable) -> CheckResult:
    """A hand-written case: every answer to it must hold, or the share of them that it asks for."""
    answers = [
        score
        for case in declared.cases
        for score in scores[case.digest, candidate.digest, declared.metric]
    ]
    failed = [score for score in answers if score.value != 1.0]
    rate = 1 - len(failed) / len(answers)
    # 7 of 10 is 0.7, whatever the last bit of the division.
    verdict = Verdict.PASS if rate >= declared.limit - 1e-9 else Verdict.REGRESSED
    said = failed[0].reason if failed else "as expected"
    if failed and len(answers) > 1:
        said = f"{len(failed)} of {len(answers)} answers failed, the first: {said}"
    reason = f"{said} ({declared.reason})" if declared.reason else said
    n = len(declared.cases)
    return replace(_result(declared, verdict, reason), estimate=rate, n=n, candidate_value=rate)


def _no_loss(
    declared: Declared, columns: Sequence[Values], clusters: Clusters, alpha_worse: float
) -> CheckResult:
    """A slice: what is too small to test passes, and counts as p = 1."""
    if clusters.count < 2:
        return replace(
            _too_small(declared, f"{clusters.n} cases of one cluster"),
            n=clusters.n,
            clusters=clusters.effective,
        )
    found = _compared(declared, columns, clusters, alpha_worse, alpha_worse)
    said = f"{_difference(declared, found)}, n = {found.n}"
    said += f"; {found.wins} won, {found.losses} lost"
    return replace(_measured(declared, columns, found), reason=said, alpha_worse=alpha_worse)


def _too_small(declared: Declared, why: str) -> CheckResult:
    return replace(_result(declared, Verdict.PASS, f"too small to test: {why}"), p_worse=1.0)


def _comparison(
    declared: Declared,
    columns: Sequence[Values],
    found: Comparison,
    alpha: float,
    alpha_worse: float,
) -> CheckResult:
    margin = declared.limit
    passed = found.low > -margin
    more = None if passed else _more(_needed(declared, found, margin, alpha), found.n)
    verdict = Verdict.PASS if passed else Verdict.INCONCLUSIVE
    return replace(
        _measured(declared, columns, found),
        verdict=verdict,
        reason=_say_comparison(declared, found, passed, more),
        margin=margin if declared.claim is Claim.NOT_WORSE else 0.0,
        p_value=found.p_not_worse(margin),
        alpha=alpha,
        alpha_worse=alpha_worse,
        more_cases=more,
    )


def _needed(declared: Declared, found: Comparison, margin: float, alpha: float) -> int | None:
    if declared.corpus is None:
        return power.cases_for_not_worse(found, margin, alpha)
    return cases_for_distance(found.variance, found.difference + margin, alpha)


def _measured(declared: Declared, columns: Sequence[Values], found: Comparison) -> CheckResult:
    candidate, reference = columns
    return replace(
        _result(declared, Verdict.PASS, ""),
        estimate=found.difference,
        interval=(found.low, found.high),
        n=found.n,
        clusters=found.clusters,
        wins=found.wins,
        losses=found.losses,
        p_worse=found.p_worse,
        method=found.method,
        candidate_value=_mean(declared, candidate),
        reference_value=_mean(declared, reference),
    )


def _mean(declared: Declared, values: Values) -> float:
    mean = float(np.average(values, weights=[case.weight for case in declared.cases]))
    return 2 * mean - 1 if declared.beside and declared.beside.tolerance is None else mean


def _difference(declared: Declared, found: Comparison) -> str:
    told, unit = _told(declared)
    return (
        f"{declared.metric} {told(found.difference)}{unit} against {declared.against} "
        f"[{told(found.low)}, {told(found.high)}]"
    )


def _told(declared: Declared) -> tuple[Callable[[float], str], str]:
    """A difference in words, and its unit; of a metric whose less is better, the improvement."""
    corpus = declared.corpus
    unit = "" if corpus is None or corpus.better == "higher" else " (less is better)"
    if corpus is not None and not corpus.bounded:
        return (lambda value: f"{value:+.4g}"), unit
    return points, f" points{unit}"


def _say_comparison(declared: Declared, found: Comparison, passed: bool, more: int | None) -> str:
    said = f"{_difference(declared, found)}, "
    if declared.claim is Claim.NOT_WORSE:
        said += f"the limit is {_told(declared)[0](-declared.limit)}, n = {found.n}"
    else:
        said += f"better means above 0, n = {found.n}"
    if found.clusters < FEW_CLUSTERS:
        said += f"; only {found.clusters:.1f} effective clusters"
        if found.df is not None and found.clusters < found.n / 2:
            said += " (max_per_cluster may win power back)"
    if passed:
        return said + ("; worse, but inside the margin" if found.high < 0 else "")
    return said + _outlook(more)


def _outlook(more: int | None) -> str:
    if more is None:
        return "; more cases will hardly help"
    return f"; about {more:,} more case{'' if more == 1 else 's'} would settle it"


def _level(
    declared: Declared, values: Values, clusters: Clusters, alpha: float, alpha_worse: float
) -> CheckResult:
    floor = declared.claim is Claim.MIN
    levels = (alpha, alpha_worse) if floor else (alpha_worse, alpha)
    share, mean_share = _weights(declared)
    if not floor:  # as a floor of what is missing, which weights cannot lift above 1
        values = 1 - values
    labels = [case.cluster for case in declared.cases]
    found = mean((values * share).tolist(), labels, *(levels if floor else levels[::-1]))
    low, value, high = (min(1.0, x / mean_share) for x in (found.low, found.value, found.high))
    limit = declared.limit if floor else 1 - declared.limit
    towards, p_limit = values * share, limit * mean_share
    needed = None
    if value > limit:
        deff = clusters.design_effect(values)
        needed = power.cases_for_level(value, limit, deff, alpha)
    bounds = (low, value, high) if floor else (1 - high, 1 - value, 1 - low)
    return replace(
        _levelled(declared, bounds, clusters, needed),
        p_value=wilson.p_above(towards, clusters, p_limit),
        alpha=alpha,
        alpha_worse=alpha_worse,
        method="Wilson" if clusters.df is None else "clustered Wilson",
    )


def _levelled(
    declared: Declared,
    bounds: tuple[float, float, float],
    clusters: Clusters,
    needed: int | None,
) -> CheckResult:
    """A floor or ceiling; ``bounds`` are the lower one, the level, and the upper one."""
    floor, limit = declared.claim is Claim.MIN, declared.limit
    low, value, high = bounds
    passed, failed = (low >= limit, high < limit) if floor else (high <= limit, low > limit)
    more = None if passed else _more(needed, clusters.n)
    shown = _shown(declared)
    said = (
        f"{declared.metric} {shown(value)} [{shown(low)}, {shown(high)}], "
        f"the {'floor' if floor else 'ceiling'} is {shown(limit)}, n = {clusters.n}"
    )
    if not passed and not failed:
        said += _outlook(more)
    verdict = Verdict.PASS if passed else Verdict.REGRESSED if failed else Verdict.INCONCLUSIVE
    return replace(
        _result(declared, verdict, said),
        estimate=value,
        interval=(low, high),
        margin=limit,
        n=clusters.n,
        clusters=clusters.effective,
        candidate_value=value,
        more_cases=more,
    )


def _shown(declared: Declared) -> Callable[[float], str]:
    """A level in words: a share in per cent, anything else as it is."""
    if declared.corpus is not None and not declared.corpus.bounded:
        return lambda value: f"{value:.4g}"
    return lambda value: f"{value:.1%}"


def _corpus(
    declared: Declared,
    arms: Sequence[Arm],
    columns: Sequence[Values],
    scores: ScoreTable,
    clusters: Clusters,
    levels: tuple[float, float],
) -> CheckResult:
    """A metric of the whole set; ValueError where it cannot be resampled."""
    scorer, (alpha, alpha_worse) = declared.corpus, levels
    assert scorer is not None
    sums = [
        cluster_sums(scores, declared.cases, arm, declared.metric, scorer, clusters) for arm in arms
    ]
    values = [float(scorer.combine(each.sum(0))) for each in sums]
    if len(arms) == 2:
        compared = arms_compared(columns, sums, scorer, clusters, alpha, alpha_worse)
        result = _comparison(declared, columns, compared, alpha, alpha_worse)
        return replace(result, candidate_value=values[0], reference_value=values[1])
    found, floor = arm_level(sums[0], scorer, clusters), declared.claim is Claim.MIN
    low = found.limit(alpha if floor else alpha_worse)
    high = found.limit(1 - (alpha_worse if floor else alpha))
    p_value = found.p_above(declared.limit) if floor else found.p_below(declared.limit)
    variance = float(found.draws.var()) * clusters.n
    distance = (found.seen - declared.limit) * (1 if floor else -1)
    return replace(
        _levelled(
            declared,
            (low, found.seen, high),
            clusters,
            cases_for_distance(variance, distance, alpha),
        ),
        p_value=p_value,
        alpha=alpha,
        alpha_worse=alpha_worse,
        method="BCa bootstrap" if clusters.df is None else "cluster BCa bootstrap",
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
        slice=declared.slice,
        mutation=declared.mutation,
        severity=declared.severity,
        line=declared.line,
    )
