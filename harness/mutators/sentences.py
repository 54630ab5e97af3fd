"""Sentences of a text, so that they can be put together again as they were."""

from __future__ import annotations

from dataclasses import dataclass

import regex

_END = regex.compile(r"""[.!?…]["'”’)\]]*\s+|\n\s*""")
_ABBREVIATION = regex.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Art|Sec|Inc|Ltd|vs|e\.g|i\.e|cf)|\b\p{Lu})\.\s+$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, and the white space behind it."""

    text: str
    gap: str = ""


def split(text: str) -> list[Sentence]:
    """The sentences; joined with their gaps they are the text."""
    found: list[Sentence] = []
    start = 0
    for end in _END.finditer(text):
        piece = text[start : end.end()]
        if not piece.strip() or _ABBREVIATION.search(piece[-12:]):
            continue
        bare = piece.rstrip()
        found.append(Sentence(bare, piece[len(bare) :]))
        start = end.end()
    rest = text[start:]
    bare = rest.rstrip()
    return [*found, Sentence(bare, rest[len(bare) :])] if rest else found


def join(sentences: list[Sentence]) -> str:
    """The text of sentences."""
    return "".join(each.text + each.gap for each in sentences)
