"""Does the answer say exactly what it should?"""

from __future__ import annotations

from typing import ClassVar

from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, plain, written


class ExactMatch(BuiltScorer):
    """1 where answer and target are the same text, white space aside; case and accents count."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"
    needs_target: ClassVar[bool] = True

    def score(self, case: Case, output: Output) -> Judgement:
        """Compare answer and target, each stripped and with single blanks inside."""
        text, reason = written(output)
        if text is None or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        return Judgement(float(plain(text) == plain(case.target)))
