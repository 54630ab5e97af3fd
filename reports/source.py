"""The record of a run, by key."""

from __future__ import annotations

import math

from harness.errors import LoragateError
from harness.types import Arm, Case, Output, Role, RunRecord

from .model import ArmAnswer

_ARM_ORDER = (Role.BASE, Role.ANCHOR, Role.BASELINE, Role.CANDIDATE)


class Source:
    """A record with its scores and outputs by (case digest, arm digest).

    Raises LoragateError for a score that is not finite.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.arms = tuple(sorted(record.arms, key=lambda arm: _ARM_ORDER.index(arm.role)))
        self.scores: dict[tuple[str, str], dict[str, float | None]] = {}
        for score in record.scores:
            if score.value is not None and not math.isfinite(score.value):
                raise LoragateError(
                    f"{score.scorer} of case {score.case} is {score.value}: a score is a finite "
                    "number, or None with a reason"
                )
            self.scores.setdefault((score.case, score.arm), {})[score.scorer] = score.value
        self.outputs = {
            (answer.case, answer.arm): record.outputs[answer.key]
            for answer in record.answers
            if answer.key in record.outputs
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
        )


def _said(case: Case, output: Output) -> tuple[str | None, float | None]:
    """The text, or the likeliest choice with its probability among the choices."""
    logprobs = output.logprobs
    if logprobs is None or len(logprobs) != len(case.choices) or not logprobs:
        return output.text, None
    best = max(range(len(logprobs)), key=logprobs.__getitem__)
    if not math.isfinite(logprobs[best]):
        return case.choices[best], None
    return case.choices[best], 1 / sum(math.exp(p - logprobs[best]) for p in logprobs)
