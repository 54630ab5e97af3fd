"""What a suite claims, resolved against the policy: one Declared per item and candidate.

A check or rubric that compares with the baseline has a twin that compares with the anchor,
where the policy names one. What a task claims not to be worse has a tripwire for each value of
the slices that the policy names.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from harness.errors import SuiteError
from harness.registry import unknown
from harness.suite.model import Check, Mutation, Rubric
from harness.suite.mutations import LoadedMutation
from harness.suite.policy import POLICY_FILE, Policy
from harness.suite.rules import item_name
from harness.suite.scoring import CorpusScorer
from harness.suite.suite import LoadedSuite
from harness.types import Case, Claim, Kind, Role

from .check import Declared
from .counted import Beside
from .repeats import MEAN

Claiming = Check | Rubric | Mutation
EXPECT = "expect"
"""The metric of a hand-written case: 1 where all its expectations hold."""
JUDGING = (Role.BASE, Role.BASELINE, Role.ANCHOR)
"""Arms that may judge."""
MOST_VALUES = 50
"""A slice with more values than this is an id, and cannot be a tripwire."""
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
"""What a slice's value may hold and the name of an item may not."""


def rubric_metric(name: str) -> str:
    """Under which the judgements of a rubric are kept, apart from scorers of the same name."""
    return f"rubric/{name}"


def declare(
    suite: LoadedSuite,
    cases: Sequence[Case],
    policy: Policy,
    candidates: Sequence[str],
    nodeid: str,
) -> tuple[Declared, ...]:
    """All items of a suite; ``nodeid`` is the pytest node id of its file.

    Raises SuiteError where a check compares with an anchor that the policy does not name, and
    where a tripwire is a slice of more than ``MOST_VALUES`` values.
    """
    once = (*_claims(suite, cases, policy), *_hand_written(suite, cases))
    return tuple(
        replace(
            declared,
            candidate=candidate,
            id=_id(nodeid, declared.task, declared.name, candidate),
            follows=declared.follows and _id(nodeid, declared.task, declared.follows, candidate),
        )
        for candidate in candidates
        for declared in once
    )


def _id(nodeid: str, task: str, name: str, candidate: str) -> str:
    return f"{nodeid}::{task}.{name}@{candidate}"


def idle_tripwires(policy: Policy, cases: Sequence[Case]) -> list[str]:
    """Tripwires that match no slice of these cases: a misspelt one would guard nothing."""
    slices = {name for case in cases for name in case.slices}
    return [glob for glob in policy.tripwires if not any(fnmatchcase(s, glob) for s in slices)]


def _claims(suite: LoadedSuite, cases: Sequence[Case], policy: Policy) -> Iterator[Declared]:
    parts: list[tuple[str, int, Claiming]] = [
        *(("checks", i, check) for i, check in enumerate(suite.spec.checks)),
        *(("rubrics", i, rubric) for i, rubric in enumerate(suite.spec.rubrics)),
        *(("mutations", i, mutation) for i, mutation in enumerate(suite.spec.mutations)),
    ]
    guarded: dict[tuple[str, str, Role | None], list[Declared]] = defaultdict(list)
    for key, index, part in parts:
        declared = _claim(suite, cases, policy, part, suite.place(key, index)[0])
        if declared.against is Role.ANCHOR and policy.anchor is None:
            message = f"against: anchor, and {POLICY_FILE} names no anchor"
            raise SuiteError([suite.document.problem((key, index), message)])
        if isinstance(part, Rubric) and part.judge is not None:
            _require_judge(suite, index, part.judge.by, policy)
        yield declared
        if declared.claim is not Claim.NOT_WORSE:
            continue
        if declared.against is Role.BASELINE and policy.anchor is not None:
            yield replace(declared, name=f"{declared.name}~anchor", against=Role.ANCHOR)
        if declared.kind is not Kind.MUTATION:
            guarded[declared.task, declared.metric, declared.against].append(declared)
    first = {(task, metric): against for task, metric, against in reversed(guarded)}
    for (task, metric, against), claims in guarded.items():
        # The order of checks must not matter: the claim that asks most is the one guarded.
        most = max(claims, key=lambda d: (d.required, not d.sequential, len(d.cases)))
        suffix = "" if against is first[task, metric] else f"~{against}"
        yield from _tripwires(suite, most, policy, suffix)


def _require_judge(suite: LoadedSuite, index: int, name: str, policy: Policy) -> None:
    """SuiteError where nobody of that name may judge."""
    arms = [role.value for role in JUDGING if role is not Role.ANCHOR or policy.anchor]
    if name not in (*arms, *policy.judges):
        hint = unknown("judge", name, (*arms, *policy.judges))
        message = f"{hint}; an arm of the gate, or one of 'judges' in {POLICY_FILE}"
        raise SuiteError([suite.document.problem(("rubrics", index, "judge", "by"), message)])


def _claim(
    suite: LoadedSuite, cases: Sequence[Case], policy: Policy, part: Claiming, line: int
) -> Declared:
    if isinstance(part, Mutation):
        return _mutation(suite, cases, policy, suite.mutations[part.name], line)
    check = part if isinstance(part, Check) else None
    samples = [case for case in cases if case.task == part.task and case.kind is Kind.CHECK]
    if check is not None and check.max_per_cluster is not None:
        samples = thinned(samples, check.max_per_cluster, f"{suite.name} {item_name(part)}")
    return Declared(
        **_common(suite, policy, part, line),
        kind=Kind.RUBRIC if check is None else Kind.CHECK,
        by=part.by if isinstance(part, Rubric) else "",
        metric=rubric_metric(part.name) if check is None else check.metric,
        cases=tuple(samples),
        exact=check is not None and check.method == "exact",
        sequential=check is not None and check.sequential,
        corpus=_corpus(suite, check),
        reduce=(check and suite.tasks[check.task].task.reduce) or MEAN,
    )


def _common(suite: LoadedSuite, policy: Policy, part: Claiming, line: int) -> dict[str, Any]:
    """What every claim of a suite has."""
    return {
        "id": "",
        "suite": suite.name,
        "task": part.task,
        "name": part.name,
        "candidate": "",
        "claim": part.claims,
        "against": _against(part, policy, suite.name),
        "limit": _limit(part, policy, suite.name),
        "required": part.required,
        "line": line,
    }


def _mutation(
    suite: LoadedSuite,
    cases: Sequence[Case],
    policy: Policy,
    mutation: LoadedMutation,
    line: int,
) -> Declared:
    """Mutated cases form checks of their own: they never share one with clean cases."""
    declared = mutation.declared
    mutated = [case for case in cases if case.mutation == declared.name]
    parents = {case.parent for case in mutated} if mutation.detector is None else set()
    beside = Beside(mutation.tolerance) if mutation.tolerance is not None else None
    return Declared(
        **_common(suite, policy, declared, line),
        kind=Kind.MUTATION,
        metric=mutation.metric,
        cases=tuple(mutated),
        reduce=suite.tasks[declared.task].task.reduce or MEAN,
        mutation=declared.name,
        seeds=tuple(case for case in cases if case.digest in parents),
        beside=Beside() if declared.compare == "drop" else beside,
    )


def _corpus(suite: LoadedSuite, check: Check | None) -> CorpusScorer | None:
    scorer = None if check is None else suite.tasks[check.task].scorers[check.metric]
    return scorer if isinstance(scorer, CorpusScorer) else None


def thinned(cases: Sequence[Case], most: int, salt: str) -> list[Case]:
    """At most ``most`` cases of each cluster, in their order.

    Which ones stay is drawn by hashing, so it depends on nothing but the sample's id and
    ``salt``: new rows elsewhere change nothing.
    """
    clusters: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        clusters[case.cluster].append(case)
    kept = {
        case.digest
        for members in clusters.values()
        for case in sorted(members, key=lambda case: drawn(salt, case.sample))[:most]
    }
    return [case for case in cases if case.digest in kept]


def drawn(salt: str, name: str) -> bytes:
    """A sort key that shuffles names: the same salt gives the same order everywhere."""
    return hashlib.sha256(f"{salt}\0{name}".encode("utf-8", "surrogatepass")).digest()


def _tripwires(suite: LoadedSuite, of: Declared, policy: Policy, suffix: str) -> Iterator[Declared]:
    """One for each value of each slice; the same reference and cases as its check."""
    names = dict.fromkeys(name for case in of.cases for name in case.slices)
    for name in names:
        if not any(fnmatchcase(name, glob) for glob in policy.tripwires):
            continue
        values: dict[str, list[Case]] = defaultdict(list)
        for case in of.cases:
            if name in case.slices:
                values[case.slices[name]].append(case)
        if len(values) > MOST_VALUES:
            message = (
                f"{POLICY_FILE} makes a tripwire of '{name}', which has {len(values)} values; "
                f"{MOST_VALUES} are the most"
            )
            raise SuiteError([suite.document.problem(("data", "slices"), message)])
        for value, fit in zip(values, _fit(list(values)), strict=True):
            yield replace(
                of,
                kind=Kind.TRIPWIRE,
                name=f"{of.metric}~{name}={fit}{suffix}",
                claim=Claim.NO_LOSS,
                limit=0.0,
                cases=tuple(values[value]),
                slice=f"{name} = {value}",
                exact=False,
                sequential=False,
                follows=of.name if of.sequential else "",
                corpus=None,
            )


def _fit(values: Sequence[str]) -> list[str]:
    """Values as a node id can hold them; numbered where two would become one."""
    found: list[str] = []
    for value in values:
        plain = _UNFIT.sub("-", value).strip("-")[:40] or "empty"
        names = itertools.chain([plain], (f"{plain}-{at}" for at in itertools.count(2)))
        found.append(next(name for name in names if name not in found))
    return found


def _hand_written(suite: LoadedSuite, cases: Sequence[Case]) -> Iterator[Declared]:
    by_id = {case.sample: case for case in cases if case.kind is Kind.CASE}
    for index, part in enumerate(suite.spec.cases):
        yield Declared(
            id="",
            kind=Kind.CASE,
            suite=suite.name,
            task=part.task,
            name=part.id,
            candidate="",
            claim=Claim.NO_FAILURE,
            metric=EXPECT,
            against=None,
            limit=1.0 if part.rate is None else part.rate,
            required=part.required,
            severity=part.severity or "",
            cases=(by_id[part.id],),
            line=suite.place("cases", index)[0],
            reason=part.reason,
        )


def _against(part: Claiming, policy: Policy, suite: str) -> Role | None:
    if part.claims not in (Claim.NOT_WORSE, Claim.BETTER):
        return None
    return Role(part.against) if part.against else policy.against(suite)


def _limit(part: Claiming, policy: Policy, suite: str) -> float:
    if part.claims is Claim.NOT_WORSE:
        return part.margin if part.margin is not None else policy.margin(suite)
    if part.claims is Claim.MIN:
        return part.min or 0.0
    if part.claims is Claim.MAX and isinstance(part, Check):
        return part.max or 0.0
    return 0.0
