"""Texts that say something else, the same in another order, or too little to answer."""

from __future__ import annotations

from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

from .sentences import Sentence, join, split

_MODALS = "shall|will|may|must|can|could|should|would|might|is|are|was|were|does|do|did"
_NEGATED = regex.compile(rf"\b({_MODALS}|has|have|had) not\b", regex.IGNORECASE)
_CONTRACTED = regex.compile(
    r"\b(?:(is|are|was|were|does|do|did|has|have|had|could|should|would|might|must)n['’]t|"
    r"(ca)n['’]t|(wo)n['’]t|(can)not)\b",
    regex.IGNORECASE,
)
_WHOLE = {"ca": "can", "wo": "will"}
_PLAIN = regex.compile(
    rf"\b(?:{_MODALS}|(?:has|have|had)(?= \w+(?:ed|en)\b))\b(?!['’]|\s+not\b)", regex.IGNORECASE
)
_BACK = regex.compile(
    r"(?:it|this|that|these|those|they|he|she|its|their|his|her|such|however|therefore|thus|hence|"
    r"otherwise|moreover|but|and|or|so|then|in that case)\b",
    regex.IGNORECASE,
)
"""The start of a sentence that leans on the one before."""
_NAME = regex.compile(r"\b\p{Lu}\p{Ll}{2,}\b")
_COMMON = """
The This That These Those They There Then Where When While Which Who What Why How His Her Its Their
Our Your Any All Each Every Either Neither Both Some Such See Compare Subject Section Clause Article
Text Question Answer January February March April May June July August September October November
December Monday Tuesday Wednesday Thursday Friday Saturday Sunday For From With Within Without After
Before Until Upon Under Over And But Not Nothing Nor
"""
_NO_NAMES = frozenset(_COMMON.split())
"""Words that are written with a capital and name nobody."""


def negations(text: str) -> list[tuple[int, int, str]]:
    """Where a verb's negation can be toggled: start, end, and what stands there then."""
    found = [(at.start(), at.end(), at[1]) for at in _NEGATED.finditer(text)]
    for at in _CONTRACTED.finditer(text):
        stem = next(group for group in at.groups() if group)
        found.append((at.start(), at.end(), _like(stem, _WHOLE.get(stem.lower(), stem))))
    found += [(at.end(), at.end(), " not") for at in _PLAIN.finditer(text)]
    return sorted(found)


def _like(model: str, word: str) -> str:
    return word.capitalize() if model[:1].isupper() else word


class Negation(Mutator):
    """One verb is negated, or its negation taken away; the rest of the text stays.

    ``targets`` says what is right then (``{yes: no, no: yes}``), and only samples whose target is
    in it are mutated; without it anything but the old answer is. ``within`` is a word that the
    sentence must have.
    """

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.CHANGES
    spot_check: ClassVar[float] = 0.15

    targets: dict[str, str] = Field(default_factory=dict)
    within: str = ""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """One toggled verb, drawn."""
        if self.targets and seed.target not in self.targets:
            return ()
        sites = [site for site in negations(seed.text) if self._counts(seed.text, site[0])]
        if not sites:
            return ()
        start, end, new = draw.one(sites)
        target = self.targets[seed.target] if self.targets and seed.target else None
        return (Mutated(seed.text[:start] + new + seed.text[end:], target),)

    def _counts(self, text: str, at: int) -> bool:
        if not self.within:
            return True
        start = 0
        for sentence in split(text):
            end = start + len(sentence.text) + len(sentence.gap)
            if start <= at < end:
                return self.within.casefold() in sentence.text.casefold()
            start = end
        return False


class ClauseOrder(Mutator):
    """The sentences in another order; one that leans on its predecessor stays behind it."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.1

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Another order, drawn of all."""
        sentences = split(seed.text)
        groups: list[list[Sentence]] = []
        for sentence in sentences:
            if groups and _BACK.match(sentence.text.lstrip()):
                groups[-1].append(sentence)
            else:
                groups.append([sentence])
        if len(groups) < 2:
            return ()
        order = _shuffled(list(range(len(groups))), draw)
        if order == sorted(order):
            order = order[1:] + order[:1]
        moved = [sentence.text for at in order for sentence in groups[at]]
        gaps = [sentence.gap for sentence in sentences]
        # The last sentence has no gap, and wherever it goes it needs one.
        gaps = [gap or " " for gap in gaps[:-1]] + gaps[-1:]
        text = join([Sentence(each, gap) for each, gap in zip(moved, gaps, strict=True)])
        return () if text == seed.text else (Mutated(text, seed.target),)


def _shuffled(items: list[int], draw: Draw) -> list[int]:
    """Fisher and Yates."""
    for at in range(len(items) - 1, 0, -1):
        other = draw.below(at + 1)
        items[at], items[other] = items[other], items[at]
    return items


class MissingText(Mutator):
    """The text is left out, so that nothing can be answered from it."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.REFUSES

    instead: Annotated[str, Field(min_length=1)] = "[The document is empty.]"
    """What stands in its place."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """Nothing of a text is left; a blank one was not there before."""
        if not seed.text.strip() or seed.text == self.instead:
            return ()
        return (Mutated(self.instead),)


class AmbiguousReference(Mutator):
    """Two names become the same words everywhere, so that nobody can tell who is meant."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.CLARIFIES
    spot_check: ClassVar[float] = 0.25

    instead: Annotated[str, Field(min_length=1)] = "the party"
    """What both are called."""

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """The name that is the right answer is one of them where the text has it."""
        names = list(dict.fromkeys(n for n in _NAME.findall(seed.text) if n not in _NO_NAMES))
        if len(names) < 2:
            return ()
        both = draw.some(names, 2)
        if seed.target in names and seed.target not in both:
            both[0] = seed.target
        called = regex.compile(rf"\b(?:{'|'.join(map(regex.escape, both))})\b")
        starts = _starts(seed.text)

        def instead(found: regex.Match[str]) -> str:
            first = found.start() in starts
            return self.instead[:1].upper() + self.instead[1:] if first else self.instead

        return (Mutated(called.sub(instead, seed.text)),)


def _starts(text: str) -> set[int]:
    """Where sentences begin."""
    at, found = 0, set()
    for sentence in split(text):
        found.add(at + len(sentence.text) - len(sentence.text.lstrip()))
        at += len(sentence.text) + len(sentence.gap)
    return found
