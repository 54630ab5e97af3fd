"""Is the most likely choice the right one?"""

from __future__ import annotations

from typing import ClassVar

from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, chosen


class Accuracy(BuiltScorer):
    """1 where the choice of the largest summed log-likelihood equals the target, else 0."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "logprobs"
    needs_target: ClassVar[bool] = True

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where a likelihood is missing or not finite."""
        index, reason = chosen(case, output)
        if index is None or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        choice = case.choices[index]
        return Judgement(1.0) if choice == case.target else Judgement(0.0, f"chose '{choice}'")
