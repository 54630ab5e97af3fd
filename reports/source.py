"""The record of a run, by key."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.errors import LoragateError
from harness.types import PURGED, Arm, Case, Output, Role, RunRecord

from .model import ArmAnswer

_ARM_ORDER = (Role.BASE, Role.ANCHOR, Role.BASELINE, Role.CANDIDATE)


class Source:
    """A record with its scores and outputs by (case digest, arm digest).

    ``scores`` are the means over repeats; ``outputs`` are first answers; ``whole`` has
    the cases and scorers whose metric is of the whole set. ``arms`` are those that
    are judged or compared with, ``members`` the adapters of release sets. Raises LoragateError
    for a score that is not finite.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        judged = [arm for arm in record.arms if arm.role is not Role.MEMBER]
        self.arms = tuple(sorted(judged, key=lambda arm: _ARM_ORDER.index(arm.role)))
        self.members = tuple(arm for arm in record.arms if arm.role is Role.MEMBER)
        self.scores: dict[tuple[str, str], dict[str, float | None]] = {}
        repeated: dict[tuple[str, str, str], list[float | None]] = {}
        for score in record.scores:
            if score.value is not None and not math.isfinite(score.value):
                raise LoragateError(
                    f"{score.scorer} of case {score.case} is {score.value}: a score is a finite "
                    "number, or None with a reason"
                )
            of_pair = self.scores.setdefault((score.case, score.arm), {})
            if score.scorer not in of_pair:
                of_pair[score.scorer] = score.value
                continue
            key = (score.case, score.arm, score.scorer)
            repeated.setdefault(key, [of_pair[score.scorer]]).append(score.value)
        self.repeats: dict[tuple[str, str], int] = {}
        for (case, arm, scorer), values in repeated.items():
            self.scores[case, arm][scorer] = _mean(values)
            self.repeats[case, arm] = max(self.repeats.get((case, arm), 1), len(values))
        self.whole = frozenset((score.case, score.scorer) for score in record.scores if score.parts)
        self.outputs = {
            (answer.case, answer.arm): record.outputs[answer.key]
            for answer in record.answers
            if answer.repeat == 0 and answer.key in record.outputs
        }

    def arm(self, role: Role) -> Arm | None:
        """The first arm of a role."""
        return next((arm for arm in self.arms if arm.role is role), None)

    def answer(self, case: Case, arm: Arm) -> ArmAnswer:
        """What an arm said to a case, as a reader sees it."""
        output, text, share = self.said(case, arm)
        return ArmAnswer(
            role=arm.role,
            name=arm.name,
            text=text,
            share=share,
            error=output.error if output else None,
            scores=self.scores.get((case.digest, arm.digest), {}),
            repeats=self.repeats.get((case.digest, arm.digest), 1),
        )

    def said(self, case: Case, arm: Arm) -> tuple[Output | None, str | None, float | None]:
        """The output, its text or the likeliest choice, and that choice's probability."""
        output = self.outputs.get((case.digest, arm.digest))
        return (output, *_said(case, output)) if output else (None, None, None)


def _mean(repeats: Sequence[float | None]) -> float | None:
    """None where any repeat could not be scored, as the gate has it."""
    known = [value for value in repeats if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(repeats) else None


def _said(case: Case, output: Output) -> tuple[str | None, float | None]:
    """The text, or the likeliest choice with its probability among the choices."""
    logprobs = output.logprobs
    if output.purged or (logprobs is not None and case.purged):
        return PURGED, None
    if logprobs is None or len(logprobs) != len(case.choices) or not logprobs:
        return output.text, None
    best = max(range(len(logprobs)), key=logprobs.__getitem__)
    if not math.isfinite(logprobs[best]):
        return case.choices[best], None
    return case.choices[best], 1 / sum(math.exp(p - logprobs[best]) for p in logprobs)
