"""What the answers of each arm cost: tokens, time, and how full the batches were."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.types import Arm, Output, RunRecord

from .model import CostRow


def costs(record: RunRecord, arms: Sequence[Arm]) -> Iterator[CostRow]:
    """Of each arm with answers. Outputs that an earlier run computed count with what they cost it.

    Arms of the same content are one row; an output that failed costs as well.
    """
    by_arm: dict[str, dict[str, Output]] = {}
    for answer in record.answers:
        if answer.key in record.outputs:
            by_arm.setdefault(answer.arm, {})[answer.key] = record.outputs[answer.key]
    for digest in dict.fromkeys(arm.digest for arm in arms):
        if digest in by_arm:
            yield _row(digest, list(by_arm[digest].values()))


def _row(arm: str, outputs: Sequence[Output]) -> CostRow:
    seconds = [output.seconds for output in outputs]
    prompt = sum(output.prompt_tokens for output in outputs)
    answered = sum(output.tokens for output in outputs)
    total = math.fsum(seconds)
    full = [(o.occupancy, o.prompt_tokens) for o in outputs if o.occupancy and o.prompt_tokens]
    # Places are tokens ÷ occupancy, so the mean over batches is harmonic.
    places = math.fsum(tokens / share for share, tokens in full)
    return CostRow(
        arm=arm,
        outputs=len(outputs),
        prompt_tokens=prompt,
        tokens=answered,
        seconds=total,
        slowest=max(seconds),
        tokens_a_second=(prompt + answered) / total if total else None,
        occupancy=sum(tokens for _, tokens in full) / places if places else None,
    )
