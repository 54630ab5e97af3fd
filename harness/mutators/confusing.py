"""Texts that look the same and are made of other characters."""

from __future__ import annotations

from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

Share = Annotated[float, Field(gt=0, le=1)]
LOOKALIKES = {
    "a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "о", "p": "р", "s": "ѕ", "x": "х",
    "y": "у", "A": "А", "B": "В", "E": "Е", "H": "Н", "I": "І", "K": "К", "M": "М", "N": "Ν",
    "O": "О", "P": "Р", "S": "Ѕ", "T": "Т", "X": "Х", "Z": "Ζ",
}  # fmt: skip
"""Latin letters, and Cyrillic or Greek ones that look like them."""
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")
BIDI = (("\u202e", "\u202c"), ("\u202d", "\u202c"), ("\u2066", "\u2069"), ("\u2067", "\u2069"))
"""Overrides and isolates, each with what ends it."""
_LETTER = regex.compile(f"[{''.join(LOOKALIKES)}]")
_INSIDE = regex.compile(r"(?<=\p{L})(?=\p{L})")
_WORD = regex.compile(r"\p{L}{2,}")


class Confusables(Mutator):
    """Letters become those of other scripts that look the same."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    rate: Share = 0.2
    """Share of the letters that have such a twin; at least one."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Case and length stay."""
        places = [found.start() for found in _LETTER.finditer(seed.text)]
        if not places:
            return ()
        letters = list(seed.text)
        for at in draw.some(places, max(1, round(self.rate * len(places)))):
            letters[at] = LOOKALIKES[letters[at]]
        return (Mutated("".join(letters), seed.target),)


class ZeroWidth(Mutator):
    """Characters without width stand within words; without them the text is the same."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    rate: Share = 0.1
    """Share of the places between two letters; at least one."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Nothing of the text is lost."""
        places = [found.start() for found in _INSIDE.finditer(seed.text)]
        if not places:
            return ()
        pieces, end = [], 0
        for at in draw.some(places, max(1, round(self.rate * len(places)))):
            pieces += [seed.text[end:at], draw.one(INVISIBLE)]
            end = at
        return (Mutated("".join([*pieces, seed.text[end:]]), seed.target),)


class Bidi(Mutator):
    """Words stand between characters that turn the direction of writing; the order stays."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    rate: Share = 0.1
    """Share of the words; at least one."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Nothing of the text is lost."""
        words = list(_WORD.finditer(seed.text))
        if not words:
            return ()
        pieces, end = [], 0
        for word in draw.some(words, max(1, round(self.rate * len(words)))):
            opening, closing = draw.one(BIDI)
            pieces += [seed.text[end : word.start()], opening, word[0], closing]
            end = word.end()
        return (Mutated("".join([*pieces, seed.text[end:]]), seed.target),)
