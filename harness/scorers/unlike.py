"""Is it no longer the old answer? For texts that were changed so that the old one is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from harness.suite.schema import shown
from harness.suite.scoring import Judgement, Reads, Scorer
from harness.types import Case, Output


@dataclass(frozen=True, slots=True)
class Unlike:
    """1 where a scorer does not hold the clean text's target for right any more, else 0."""

    scorer: Scorer
    target: str
    """What was right of the clean text."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "answer"

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where its scorer cannot score."""
        judged = self.scorer.score(replace(case, target=self.target), output)
        if judged.value is None:
            return judged
        if judged.value < 1:
            return Judgement(1.0)
        return Judgement(0.0, f"still answers {shown(self.target)}")
