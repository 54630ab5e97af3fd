"""Text from models and data, made inert and visible.

Every character that steers a terminal, a browser or a reader's eye without being seen
(controls, ANSI escapes, bidi and zero-width characters, private use, lone surrogates) becomes
a visible stand-in. Nothing here knows about HTML or Markdown: they escape what is left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Drawn as nothing although Unicode calls them letters, marks or symbols."""
_COMBINING = {"Mn", "Me"}
_NAMES = {"\t": "⇥", "\0": "⟨NUL⟩", "\a": "⟨BEL⟩", "\b": "⟨BS⟩", "\r": "⟨CR⟩", "\x1b": "⟨ESC⟩"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; ``mark`` where it stands for something that cannot be seen."""

    text: str
    mark: bool = False


def visible(text: str) -> str:
    """The text as one line in which nothing is hidden; a line break is ``↵``."""
    return "".join(piece.text for piece in _pieces(text) if piece.text != "\n")


def shortened(text: str, limit: int) -> str:
    """``visible`` text, cut after ``limit`` characters with ``…``."""
    return visible(text) if len(text) <= limit else visible(text[:limit]) + "…"


def pieces(text: str, limit: int) -> list[Piece]:
    """The same for a page: lines stay lines, and what was invisible is marked.

    At most ``limit`` characters of the text are kept; the middle goes, and is counted.
    """
    if len(text) <= limit:
        return list(_pieces(text))
    tail = limit // 4
    gap = Piece(f" … {len(text) - limit:,} more characters … ", mark=True)
    return [*_pieces(text[: limit - tail]), gap, *_pieces(text[-tail:])]


def _pieces(text: str) -> Iterator[Piece]:
    start = 0
    for found in _unseen(_special(text)).finditer(text):
        if found.start() > start:
            yield Piece(text[start : found.start()])
        yield from _stand_in(found.group())
        start = found.end()
    if start < len(text):
        yield Piece(text[start:])


def _stand_in(found: str) -> Iterator[Piece]:
    if found == "\n":
        yield Piece("↵", mark=True)
        yield Piece("\n")
    elif found[0] == " ":
        yield Piece("·" * len(found), mark=True)
    else:
        for char in found:
            yield Piece(_NAMES.get(char, f"⟨U+{ord(char):04X}⟩"), mark=True)


def _special(text: str) -> tuple[str, str]:
    """The hidden and the combining characters that occur in a text."""
    if text.isascii() and text.isprintable():
        return "", ""
    hidden, combining = [], []
    for char in sorted(set(text) - {" ", "\n"}):
        category = unicodedata.category(char)
        if category in _HIDDEN or char in _HIDDEN_LETTERS or "VARIATION" in _name(char):
            hidden.append(char)
        elif category in _COMBINING:
            combining.append(char)
    return "".join(hidden), "".join(combining)


def _name(char: str) -> str:
    return unicodedata.name(char, "")


@lru_cache(maxsize=256)
def _unseen(special: tuple[str, str]) -> re.Pattern[str]:
    hidden, combining = (re.escape(chars) for chars in special)
    # Spaces are seen between two words; at the end of a line, or doubled, they are not.
    parts = [r"\n", r"(?<![^\n]) +", r" +(?![^\n])", r" {2,}"]
    if hidden:
        parts.append(f"[{hidden}]+")
    if combining:
        # Two marks on a letter are Vietnamese, more are a tower over the lines above.
        parts.append(f"(?<=[{combining}]{{2}})[{combining}]+")
    return re.compile("|".join(parts))
