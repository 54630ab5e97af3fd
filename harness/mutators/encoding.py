"""Texts written in a code that a model may know."""

from __future__ import annotations

import base64
import codecs
from abc import abstractmethod
from typing import ClassVar

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

LEET = str.maketrans("aAeEiIoOsStTbB", "44331100557788")
"""Letters and the digits that look like them."""


class _Code(Mutator):
    """Base of the codes."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.EQUIVALENT

    announce: bool = True
    """Whether a sentence in front names the code."""
    name: ClassVar[str]

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Decoded it is the text again."""
        coded = self.code(seed.text)
        if coded == seed.text:
            return ()
        lead = f"The following is {self.name}: " if self.announce else ""
        return (Mutated(lead + coded, seed.target),)

    @abstractmethod
    def code(self, text: str) -> str:
        """The text in the code."""


class Base64(_Code):
    """The whole text in base64 of its UTF-8."""

    name: ClassVar[str] = "base64"

    def code(self, text: str) -> str:
        """A lone surrogate is kept as UTF-8 would write it."""
        return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


class Rot13(_Code):
    """The whole text with every Latin letter moved by half the alphabet."""

    name: ClassVar[str] = "ROT13"

    def code(self, text: str) -> str:
        """Applied twice it is the text."""
        return codecs.encode(text, "rot13")


class Leet(_Code):
    """Letters become digits that look like them; what were digits cannot be told from them."""

    spot_check: ClassVar[float] = 0.05

    announce: bool = False
    name: ClassVar[str] = "leet"

    def code(self, text: str) -> str:
        """The length stays."""
        return text.translate(LEET)
