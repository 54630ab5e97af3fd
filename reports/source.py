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
        values: dict[tuple[str, str], dict[str, list[float | None]]] = {}
        for score in record.scores:
            if score.value is not None and not math.isfinite(score.value):
                raise LoragateError(
                    f"{score.scorer} of case {score.case} is {score.value}: a score is a finite "
                    "number, or None with a reason"
                )
            of_pair = values.setdefault((score.case, score.arm), {})
            of_pair.setdefault(score.scorer, []).append(score.value)
        self.scores = {
            pair: {scorer: _mean(repeats) for scorer, repeats in scorers.items()}
            for pair, scorers in values.items()
        }
        self.whole = frozenset((score.case, score.scorer) for score in record.scores if score.parts)
        self.repeats = {
            pair: max(len(repeats) for repeats in scorers.values())
            for pair, scorers in values.items()
        }
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
        output = self.outputs.get((case.digest, arm.digest))
        text, share = _said(case, output) if output else (None, None)
        return ArmAnswer(
            role=arm.role,
            name=arm.name,
            text=text,
            share=share,
            error=output.error if output else None,
            scores=self.scores.get((case.digest, arm.digest), {}),
            repeats=self.repeats.get((case.digest, arm.digest), 1),
        )


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
