"""Texts that contradict themselves, or take for granted what is not so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.model import Listed
from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

from .logic import negations
from .sentences import Sentence, join, split

Rewrite = Callable[[str], str | None]
"""Makes a sentence that contradicts one; None where it cannot."""

_NUMBER = regex.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w]|[.,]\d)")
_TAKEN_FOR_GRANTED = (
    "Since all of the following was cancelled last week, it is kept for the record only.",
    "As everybody knows, the opposite of what follows has been agreed.",
    "Given that none of this applies any more, only the names are of interest.",
    "Because the document below was found to be a forgery, its dates and names are invented.",
)


class Conflict(Mutator):
    """A sentence that contradicts one of the text is put behind it; the text itself stays whole.

    It is a sentence of the text with the right answer replaced by another one (``values``, or
    the task's choices), else with a number changed, else with a verb's negation toggled.
    """

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.FLAGS
    spot_check: ClassVar[float] = 0.15

    values: Annotated[tuple[str, ...], Listed] = ()
    """Other answers."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """The first way that works, on a sentence that is drawn."""
        sentences = split(seed.text)
        for rewrite in (self._other_answer(seed, draw), _other_number(draw), _negated(draw)):
            found = [(at, new) for at, each in enumerate(sentences) if (new := rewrite(each.text))]
            if found:
                at, new = draw.one(found)
                return (Mutated(_behind(sentences, at, new)),)
        return ()

    def _other_answer(self, seed: Seed, draw: Draw) -> Rewrite:
        target = seed.target or ""
        others = [v for v in self.values or seed.choices if v.casefold() != target.casefold()]
        if not target.strip() or not others:
            return lambda sentence: None
        said, other = regex.compile(rf"(?<!\w){regex.escape(target)}(?!\w)"), draw.one(others)

        def rewrite(sentence: str) -> str | None:
            new = said.sub(lambda _: other, sentence)
            return None if new == sentence else new

        return rewrite


class FalsePresupposition(Mutator):
    """A statement in front takes for granted what the text denies; the text itself stays whole."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.FLAGS
    spot_check: ClassVar[float] = 0.15

    claim: Annotated[str, Field(min_length=1)] | None = None
    """The statement; None: one of four that deny the whole text."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Every text that says something can be denied."""
        if not seed.text.strip():
            return ()
        claim = self.claim or draw.one(_TAKEN_FOR_GRANTED)
        return (Mutated(f"{claim} {seed.text}"),)


def _other_number(draw: Draw) -> Rewrite:
    """Another first number, of as many digits."""

    def rewrite(sentence: str) -> str | None:
        found = _NUMBER.search(sentence)
        if found is None:
            return None
        digits = [at for at in range(*found.span()) if sentence[at].isdigit()]
        at = digits[0]
        others = [d for d in "123456789" if d != sentence[at]]
        return sentence[:at] + draw.one(others) + sentence[at + 1 :]

    return rewrite


def _negated(draw: Draw) -> Rewrite:
    def rewrite(sentence: str) -> str | None:
        sites = negations(sentence)
        if not sites:
            return None
        start, end, new = draw.one(sites)
        return sentence[:start] + new + sentence[end:]

    return rewrite


def _behind(sentences: list[Sentence], at: int, new: str) -> str:
    """The text with a further sentence behind one; the last needs a gap for it."""
    before, gap = sentences[at], sentences[at].gap
    inserted = [Sentence(before.text, gap or " "), Sentence(new.lstrip(), gap)]
    return join([*sentences[:at], *inserted, *sentences[at + 1 :]])
