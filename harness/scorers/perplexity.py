"""How well does a model foresee a whole text? For tasks that are ``rolling``."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.suite.scoring import CorpusScorer, Judgement, Reads
from harness.types import Case, Output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WholeText(CorpusScorer):
    """Base of both: the texts' log-likelihoods over how long they are, all texts together.

    A case's own score is the likelihood of a unit of its text, in the geometric mean.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    reads: ClassVar[Reads] = "rolling"
    better: ClassVar[Literal["higher", "lower"]] = "lower"
    bounded: ClassVar[bool] = False

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where the likelihood is not that of one text, or not finite."""
        values = output.logprobs or ()
        if not case.rolling or len(values) != 1:
            return Judgement(None, output.error or "only a 'rolling' task measures a whole text")
        if not -math.inf < values[0] <= 0:
            return Judgement(None, f"log-likelihood of the text is {values[0]}")
        length = self.length(case, output)
        if not length:
            return Judgement(None, "the text is empty, or its length is not known")
        parts = ((0, values[0]), (1, float(length)))
        return Judgement(math.exp(values[0] / length), parts=parts)

    @abstractmethod
    def length(self, case: Case, output: Output) -> int:
        """In the scorer's own units; 0 where it is not known."""

    def size(self, choices: Sequence[str]) -> int:
        """Log-likelihoods and lengths."""
        return 2


class Perplexity(WholeText):
    """exp of the mean negative log-likelihood of a token: among how many it seems to choose.

    It compares models with the same tokenizer only.
    """

    def length(self, case: Case, output: Output) -> int:
        """In tokens."""
        return (output.lengths or (0,))[0]

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 and up."""
        from harness.metrics.likelihood import perplexity

        return perplexity(sums)


class BitsPerByte(WholeText):
    """Bits that the text would take for each byte of its UTF-8, whatever the tokenizer."""

    def length(self, case: Case, output: Output) -> int:
        """In bytes."""
        return len(case.prompt.encode())

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """0 and up."""
        from harness.metrics.likelihood import bits_per_byte

        return bits_per_byte(sums)
