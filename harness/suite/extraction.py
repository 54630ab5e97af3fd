"""Finding the answer in what a model wrote: pipelines of small steps, named in the suite.

An extractor is a strict model whose fields are its options, as a scorer is; the built-in ones
are in ``harness.scorers.extract``. Its version enters the suite's digest.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from harness.types import Case, Output

from .model import Strict
from .scoring import Judgement, Reads, Scorer

NOTHING = "nothing was extracted"


class Extractor(Strict):
    """One step: a text in, the part of it that matters out."""

    version: ClassVar[str]
    short: ClassVar[str] = ""
    """The option that ``name: value`` means, without a mapping."""

    @abstractmethod
    def extract(self, text: str, case: Case) -> str | None:
        """The part; None where there is none. TimeoutError where a pattern takes too long."""


def extracted(pipeline: Sequence[Extractor], text: str, case: Case) -> str | None:
    """What is left of a text after all steps; None from the first on that finds nothing."""
    for step in pipeline:
        found = step.extract(text, case)
        if found is None:
            return None
        text = found
    return text


@dataclass(frozen=True, slots=True)
class Extracting:
    """A scorer that is shown the extracted answer.

    Where nothing was extracted the model gave no answer, which is scored as an empty one.
    """

    pipeline: tuple[Extractor, ...]
    scorer: Scorer
    votes: bool = False
    """Whether repeats vote, so that a judgement has to name what was judged."""
    version: ClassVar[str] = "1"
    reads: ClassVar[Reads] = "text"

    @property
    def binary(self) -> bool:
        """As its scorer's are."""
        return self.scorer.binary

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where nothing was written, or where a pattern ran out of time."""
        if output.text is None:
            return self.scorer.score(case, output)
        try:
            found = extracted(self.pipeline, output.text, case)
        except TimeoutError:
            return Judgement(None, "a pattern of its extraction took too long")
        judged = self.scorer.score(case, replace(output, text=found or ""))
        if self.votes:
            judged = replace(judged, answer=found or "")
        if found is not None or judged.value is None:
            return judged
        return replace(judged, reason="; ".join(filter(None, (NOTHING, judged.reason))))
