"""Words as they come out of fast fingers and bad scanners."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

SHORTEST = 4
"""Letters of a word that is misspelt."""
_WORD = regex.compile(r"(?<![\p{L}\p{N}\p{M}_])[A-Za-z]+(?![\p{L}\p{N}\p{M}_])")
_NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok",
    "o": "ipl", "p": "ol", "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy",
    "j": "hku", "k": "jli", "l": "kop", "z": "xas", "x": "zcs", "c": "xvd", "v": "cbf", "b": "vng",
    "n": "bmh", "m": "njk",
}  # fmt: skip
"""Keys that touch each other on a QWERTY keyboard."""
_SCANNED = (
    ("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("li", "h"), ("l", "1"), ("O", "0"),
    ("S", "5"), ("B", "8"), ("vv", "w"), ("w", "vv"), ("I", "l"), ("ii", "u"),
)  # fmt: skip
"""What is printed, and what a scanner takes it for."""
Share = Annotated[float, Field(gt=0, le=1)]


class _Slip(Mutator):
    """Base of the misspellings: of words of letters alone, so that numbers and codes stay."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    rate: Share = 0.1
    """Share of the words; at least one is misspelt."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Words are drawn, then how each is misspelt."""
        words = [
            word
            for word in _WORD.finditer(seed.text)
            if len(word[0]) >= SHORTEST and self.slips(word[0])
        ]
        if not words:
            return ()
        pieces, end = [], 0
        for word in draw.some(words, max(1, round(self.rate * len(words)))):
            pieces += [seed.text[end : word.start()], draw.one(self.slips(word[0]))]
            end = word.end()
        return (Mutated("".join([*pieces, seed.text[end:]]), seed.target),)

    @abstractmethod
    def slips(self, word: str) -> list[str]:
        """Every way to misspell a word; none is the word itself."""


class Typos(_Slip):
    """Two neighbouring letters within a word are swapped."""

    spot_check: ClassVar[float] = 0.05

    def slips(self, word: str) -> list[str]:
        """The first and the last letter stay, as they do when one types fast."""
        return [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            for at in range(1, len(word) - 2)
            if word[at] != word[at + 1]
        ]


class Keyboard(_Slip):
    """A letter of a word is the one beside it on the keyboard."""

    spot_check: ClassVar[float] = 0.05

    def slips(self, word: str) -> list[str]:
        """Case stays."""
        return [
            word[:at] + (other.upper() if letter.isupper() else other) + word[at + 1 :]
            for at, letter in enumerate(word)
            for other in _NEIGHBOURS.get(letter.lower(), "")
        ]


class Ocr(_Slip):
    """A letter of a word is taken for what looks like it, as by a scanner; numbers stay."""

    spot_check: ClassVar[float] = 0.1

    def slips(self, word: str) -> list[str]:
        """One confusion a word."""
        return [
            word[:at] + seen + word[at + len(printed) :]
            for printed, seen in _SCANNED
            for at in range(len(word) - len(printed) + 1)
            if word.startswith(printed, at)
        ]
