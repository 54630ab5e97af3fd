"""How much of the reference text does the answer have? BLEU, chrF, TER and ROUGE.

The texts are compared by sacrebleu and rouge-score, whose numbers these are, as shares.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.suite.scoring import CorpusScorer, Judgement
from harness.types import Case

from .targets import Targeted, graded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Order = Annotated[int, Field(ge=0, le=10)]


class Translation(Targeted, CorpusScorer):
    """Base of sacrebleu's metrics: the corpus metric from sums of its own statistics.

    A case's own score is its sentence's. A target without a word leaves the case unscored.
    """

    binary: ClassVar[bool] = False

    @cached_property
    @abstractmethod
    def _metric(self) -> Any:
        """The metric of sacrebleu."""

    def targets(self, case: Case) -> tuple[tuple[str, ...], str]:
        """Those that have a word."""
        targets, reason = super().targets(case)
        worded = tuple(target for target in targets if target.strip())
        return worded, reason or ("" if worded else "the target is empty")

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """The sentence's score and its statistics, by the rules of sacrebleu for many targets."""
        references = [[target] for target in targets]
        statistics = self._metric._extract_corpus_statistics([text], references)[0]
        parts = tuple((i, float(amount)) for i, amount in enumerate(statistics) if amount)
        score = self._metric._compute_score_from_stats(list(statistics)).score / 100
        return graded(self._goodness(score), text, parts)

    def _goodness(self, score: float) -> float:
        return min(score, 1.0)


class Bleu(Translation):
    """Corpus BLEU: n-grams of words that are in the reference, by sacrebleu.

    A sentence's own score uses the orders that it is long enough for.
    """

    version: ClassVar[str] = "1"

    tokenize: Literal["13a", "intl", "zh", "char", "none"] = "13a"
    lowercase: bool = False
    smoothing: Literal["none", "floor", "add-k", "exp"] = "exp"
    amount: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Of floor (0.1) and add-k (1)."""

    @cached_property
    def _metric(self) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(
            lowercase=self.lowercase,
            force=True,
            tokenize=self.tokenize,
            smooth_method=self.smoothing,
            smooth_value=self.amount,
            effective_order=True,
        )

    def size(self, choices: Sequence[str]) -> int:
        """Two lengths, and matches and n-grams of four orders."""
        return 10

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Corpus BLEU from 0 to 1."""
        from harness.metrics.overlap import bleu

        return bleu(sums, self.smoothing, self.amount)


class Chrf(Translation):
    """Corpus chrF: n-grams of characters that are in the reference, by sacrebleu.

    ``word_order: 2`` is chrF++.
    """

    version: ClassVar[str] = "1"

    char_order: Annotated[int, Field(ge=1, le=10)] = 6
    word_order: Order = 0
    beta: Annotated[int, Field(ge=1, le=10)] = 2
    lowercase: bool = False
    whitespace: bool = False
    """Whether white space is a character as others are."""

    @cached_property
    def _metric(self) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(
            char_order=self.char_order,
            word_order=self.word_order,
            beta=self.beta,
            lowercase=self.lowercase,
            whitespace=self.whitespace,
        )

    def size(self, choices: Sequence[str]) -> int:
        """Three counts of each order."""
        return 3 * (self.char_order + self.word_order)

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Corpus chrF from 0 to 1."""
        from harness.metrics.overlap import chrf

        return chrf(sums, self.beta)


class Ter(Translation):
    """Corpus TER: edits per word of the reference, lower is better, by sacrebleu.

    A case's own score is 1 − TER, 0 where that is negative. The options are sacrebleu's.
    """

    version: ClassVar[str] = "1"
    better: ClassVar[Literal["higher", "lower"]] = "lower"
    bounded: ClassVar[bool] = False

    normalized: bool = False
    no_punct: bool = False
    asian_support: bool = False
    case_sensitive: bool = False

    @cached_property
    def _metric(self) -> Any:
        from sacrebleu.metrics.ter import TER

        return TER(self.normalized, self.no_punct, self.asian_support, self.case_sensitive)

    def _goodness(self, score: float) -> float:
        return max(0.0, 1 - score)

    def size(self, choices: Sequence[str]) -> int:
        """Edits and words."""
        return 2

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Corpus TER, 0 and up."""
        from harness.metrics.overlap import ter

        return ter(sums)


class Rouge(Targeted):
    """Base of the ROUGE scores (Lin 2004): F-measure of what answer and target share.

    rouge-score's words are runs of a–z and 0–9. A target without any, as one in another script,
    leaves the case unscored: it would be 0 for every answer.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    kind: ClassVar[str]

    stemmer: bool = False
    """Whether words of more than three letters are compared by their stems (Porter)."""

    @cached_property
    def _scorer(self) -> Any:
        from rouge_score.rouge_scorer import RougeScorer

        return RougeScorer([self.kind], use_stemmer=self.stemmer)

    def targets(self, case: Case) -> tuple[tuple[str, ...], str]:
        """Those that have a word."""
        from rouge_score.tokenize import tokenize

        targets, reason = super().targets(case)
        worded = tuple(target for target in targets if tokenize(target, None))
        return worded, reason or ("" if worded else "the target has no word of a–z and 0–9")

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """The best over the targets."""
        scores = self._scorer.score_multi(targets, text)
        return graded(min(float(scores[self.kind].fmeasure), 1.0), text)


class Rouge1(Rouge):
    """ROUGE-1: words in common."""

    kind: ClassVar[str] = "rouge1"


class Rouge2(Rouge):
    """ROUGE-2: pairs of neighbouring words in common; a target of one word has none."""

    kind: ClassVar[str] = "rouge2"


class RougeL(Rouge):
    """ROUGE-L: the longest sequence of words in common, gaps allowed."""

    kind: ClassVar[str] = "rougeL"


class RougeLsum(Rouge):
    """ROUGE-L of summaries: sentence by sentence, each on a line of its own."""

    kind: ClassVar[str] = "rougeLsum"
