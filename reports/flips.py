"""Flips: the same case, another quality of answer.

A flip is a change of a score by at least one half, where both scores lie in [0, 1]: of a
right-or-wrong scorer any change, of a graded one a large one. Cases are paired by digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from math import fsum
from typing import NamedTuple

from harness.types import Arm, Case

from .model import ArmAnswer, Flip, FlipCount, Flips, SliceCount

LEAST_CHANGE = 0.5
MOST_VALUES = 50
"""A slice with more values than this is an id, and is not broken down."""
LEAST_DRIVEN = 3
"""Losses in one slice before it can be named as where they gather."""
DRIVEN = 1.5
"""How many times the task's rate of losses it takes there."""

References = Mapping[tuple[str, str], Sequence[Arm]]
"""(suite, task) → the arms that its comparisons name, in the order to report in."""
Scores = Mapping[tuple[str, str], Mapping[str, float | None]]
"""(case digest, arm digest) → scorer → value."""


class Change(NamedTuple):
    """A case's score by one scorer, of two arms. There are as many as scores: a tuple is quick."""

    case: Case
    scorer: str
    reference: float
    candidate: float
    step: int
    """−1 lost, 0 as before, 1 won."""


def find(
    candidate: Arm,
    references: References,
    baseline: Arm | None,
    cases: Iterable[Case],
    scores: Scores,
    answer: Callable[[Case, Arm], ArmAnswer],
) -> Flips:
    """All flips of a candidate.

    The baseline is counted everywhere, and listed where ``references`` name no other.
    """
    by_task: dict[tuple[str, str], list[Case]] = {task: [] for task in references}
    for case in cases:
        by_task.setdefault((case.suite, case.task), []).append(case)
    counts: list[FlipCount] = []
    listed: list[list[Flip]] = []
    paired: set[str] = set()
    flipped: set[str] = set()
    for task, members in by_task.items():
        named = list(references.get(task, ()))
        shown = named or [arm for arm in (baseline,) if arm]
        counted = list(shown)
        if baseline and all(arm.digest != baseline.digest for arm in counted):
            counted.append(baseline)
        changes = {arm.role: compared(candidate, arm, members, scores) for arm in counted}
        for arm in counted:
            counts += _counts(task, arm, changes[arm.role])
            if baseline and arm.digest == baseline.digest:
                paired |= {change.case.digest for change in changes[arm.role]}
                flipped |= {change.case.digest for change in changes[arm.role] if change.step}
        arms = [*counted, candidate]
        listed.append(list(_flips([(arm, changes[arm.role]) for arm in shown], arms, answer)))
    rate = len(flipped) / len(paired) if paired else None
    return Flips(len(paired), len(flipped), rate, tuple(counts), _losses_first(listed))


def _losses_first(by_task: Sequence[Sequence[Flip]]) -> tuple[Flip, ...]:
    """Losses, then wins; in turn from every task, so that the first few show them all."""
    losses = zip_longest(*([flip for flip in flips if flip.lost] for flips in by_task))
    wins = zip_longest(*([flip for flip in flips if not flip.lost] for flips in by_task))
    return tuple(flip for turn in chain(losses, wins) for flip in turn if flip is not None)


def compared(candidate: Arm, reference: Arm, cases: Iterable[Case], scores: Scores) -> list[Change]:
    """The changes of every scorer on every case that both arms have a score in [0, 1] for."""
    nothing: Mapping[str, float | None] = {}
    changes = []
    for case in cases:
        ours = scores.get((case.digest, candidate.digest), nothing)
        theirs = scores.get((case.digest, reference.digest), nothing)
        for scorer, value in ours.items():
            other = theirs.get(scorer)
            if value is None or other is None or not (0 <= value <= 1 and 0 <= other <= 1):
                continue
            gap = value - other
            step = 0 if abs(gap) < LEAST_CHANGE else 1 if gap > 0 else -1
            changes.append(Change(case, scorer, other, value, step))
    return changes


def _counts(
    task: tuple[str, str], reference: Arm, changes: Sequence[Change]
) -> Iterable[FlipCount]:
    for scorer in dict.fromkeys(change.scorer for change in changes):
        own = [change for change in changes if change.scorer == scorer]
        wins = sum(change.step > 0 for change in own)
        losses = sum(change.step < 0 for change in own)
        slices = _slices(own)
        yield FlipCount(
            suite=task[0],
            task=task[1],
            scorer=scorer,
            against=reference.role,
            n=len(own),
            wins=wins,
            losses=losses,
            rate=(wins + losses) / len(own),
            driver=_driver(slices, losses, len(own)),
            slices=slices,
        )


def _slices(changes: Sequence[Change]) -> tuple[SliceCount, ...]:
    cells: dict[str, dict[str, list[Change]]] = {}
    for change in changes:
        for name, value in change.case.slices.items():
            cells.setdefault(name, {}).setdefault(value, []).append(change)
    return tuple(
        count
        for name, values in cells.items()
        if len(values) <= MOST_VALUES
        for count in sorted(
            (_slice(name, value, members) for value, members in values.items()),
            key=lambda count: (count.difference, count.value),
        )
    )


def _slice(name: str, value: str, members: Sequence[Change]) -> SliceCount:
    reference = fsum(change.reference for change in members) / len(members)
    candidate = fsum(change.candidate for change in members) / len(members)
    return SliceCount(
        slice=name,
        value=value,
        n=len(members),
        reference=reference,
        candidate=candidate,
        difference=candidate - reference,
        wins=sum(change.step > 0 for change in members),
        losses=sum(change.step < 0 for change in members),
    )


def _driver(slices: Sequence[SliceCount], losses: int, n: int) -> SliceCount | None:
    """The slice with most losses beyond its share of them."""
    rate = losses / n
    gathered = [
        count
        for count in slices
        if count.losses >= LEAST_DRIVEN and count.losses >= DRIVEN * rate * count.n
    ]
    return max(gathered, key=lambda count: count.losses - rate * count.n, default=None)


def _flips(
    against: Sequence[tuple[Arm, Sequence[Change]]],
    arms: Sequence[Arm],
    answer: Callable[[Case, Arm], ArmAnswer],
) -> Iterable[Flip]:
    seen: set[str] = set()
    for reference, changes in against:
        moved: dict[str, list[Change]] = {}
        for change in changes:
            if change.step and change.case.digest not in seen:
                moved.setdefault(change.case.digest, []).append(change)
        seen |= moved.keys()
        for digest, steps in moved.items():
            case = steps[0].case
            yield Flip(
                case=digest,
                suite=case.suite,
                task=case.task,
                sample=case.sample,
                against=reference.role,
                lost=tuple(step.scorer for step in steps if step.step < 0),
                won=tuple(step.scorer for step in steps if step.step > 0),
                slices=case.slices,
                prompt=case.prompt,
                target=case.target,
                answers=tuple(answer(case, arm) for arm in arms),
            )
