"""The cases of a run in columns, by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.types import Arm, Case, Kind, Output, Role

from .flips import References, compared
from .model import State, TaskRows
from .rounding import percent
from .source import Source

DATA, HAND_WRITTEN = "data", "hand-written"
"""Where cases that no mutation made come from."""
FAILED = "failed"
"""Beside an answer that is an error."""


def rows(source: Source, references: Mapping[str, References]) -> Iterator[TaskRows]:
    """Every case of every task, in the order of the suites.

    ``references``: name of a candidate → what its tasks are compared with; the baseline where a
    task names none, as in ``flips.find``.
    """
    by_task: dict[tuple[str, str], list[Case]] = {}
    for case in source.record.cases:
        by_task.setdefault((case.suite, case.task), []).append(case)
    for task, cases in by_task.items():
        yield _columns(
            source, cases, {name: each.get(task, ()) for name, each in references.items()}
        )


def _columns(
    source: Source, cases: Sequence[Case], references: Mapping[str, Sequence[Arm]]
) -> TaskRows:
    said = [[source.said(case, arm) for case in cases] for arm in source.arms]
    scored = [
        [source.scores.get((case.digest, arm.digest), {}) for case in cases] for arm in source.arms
    ]
    scorers = tuple(dict.fromkeys(name for arm in scored for each in arm for name in each))
    candidates = [
        arm for arm in source.arms if arm.name in references and arm.role is Role.CANDIDATE
    ]
    named = {arm.name: _named(source, references[arm.name]) for arm in candidates}
    return TaskRows(
        suite=cases[0].suite,
        task=cases[0].task,
        scorers=scorers,
        samples=[case.sample for case in cases],
        origins=[_origin(case) for case in cases],
        slices={
            name: [case.slices.get(name, "") for case in cases]
            for name in dict.fromkeys(name for case in cases for name in case.slices)
        },
        prompts=[case.prompt for case in cases],
        targets=["\n".join(case.expect) if case.expect else case.target for case in cases],
        answers=[[_text(output, text) for output, text, _ in arm] for arm in said],
        notes=[[_note(output, share) for output, _, share in arm] for arm in said],
        scores=[[[each.get(scorer) for each in arm] for scorer in scorers] for arm in scored],
        states={arm.name: _states(source, arm, cases, named[arm.name]) for arm in candidates},
        against={name: source.arms.index(arms[0]) for name, arms in named.items() if arms},
    )


def _named(source: Source, references: Sequence[Arm]) -> Sequence[Arm]:
    baseline = source.arm(Role.BASELINE)
    return references or [arm for arm in (baseline,) if arm]


def _origin(case: Case) -> str:
    if case.kind is Kind.MUTATION:
        return case.mutation
    return HAND_WRITTEN if case.kind is Kind.CASE else DATA


def _text(output: Output | None, text: str | None) -> str | None:
    return output.error if output and output.error is not None else text


def _note(output: Output | None, share: float | None) -> str:
    if output and output.error is not None:
        return FAILED
    return "" if share is None else percent(share)


def _states(
    source: Source, arm: Arm, cases: Sequence[Case], named: Sequence[Arm]
) -> Sequence[State]:
    """Lost or won on the first arm that a case flipped against: lost, where it did both."""
    found: dict[str, State] = {}
    for reference in named:
        moved: dict[str, int] = {}
        for change in compared(arm, reference, cases, source.scores):
            if change.step:
                digest = change.case.digest
                moved[digest] = min(moved.get(digest, change.step), change.step)
        for digest, step in moved.items():
            found.setdefault(digest, State.LOST if step < 0 else State.WON)
    return [found.get(case.digest, _unmoved(source, arm, case)) for case in cases]


def _unmoved(source: Source, arm: Arm, case: Case) -> State:
    values = source.scores.get((case.digest, arm.digest), {}).values()
    return State.SAME if values and None not in values else State.NONE
