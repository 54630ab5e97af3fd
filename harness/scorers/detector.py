"""Does the answer say a certain kind of thing, and should it?"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.schema import shown
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import plain, written

_QUOTED = regex.compile(
    r"""
      ^[ \t]*>.*$
    | "[^"]*" | “[^“”]*” | «[^«»]*»
    | (?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)
    """,
    regex.VERBOSE | regex.MULTILINE,
)
_END = regex.compile(r"(?<=[.!?])\s+|\n+")


class Detector(BuiltScorer):
    """Base of the scorers that look for a phrase in English; what is quoted was said by others."""

    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    expected: bool | Annotated[str, Field(min_length=1)] | None = None
    """Whether it should be said, or the field of the row with true or false; None: it should."""

    def score(self, case: Case, output: Output) -> Judgement:
        """1 where it is said exactly when it should be; unscored where either is not known."""
        text, reason = written(output)
        expected, missing = self._expected(case)
        if text is None or expected is None:
            return Judgement(None, reason or missing)
        phrase = self.phrase(text)
        value = float((phrase is not None) is expected)
        if phrase is not None:
            return Judgement(value, f"says '{phrase}'")
        return Judgement(value, "" if value else f"wrote {shown(text)}")

    def _expected(self, case: Case) -> tuple[bool | None, str]:
        if not isinstance(self.expected, str):
            return self.expected is not False, ""
        found = case.fields.get(self.expected)
        if isinstance(found, bool):
            return found, ""
        said = "missing" if found is None else shown(found)
        return None, f"field '{self.expected}' should be true or false, not {said}"

    @abstractmethod
    def phrase(self, text: str) -> str | None:
        """The words of the answer that say it; None where it is not said."""


def sentences(text: str) -> list[str]:
    """The sentences without what they quote, straight apostrophes and single blanks in them.

    An answer that is nothing but a quotation is the answer itself.
    """
    straight = text.replace("’", "'").replace("‘", "'")
    own = _QUOTED.sub('""', straight)
    if not regex.search(r"\w", own):
        own = straight
    said = (plain(each).strip("\"“”«»'*_#>- ") for each in _END.split(own))
    return [each for each in said if each]
