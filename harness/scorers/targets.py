"""What an answer should be: the target, and further answers that are as right."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from harness.suite.schema import shown
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, written


class Targeted(BuiltScorer):
    """Base of the scorers that compare what was written with what should have been."""

    reads: ClassVar[Reads] = "text"
    needs_target: ClassVar[bool] = True

    also: Annotated[str, Field(min_length=1)] | None = None
    """The field with a list of answers that are as right as the target."""

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where no text was written, or a row has no target or no list of others."""
        text, reason = written(output)
        targets, missing = self.targets(case)
        if text is None or not targets:
            return Judgement(None, reason or missing)
        return self.judge(text, targets)

    def targets(self, case: Case) -> tuple[tuple[str, ...], str]:
        """The target and the others, at least one text; none and why where they are missing."""
        if case.target is None:
            return (), NO_TARGET
        if self.also is None:
            return (case.target,), ""
        others = case.fields.get(self.also)
        if not isinstance(others, list) or not all(isinstance(each, str) for each in others):
            found = "missing" if others is None else shown(others)
            return (), f"field '{self.also}' should be a list of texts, not {found}"
        return (case.target, *others), ""

    @abstractmethod
    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Compare a text with at least one target."""


def graded(value: float, text: str, parts: tuple[tuple[int, float], ...] = ()) -> Judgement:
    """A score from 0 to 1; where it is 0, what was written is the reason."""
    return Judgement(value, "" if value else f"wrote {shown(text)}", parts=parts)
