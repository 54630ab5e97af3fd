"""What a mutator is to the suite language; ``harness.mutators`` has the built-in ones.

A mutator is a strict model whose fields are its options in the suite, as a scorer is. It makes
new texts out of the text of a sample, offline and from a seed alone, and says by its relation
what must hold of the answers to them. Its version enters the suite's digest.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from harness.types import Relation

from .model import Strict

T = TypeVar("T")


class Draw:
    """Random numbers that depend on the seed alone: not on Python's version, not on the machine.

    Number i is the SHA-256 of the seed and i.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode("utf-8", "surrogatepass")
        self._next = 0

    def below(self, n: int) -> int:
        """A number from 0 to n − 1. ValueError where n is not positive."""
        if n < 1:
            raise ValueError(f"nothing to draw from: n is {n}")
        hashed = hashlib.sha256(b"%s\0%d" % (self._seed, self._next)).digest()
        self._next += 1
        return int.from_bytes(hashed) % n  # 2^256 is so large that no number is favoured

    def chance(self, share: float) -> bool:
        """True as often as ``share`` says."""
        return self.below(2**53) < share * 2**53

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def some(self, options: Sequence[T], n: int) -> list[T]:
        """``n`` different places of the options, or all there are, in their order."""
        places = list(range(len(options)))
        for at in range(min(n, len(places))):
            other = at + self.below(len(places) - at)
            places[at], places[other] = places[other], places[at]
        return [options[place] for place in sorted(places[:n])]


@dataclass(frozen=True, slots=True)
class Seed:
    """What a mutator is given: the clean text, and what is right about it."""

    text: str
    target: str | None = None
    choices: tuple[str, ...] = ()
    """The answers that the task allows; empty where the answer is written."""


@dataclass(frozen=True, slots=True)
class Mutated:
    """One mutation of a seed."""

    text: str
    target: str | None = None
    """What is right now. Of a mutator that CHANGES, None: anything but the seed's target."""
    variant: str = ""
    """Tells apart several mutations of one seed: ``depth 33%``. Becomes a slice."""


class Mutator(Strict):
    """Base of the mutators that a suite names; a plug-in's mutator derives from it as well."""

    version: ClassVar[str]
    """Changes whenever the same seed could be mutated differently."""
    relation: ClassVar[Relation]
    spot_check: ClassVar[float] = 0.0
    """Share of its mutations that a person should look at; 0 where the meaning cannot change."""

    @abstractmethod
    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """The mutations of a seed; none where there is nothing in it that could be mutated."""
