"""How many words do answer and target share?

Source: the evaluation script of SQuAD 1.1 (Rajpurkar et al. 2016), with the rule of 2.0 for
empty answers. Where several answers are right, the nearest of them counts.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from harness.suite.scoring import Judgement

from .targets import Targeted, graded

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


class TokenF1(Targeted):
    """Harmonic mean of the shares of words that answer and target have in common."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Between 0 and 1."""
        said = tokens(text)
        return graded(max(f1(said, tokens(target)) for target in targets), text)


class SquadExactMatch(Targeted):
    """1 where answer and target are the same words, as SQuAD compares them."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Case, ASCII punctuation and the articles a, an, the do not count."""
        said = tokens(text)
        return graded(float(any(said == tokens(target) for target in targets)), text)
