"""What a suite claims, resolved against the policy: one Declared per item and candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.scorers.expect import Expect
from harness.suite.model import Check, Rubric
from harness.suite.policy import Policy
from harness.suite.rules import item_name
from harness.suite.suite import LoadedSuite
from harness.types import Case, Claim, Kind, Role

from .check import Declared

EXPECT = "expect"
"""The metric of a hand-written case: 1 where all its expectations hold."""


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
    """All items of a suite; ``nodeid`` is the pytest node id of its file."""
    return tuple(
        declared
        for candidate in candidates
        for declared in (
            *_claims(suite, cases, policy, candidate, nodeid),
            *_hand_written(suite, cases, candidate, nodeid),
        )
    )


def _claims(
    suite: LoadedSuite, cases: Sequence[Case], policy: Policy, candidate: str, nodeid: str
) -> Iterator[Declared]:
    samples = {
        task: tuple(c for c in cases if c.task == task and c.kind is Kind.CHECK)
        for task in suite.tasks
    }
    parts: list[tuple[str, int, Check | Rubric]] = [
        *(("checks", i, check) for i, check in enumerate(suite.spec.checks)),
        *(("rubrics", i, rubric) for i, rubric in enumerate(suite.spec.rubrics)),
    ]
    for key, index, part in parts:
        scorers = suite.tasks[part.task].scorers
        yield Declared(
            id=_id(nodeid, item_name(part), candidate),
            kind=Kind.CHECK if isinstance(part, Check) else Kind.RUBRIC,
            suite=suite.name,
            task=part.task,
            name=part.name,
            candidate=candidate,
            claim=part.claims,
            metric=part.metric if isinstance(part, Check) else rubric_metric(part.name),
            binary=scorers[part.metric].binary if isinstance(part, Check) else Expect.binary,
            against=_against(part, policy, suite.name),
            limit=_limit(part, policy, suite.name),
            required=part.required,
            cases=samples[part.task],
            line=suite.place(key, index)[0],
        )


def _hand_written(
    suite: LoadedSuite, cases: Sequence[Case], candidate: str, nodeid: str
) -> Iterator[Declared]:
    by_id = {case.sample: case for case in cases if case.kind is Kind.CASE}
    for index, part in enumerate(suite.spec.cases):
        yield Declared(
            id=_id(nodeid, item_name(part), candidate),
            kind=Kind.CASE,
            suite=suite.name,
            task=part.task,
            name=part.id,
            candidate=candidate,
            claim=Claim.NO_FAILURE,
            metric=EXPECT,
            binary=True,
            against=None,
            limit=0.0,
            required=part.required,
            cases=(by_id[part.id],),
            line=suite.place("cases", index)[0],
            reason=part.reason,
        )


def _id(nodeid: str, name: str, candidate: str) -> str:
    return f"{nodeid}::{name}@{candidate}"


def _against(part: Check | Rubric, policy: Policy, suite: str) -> Role | None:
    if part.claims not in (Claim.NOT_WORSE, Claim.BETTER):
        return None
    return Role(part.against) if part.against else policy.against(suite)


def _limit(part: Check | Rubric, policy: Policy, suite: str) -> float:
    if part.claims is Claim.NOT_WORSE:
        return part.margin if part.margin is not None else policy.margin(suite)
    if part.claims is Claim.MIN:
        return part.min or 0.0
    if part.claims is Claim.MAX and isinstance(part, Check):
        return part.max or 0.0
    return 0.0
