"""How few characters would have to change?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.suite.scoring import Judgement

from .answer import plain
from .targets import Targeted, graded


class EditSimilarity(Targeted):
    """1 − edits / length of the longer text, edits by Levenshtein's distance of characters.

    White space is compared as in ``exact_match``; two empty texts are equal.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False

    ignore_case: bool = False

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Between 0 and 1."""
        from rapidfuzz.distance import Levenshtein

        said = self._bare(text)
        near = (Levenshtein.normalized_similarity(said, self._bare(each)) for each in targets)
        return graded(max(near), text)

    def _bare(self, text: str) -> str:
        return plain(text.casefold() if self.ignore_case else text)
