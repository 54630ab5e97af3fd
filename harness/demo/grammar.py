"""Contracts from a seeded grammar: documents whose clauses share parties, state and dates.

Constants are fixed (``phrasing``); everything else is drawn from the ``random.Random`` that
the caller passes in, so a document is a function of its seed alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from harness.demo.phrasing import (
    CLAUSES,
    CROSS_REFERENCES,
    INCORPORATIONS,
    JURISDICTIONS,
    MONTHS,
    PARTIES,
    STATES,
)

TYPES = tuple(CLAUSES)
NO_STATE = "none"
CONFLICT = "conflict"
LONG_WORDS = 24
"""From this many words on a clause counts as long."""

_ALTERNATION = re.compile(r"\(([^()]*\|[^()]*)\)")


class Families(StrEnum):
    """The phrasing families that a split may use. No two splits share one."""

    TRAIN = "train"
    DEV = "dev"
    GATE = "gate"

    def of(self, phrasings: Sequence[str]) -> Sequence[str]:
        """The share of ``phrasings`` that belongs to this split."""
        first, last = {"train": (0, 8), "dev": (8, 12), "gate": (12, 16)}[self.value]
        return phrasings[first:last]


class Pattern(StrEnum):
    """What a clause says about its governing state."""

    PLAIN = "plain"
    """It names one state, the governing one."""
    ELSEWHERE = "elsewhere"
    """It also names a state that has nothing to do with the governing law."""
    ABSENT = "absent"
    """It names no governing state (but perhaps a company's seat)."""
    CONFLICT = "conflict"
    """It names two governing states."""


@dataclass(frozen=True, slots=True)
class Document:
    """What all clauses of one contract share."""

    id: str
    parties: tuple[str, str]
    state: str
    other: str
    """Another state: a company's seat, or the second governing law of a conflict."""
    date: str
    amount: str
    days: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause with its true labels."""

    document: Document
    clause_type: str
    pattern: Pattern
    text: str
    state: str
    """The governing state, ``none`` where it names none, ``conflict`` where it names two."""

    @property
    def length(self) -> str:
        """``short`` or ``long``, a slice of the suite."""
        return "long" if len(self.text.split()) >= LONG_WORDS else "short"


def document(id: str, rng: Random) -> Document:
    """One contract's parties, states, date, amount and term."""
    state, other = rng.sample(STATES, 2)
    first, second = rng.sample(PARTIES, 2)
    return Document(
        id=id,
        parties=(first, second),
        state=state,
        other=other,
        date=f"{rng.choice(MONTHS)} {rng.randint(1, 28)}",
        amount=f"${rng.randint(2, 98)},000",
        days=rng.choice((10, 15, 20, 30, 45, 60, 90)),
    )


def clause(
    of: Document, clause_type: str, pattern: Pattern, families: Families, rng: Random
) -> Clause:
    """One clause of a contract, said in the phrasing families of a split.

    A governing law clause cannot leave the state out: there ABSENT becomes PLAIN.
    """
    if clause_type == "governing law" and pattern is Pattern.ABSENT:
        pattern = Pattern.PLAIN

    def say(phrasings: Sequence[str], **values: str) -> str:
        return _say(rng.choice(families.of(phrasings)), of, rng, **values)

    sentences = [say(CLAUSES[clause_type], state=of.state)]
    if clause_type != "governing law" and pattern is not Pattern.ABSENT:
        sentences.append(say(JURISDICTIONS, state=of.state))
    if pattern is Pattern.CONFLICT:
        sentences.append(say(JURISDICTIONS, state=of.other))
    elif pattern is Pattern.ELSEWHERE or (pattern is Pattern.ABSENT and rng.random() < 0.5):
        sentences.insert(rng.randint(0, len(sentences)), say(INCORPORATIONS, other=of.other))
    if rng.random() < 0.4:
        phrasing = rng.choice(families.of(CROSS_REFERENCES))
        sentences.insert(
            rng.choice((0, len(sentences))), _cross_reference(phrasing, of, clause_type, rng)
        )
    state = {Pattern.ABSENT: NO_STATE, Pattern.CONFLICT: CONFLICT}.get(pattern, of.state)
    return Clause(of, clause_type, pattern, " ".join(sentences), state)


def section(of: Document, clause_type: str, rng: Random) -> str:
    """A section of a contract as the base reads it, unlabelled: sentences on one topic.

    Like any pretrained model, the base has read wordings that no adapter is trained on; that
    they share sections is how it learns that they are about the same thing.
    """
    core = rng.sample(CLAUSES[clause_type], 2)
    sentences = [_say(one, of, rng, state=of.state) for one in core]
    if clause_type != "governing law":
        sentences.append(_say(rng.choice(JURISDICTIONS), of, rng, state=of.state))
    if rng.random() < 0.5:
        sentences.append(_say(rng.choice(INCORPORATIONS), of, rng, other=of.other))
    if rng.random() < 0.5:
        sentences.append(_cross_reference(rng.choice(CROSS_REFERENCES), of, clause_type, rng))
    rng.shuffle(sentences)
    return f"Clause: {' '.join(sentences)}\n"


def _cross_reference(phrasing: str, of: Document, clause_type: str, rng: Random) -> str:
    """A sentence that names another type than the clause's own."""
    topic = rng.choice([other for other in TYPES if other != clause_type])
    return _say(phrasing, of, rng, topic=topic, section=str(rng.randint(2, 19)))


def _say(phrasing: str, of: Document, rng: Random, **values: str) -> str:
    """One sentence: alternations chosen, blanks filled, the first letter in upper case."""
    while found := _ALTERNATION.search(phrasing):
        choice = rng.choice(found.group(1).split("|"))
        phrasing = phrasing[: found.start()] + choice + phrasing[found.end() :]
    first, second = of.parties if rng.random() < 0.5 else of.parties[::-1]
    filled = phrasing.format(
        a=first, b=second, date=of.date, amount=of.amount, days=of.days, **values
    )
    return filled[0].upper() + filled[1:]
