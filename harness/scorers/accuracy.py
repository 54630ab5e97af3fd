"""Is the most likely choice the right one?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from harness.suite.model import Task
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, largest, likelihoods


class Accuracy(BuiltScorer):
    """1 where the choice of the largest log-likelihood equals the target, else 0.

    A choice's likelihood is summed over its tokens, so that a long one is less likely; what
    ``normalise`` makes of it are lm-eval's acc_norm (characters), acc_bytes and acc_mutual_info
    (unconditional).
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "logprobs"
    needs_target: ClassVar[bool] = True

    normalise: Literal["none", "tokens", "characters", "bytes", "unconditional"] = "none"
    """By what of the choice its log-likelihood is divided; unconditional: what is taken from it,
    its log-likelihood after the task's unconditional prompt."""

    def unsuited(self, task: Task) -> str:
        """The choices' own likelihood is measured after a prompt of the task's."""
        if self.normalise == "unconditional" and task.unconditional is None:
            return "compares with an unconditional prompt, and the task has no 'unconditional'"
        return ""

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where a likelihood is missing or not finite, or the tokens are not known."""
        values, reason = likelihoods(case, output)
        if values:
            values, reason = self._normalised(values, case, output)
        if not values or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        choice = case.choices[largest(values)]
        return Judgement(1.0) if choice == case.target else Judgement(0.0, f"chose '{choice}'")

    def _normalised(
        self, values: Sequence[float], case: Case, output: Output
    ) -> tuple[Sequence[float], str]:
        """None and why where what they are normalised by is missing."""
        if self.normalise == "none":
            return values, ""
        if self.normalise == "unconditional":
            if case.unconditional is None:
                return (), "the task has no 'unconditional' prompt"
            prior, reason = likelihoods(case, output, unconditional=True)
            if not prior:
                return (), reason
            return [value - own for value, own in zip(values, prior, strict=True)], ""
        sizes = self._sizes(case, output)
        if len(sizes) != len(values):
            return (), f"{len(sizes)} counts of tokens for {len(values)} choices"
        return [value / size for value, size in zip(values, sizes, strict=True)], ""

    def _sizes(self, case: Case, output: Output) -> Sequence[int]:
        if self.normalise == "tokens":
            return output.lengths or ()
        if self.normalise == "bytes":
            return [len(choice.encode()) for choice in case.choices]
        return [len(choice) for choice in case.choices]
