"""How many words do answer and target share?

Source: the evaluation script of SQuAD 1.1 (Rajpurkar et al. 2016), with the rule of 2.0 for
empty answers.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import ClassVar

from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, written

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def tokens(text: str) -> list[str]:
    """Lower-case words, without ASCII punctuation and without the articles a, an, the."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def f1(answer: list[str], target: list[str]) -> float:
    """2PR/(P+R) over the multisets of words; where one is empty, 1 if both are, else 0."""
    if not answer or not target:
        return float(answer == target)
    shared = (Counter(answer) & Counter(target)).total()
    return 2 * shared / (len(answer) + len(target))


class TokenF1(BuiltScorer):
    """Harmonic mean of the shares of words that answer and target have in common."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    reads: ClassVar[Reads] = "text"
    needs_target: ClassVar[bool] = True

    def score(self, case: Case, output: Output) -> Judgement:
        """Between 0 and 1."""
        text, reason = written(output)
        if text is None or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        return Judgement(f1(tokens(text), tokens(case.target)))
