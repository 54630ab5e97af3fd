"""What two texts do not share, word by word, in their visible form.

The same is drawn in static/text.js for any case; here for what the page shows without scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from .visible import Piece, pieces

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pieces that both texts have, or only this one (``own``)."""

    pieces: tuple[Piece, ...]
    own: bool = False


def differences(reference: str, candidate: str, limit: int) -> tuple[list[Stretch], list[Stretch]]:
    """Both texts, each cut to ``limit`` characters as ``pieces`` cuts them, in stretches.

    White space counts as a word. Texts without a word in common are one stretch each, shared:
    there is nothing to find in them.
    """
    ours, theirs = (list(_words(pieces(text, limit))) for text in (candidate, reference))
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    blocks = matcher.get_matching_blocks()
    left, right = [True] * len(theirs), [True] * len(ours)
    for a, b, size in blocks:
        left[a : a + size] = right[b : b + size] = [False] * size
    if not any(
        not own and not word.mark and word.text.strip()
        for word, own in zip(theirs, left, strict=True)
    ):
        left, right = [False] * len(theirs), [False] * len(ours)
    return _stretches(theirs, left), _stretches(ours, right)


def _words(found: Sequence[Piece]) -> Iterator[Piece]:
    for piece in found:
        if piece.mark:
            yield piece
        else:
            yield from map(Piece, _WORDS.findall(piece.text))


def _stretches(words: Sequence[Piece], own: Sequence[bool]) -> list[Stretch]:
    runs = groupby(zip(own, words, strict=True), key=lambda pair: pair[0])
    return [Stretch(tuple(word for _, word in run), is_own) for is_own, run in runs]
