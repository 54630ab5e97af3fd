"""The same words in another dress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import regex
from pydantic import Field

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

Share = Annotated[float, Field(gt=0, le=1)]
_BLANK = regex.compile(r"(?<=\S) (?=\S)")
_GAPS = ("  ", "   ", "\t", "\n", " \n")
_MARK = regex.compile(r"(?<=\p{L})([.,;:!?])(?=\s|$)")
_LONG = (
    "do", "does", "did", "is", "are", "was", "were", "has", "have", "had", "could", "would",
    "should",
)  # fmt: skip
_FULL = regex.compile(rf"\b({'|'.join(_LONG)}) not\b|\b(can)not\b|\b(will) not\b", regex.IGNORECASE)
_SHORT = regex.compile(
    rf"\b({'|'.join(_LONG)})n['’]t\b|\b(ca)n['’]t\b|\b(wo)n['’]t\b", regex.IGNORECASE
)
_FILLERS = ("um", "you know", "basically", "well", "I mean", "like", "actually", "so to speak")
_BETWEEN = regex.compile(r"(?<=\p{Ll}) (?=\p{Ll})")


class Casing(Mutator):
    """All letters are capitals, or small, or every word begins with a capital."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    how: Literal["upper", "lower", "title"] = "upper"

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Only letters whose other case is one letter: a sharp s stays."""
        text = "".join(_cased(letter, self.how, before) for before, letter in _pairs(seed.text))
        return () if text == seed.text else (Mutated(text, seed.target),)


def _pairs(text: str) -> zip[tuple[str, str]]:
    return zip(" " + text, text, strict=False)


def _cased(letter: str, how: str, before: str) -> str:
    upper = how == "upper" or (how == "title" and not (before.isalnum() or before in "'’"))
    other = letter.upper() if upper else letter.lower()
    same = other.lower() == letter.lower() or other.upper() == letter.upper()
    return other if len(other) == 1 and same else letter


class Whitespace(Mutator):
    """Blanks are doubled, or are tabs and line breaks; every other character stays."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    rate: Share = 0.3
    """Share of the blanks; at least one."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """No two words are glued together."""
        return _replaced(seed, draw, _BLANK, self.rate, lambda _: draw.one(_GAPS))


class Punctuation(Mutator):
    """Marks behind words are left out or doubled; numbers, addresses and abbreviations stay."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.05

    rate: Share = 0.5
    """Share of the marks; at least one."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Each is left out or doubled with equal chances."""

        def instead(mark: str) -> str:
            return "" if draw.chance(0.5) else 2 * mark

        return _replaced(seed, draw, _MARK, self.rate, instead)


class Contractions(Mutator):
    """Written-out "do not" becomes "don't" and the other way round, everywhere."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.02

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Whichever of the two forms stands first is rewritten."""
        full, short = _FULL.search(seed.text), _SHORT.search(seed.text)
        if full is not None and (short is None or full.start() < short.start()):
            text = _FULL.sub(_shortened, seed.text)
        else:
            text = _SHORT.sub(_written_out, seed.text)
        return () if text == seed.text else (Mutated(text, seed.target),)


def _shortened(found: regex.Match[str]) -> str:
    if found[2]:
        return f"{found[2]}'t"
    return f"{found[3][:1]}on't" if found[3] else f"{found[1]}n't"


def _written_out(found: regex.Match[str]) -> str:
    if found[2]:
        return f"{found[2]}nnot"
    return f"{found[3][:1]}ill not" if found[3] else f"{found[1]} not"


class Fillers(Mutator):
    """Words that say nothing, such as "you know", stand between others; nothing is lost."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.02

    rate: Share = 0.1
    """Share of the places between two words in small letters; at least one."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """A filler stands between commas."""
        return _replaced(seed, draw, _BETWEEN, self.rate, lambda _: f", {draw.one(_FILLERS)}, ")


def _replaced(
    seed: Seed, draw: Draw, what: regex.Pattern[str], rate: float, instead: Callable[[str], str]
) -> tuple[Mutated, ...]:
    """A share of what a pattern finds, replaced; at least one."""
    found = list(what.finditer(seed.text))
    if not found:
        return ()
    pieces, end = [], 0
    for each in draw.some(found, max(1, round(rate * len(found)))):
        pieces += [seed.text[end : each.start()], instead(each[0])]
        end = each.end()
    return (Mutated("".join([*pieces, seed.text[end:]]), seed.target),)
