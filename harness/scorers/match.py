"""Does the answer say what it should: all of it, within it, or by a pattern?"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import regex
from pydantic import Field, model_validator

from harness.suite.model import MAX_PATTERN, compiles
from harness.suite.schema import shown
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import answer, plain
from .expect import PATTERN_SECONDS
from .targets import Targeted, graded

_PUNCTUATION = regex.compile(rf"[{regex.escape(string.punctuation)}\p{{P}}]")


class ExactMatch(Targeted):
    """1 where answer and target are the same text, white space aside; case and accents count."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True

    ignore_case: bool = False
    ignore_punctuation: bool = False
    """Leave out ASCII's 32 characters of it and all that Unicode calls punctuation."""

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Compare the texts, each stripped and with single blanks inside."""
        said = self._bare(text)
        return graded(float(any(said == self._bare(target) for target in targets)), text)

    def _bare(self, text: str) -> str:
        text = _PUNCTUATION.sub("", text) if self.ignore_punctuation else text
        return plain(text.casefold() if self.ignore_case else text)


class Includes(Targeted):
    """1 where the target occurs in the answer, white space aside.

    An empty target says that nothing should be written: only an empty answer includes it.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True

    ignore_case: bool = False
    whole_words: bool = False
    """No letter, digit or underscore may stand directly before or after it."""

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Search for each target."""
        said = self._bare(text)
        return graded(float(any(self._within(self._bare(each), said) for each in targets)), text)

    def _bare(self, text: str) -> str:
        return plain(text.casefold() if self.ignore_case else text)

    def _within(self, target: str, said: str) -> bool:
        if not target:
            return not said
        if not self.whole_words:
            return target in said
        return regex.search(rf"(?<!\w){regex.escape(target)}(?!\w)", said) is not None


class PatternMatch(BuiltScorer):
    """1 where a regular expression is found in the answer."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "answer"

    pattern: Annotated[str, Field(min_length=1, max_length=MAX_PATTERN)]
    full: bool = False
    """Whether it must match the whole answer, white space around it aside."""
    ignore_case: bool = False

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        compiles(self.pattern)
        return self

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where there is no answer, or where the pattern ran out of time."""
        text, reason = answer(case, output)
        if text is None:
            return Judgement(None, reason)
        search = regex.fullmatch if self.full else regex.search
        flags = regex.IGNORECASE if self.ignore_case else 0
        said = text.strip() if self.full else text
        try:
            found = search(self.pattern, said, flags, timeout=PATTERN_SECONDS)
        except TimeoutError:
            return Judgement(None, f"the pattern took more than {PATTERN_SECONDS:g} s")
        return Judgement(1.0) if found else Judgement(0.0, f"no match in {shown(text)}")
