"""Texts among others that have nothing to do with them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

from .sentences import join, split

NEUTRAL = (
    "The weather stayed mild, and the windows were open for most of the afternoon.",
    "Somebody had left a newspaper on the bench, folded at the page with the puzzles.",
    "The path leads through a small wood and comes out beside a meadow.",
    "Fresh bread is best on the day on which it is baked.",
    "The old clock in the hall is slow, so nobody looks at it any more.",
    "A good umbrella outlives the bag in which it is carried.",
    "Most gardens need more water in a dry summer than one expects.",
    "The library keeps its oldest books behind glass.",
    "Swallows fly low when the air is heavy.",
    "The tea was still warm when the conversation turned to other things.",
    "A wooden bridge crosses the stream just above the mill.",
    "The orchestra tuned its instruments for a long time before it began.",
    "Snow makes a street quieter than any law could.",
    "Whoever paints a fence should start at the far end.",
    "The ferry leaves when it is full, and it is rarely full in the morning.",
    "Pebbles from that beach are flat and almost black.",
    "The lamp by the door burns all night.",
    "An apple tree bears well only every other year.",
    "The cat sleeps where the sun falls on the floor.",
    "Nobody could say any more who had planted the hedge.",
)
"""Without a person, company, place, number or date, so that they answer no question."""
DEPTHS = (0, 33, 67, 100)
"""Where in the padding the text stands, in per cent."""


class Distractor(Mutator):
    """A paragraph about something else before, behind or within the text, which keeps its order."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    paragraph: Annotated[str, Field(min_length=1)] | None = None
    """None: three neutral sentences, drawn."""
    where: Literal["before", "after", "within"] = "before"

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Within a text of one sentence there is no place: then it stands before."""
        if not seed.text.strip():
            return ()
        paragraph = self.paragraph or " ".join(draw.some(NEUTRAL, 3))
        sentences = split(seed.text)
        at = {"before": 0, "after": len(sentences)}.get(self.where)
        if at is None:
            at = 1 + draw.below(len(sentences) - 1) if len(sentences) > 1 else 0
        before, behind = join(sentences[:at]), join(sentences[at:])
        gap = "" if not before or before[-1].isspace() else " "
        return (Mutated(f"{before}{gap}{paragraph}{' ' if behind else ''}{behind}", seed.target),)


class Padding(Mutator):
    """A long neutral context around the text, with the text at four depths of it."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT

    words: Annotated[int, Field(ge=20, le=100_000)] = 400
    """Of the padding, at least."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """One padding for all four depths, so that only the place differs."""
        if not seed.text.strip():
            return ()
        padding = self._padding(draw)
        return tuple(self._at(depth, padding, seed) for depth in DEPTHS)

    def _at(self, depth: int, padding: list[str], seed: Seed) -> Mutated:
        at = round(len(padding) * depth / 100)
        parts = [" ".join(padding[:at]), seed.text, " ".join(padding[at:])]
        return Mutated("\n".join(filter(None, parts)), seed.target, f"depth {depth}%")

    def _padding(self, draw: Draw) -> list[str]:
        found: list[str] = []
        words = 0
        while words < self.words:
            others = [each for each in NEUTRAL if not found or each != found[-1]]
            found.append(draw.one(others))
            words += len(found[-1].split())
        return found


class Repetition(Mutator):
    """A sentence of the text is said again at its end: one with the answer, where there is one."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.MONOTONIC

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """What is said twice is no less so."""
        sentences = [each.text.strip() for each in split(seed.text) if each.text.strip()]
        if not sentences:
            return ()
        telling = [each for each in sentences if seed.target and seed.target in each]
        gap = "" if seed.text[-1].isspace() else " "
        return (Mutated(f"{seed.text}{gap}{draw.one(telling or sentences)}", seed.target),)
