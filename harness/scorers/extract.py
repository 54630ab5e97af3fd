"""The built-in extraction steps: each finds in a text the part that is the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

import regex
from pydantic import Field, model_validator

from harness.suite.extraction import Extractor
from harness.suite.model import MAX_PATTERN, compiles
from harness.types import Case

from .expect import PATTERN_SECONDS

_NUMBER = regex.compile(
    r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?!\w|\.\d)"
)
_LETTER = r"(?<![\p{L}\p{N}])(?:\(([%s])\)|([%s])(?![\p{L}\p{N}]))"
_STEP = regex.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class Regex(Extractor):
    """The first match of a pattern: its group of that number, or the whole where it has none."""

    version: ClassVar[str] = "1"
    short: ClassVar[str] = "pattern"

    pattern: Annotated[str, Field(min_length=1, max_length=MAX_PATTERN)]
    group: Annotated[int, Field(ge=0)] | None = None
    last: bool = False
    """The last match instead of the first."""
    ignore_case: bool = False

    @model_validator(mode="after")
    def _usable(self) -> Self:
        groups = compiles(self.pattern).groups
        if self.group is not None and self.group > groups:
            raise ValueError(f"group {self.group} of a pattern that has {groups}")
        return self

    def extract(self, text: str, case: Case) -> str | None:
        """TimeoutError where the pattern takes too long."""
        flags = regex.IGNORECASE if self.ignore_case else 0
        found = None
        for match in regex.finditer(self.pattern, text, flags, timeout=PATTERN_SECONDS):
            found = match
            if not self.last:
                break
        if found is None:
            return None
        group = self.group if self.group is not None else min(1, found.re.groups)
        part: str | None = found[group]
        return part


class JsonPath(Extractor):
    """A value within the first JSON object or array of the text: ``answer.parties[0]``."""

    version: ClassVar[str] = "1"
    short: ClassVar[str] = "path"

    path: Annotated[str, Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _spelt(self) -> Self:
        if "".join(match.group() for match in _STEP.finditer(self.path)) != self.path:
            raise ValueError("should be keys and indices, such as answer.parties[0]")
        return self

    def extract(self, text: str, case: Case) -> str | None:
        """Text as it is, another value as JSON."""
        value = _first_json(text)
        for key, index in _STEP.findall(self.path):
            if index and isinstance(value, list) and int(index) < len(value):
                value = value[int(index)]
            elif key and isinstance(value, dict) and key in value:
                value = value[key]
            else:
                return None
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _first_json(text: str) -> Any:
    decoder = json.JSONDecoder()
    for match in regex.finditer(r"[\[{]", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        return value
    return None


class FirstNumber(Extractor):
    """The first number of the text, without separators of thousands."""

    version: ClassVar[str] = "1"

    def extract(self, text: str, case: Case) -> str | None:
        """None where the text has no digit that stands alone."""
        return next(_numbers(text), None)


class LastNumber(Extractor):
    """The last number of the text, without separators of thousands."""

    version: ClassVar[str] = "1"

    def extract(self, text: str, case: Case) -> str | None:
        """None where the text has no digit that stands alone."""
        return next(reversed(list(_numbers(text))), None)


def _numbers(text: str) -> Iterator[str]:
    found = (match.group() for match in _NUMBER.finditer(text))
    return (each.replace(",", "").replace("\u2212", "-").removeprefix("+") for each in found)


class ChoiceLetter(Extractor):
    """The first of the letters that stands alone or in parentheses: ``B``, ``(B)``, ``B.``."""

    version: ClassVar[str] = "1"
    short: ClassVar[str] = "letters"

    letters: Annotated[str, Field(pattern=r"^[A-Za-z]+$", min_length=2, max_length=26)] = "ABCD"
    last: bool = False
    """The last one instead, after a chain of thought."""

    def extract(self, text: str, case: Case) -> str | None:
        """The letter alone, as ``letters`` writes it."""
        found = regex.findall(_LETTER % (self.letters, self.letters), text)
        if not found:
            return None
        one, other = found[-1 if self.last else 0]
        return str(one or other)


class Strip(Extractor):
    """Without white space and the given characters at both ends."""

    version: ClassVar[str] = "1"
    short: ClassVar[str] = "characters"

    characters: str = ""

    def extract(self, text: str, case: Case) -> str:
        """Never None."""
        return text.strip().strip(self.characters).strip() if self.characters else text.strip()


class Casefold(Extractor):
    """In small letters, by Unicode's rule for comparing."""

    version: ClassVar[str] = "1"

    def extract(self, text: str, case: Case) -> str:
        """Never None."""
        return text.casefold()


class FirstLine(Extractor):
    """The first line that is not blank."""

    version: ClassVar[str] = "1"

    def extract(self, text: str, case: Case) -> str | None:
        """None where all are."""
        return next((line.strip() for line in text.splitlines() if line.strip()), None)
