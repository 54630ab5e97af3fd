"""Does the answer name anything that its source does not?"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from harness.suite.model import Listed
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import written
from .facts import FACTS, Fact, invented, read_source


class Grounded(BuiltScorer):
    """0 where the answer names, numbers, dates, quotes or cites what the source does not, else 1.

    An answer without such facts invents nothing and is grounded, the empty one too: whether
    it says enough is another scorer's question.
    """

    version: ClassVar[str] = "2"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    source: str = Field(min_length=1)
    """The field of the row that the answer must rest on."""
    kinds: Annotated[tuple[Fact, ...], Listed, Field(min_length=1)] = FACTS
    """Of facts that are looked for."""

    def fields(self) -> tuple[str, ...]:
        """The source."""
        return (self.source,)

    def score(self, case: Case, output: Output) -> Judgement:
        """The reason names what was invented."""
        text, reason = written(output)
        source = case.fields.get(self.source)
        if text is None or not isinstance(source, str):
            return Judgement(None, reason or f"the row has no text in field '{self.source}'")
        extra = invented(text, read_source(source), self.kinds)
        if extra:
            return Judgement(0.0, f"not in the source: {', '.join(extra)}")
        return Judgement(1.0)
