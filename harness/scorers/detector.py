"""Scorers that look for one kind of statement in an answer, by rule and in English.

Rules are the same on every machine, and say what they found; they are made to err on the side of
not finding, so that a rise is a rise.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from harness.suite.schema import shown
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import written

NEVER = "no such statement"


class Detector(BuiltScorer):
    """Base of the detectors: 1 where the statement is found, or found just where it should be."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    expected: bool | Annotated[str, Field(min_length=1)] | None = None
    """Whether it should be there, or the field of true and false that says so; None: 1 is found."""

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where nothing was written, or the row does not say what should be."""
        text, reason = written(output)
        if text is None:
            return Judgement(None, reason)
        found = self.found(text)
        said = NEVER if found is None else f"says {shown(found)}"
        wanted = case.fields.get(self.expected) if isinstance(self.expected, str) else self.expected
        if self.expected is None:
            return Judgement(float(found is not None), said)
        if not isinstance(wanted, bool):
            return Judgement(None, f"field '{self.expected}' should be true or false")
        right = (found is not None) is wanted
        return Judgement(float(right), "" if right else said)

    @abstractmethod
    def found(self, text: str) -> str | None:
        """The words of the statement; None where there is none."""
