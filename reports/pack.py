"""The rows of a report as the page carries them: JSON and text, gzip, base64.

Two parts: an index (names, slices, states, scores), which the page reads before it is interactive,
and the texts, which it reads after. One file of 100,000 rows as an HTML table would take a
browser half a minute; this takes it a fraction of a second.
"""

from __future__ import annotations

import base64
import gzip
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from .model import Report, State, TaskRows
from .rounding import rounded

LONGEST, SHORTEST = 20_000, 40
"""Characters that are kept of a text of a case that did not move; below these there are none."""
MOVED = 4_000
"""Of a case that was lost, won or not measured, at least so many."""
MOST_CHARACTERS = 64_000_000
"""Of all texts: what a browser holds without trouble, twice, for it searches in lower case."""
MOST_BYTES = 14_000_000
"""Of the texts, packed."""

STRETCHES, STRETCH = 10, 2_000
"""Of texts, from which it is told how well all of them pack."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What the page carries."""

    rows: int
    index: str
    texts: str
    limit: int
    """Longer texts of cases that did not move were cut to so many characters: their middle goes."""
    cut: int
    """How many texts were cut, of whichever cases."""


def packed(report: Report, characters: int = MOST_CHARACTERS, size: int = MOST_BYTES) -> Packed:
    """The rows of a report in at most ``characters`` of text, and ``size`` bytes once packed.

    Texts of cases that did not move are cut as far as it takes, at last to nothing; the page
    then is as large as the others make it.
    """
    index = _packed(_index(report))
    width = 2 + 2 * len(report.arms)
    texts, moved = list(_texts(report.rows)), _moved(report.rows)
    still = [not one for one in moved for _ in range(width)]
    lengths = [(len(text), one) for text, one in zip(texts, still, strict=True) if text]
    limit = LONGEST
    expected = size / _density(texts)
    if expected < 0.9 * _kept(lengths, limit):
        characters = min(characters, int(expected))  # spares packing what is far too long
    while True:
        limit = _fitting(lengths, limit, characters)
        blob = _packed(_blob(texts, still, limit))
        if len(blob) <= size or not limit:
            break
        # What shorter texts may have together: they pack a little worse than these.
        characters = int(0.95 * _kept(lengths, limit) * size / len(blob))
    cut = sum(length > _limit(one, limit) for length, one in lengths)
    return Packed(len(moved), index, blob, limit, cut)


def _density(texts: Sequence[str | None]) -> float:
    """Packed bytes of a character, from stretches of the texts, evenly spread."""
    step = max(STRETCH, len(texts) // STRETCHES)
    some = [t for at in range(0, len(texts), step) for t in texts[at : at + STRETCH] if t]
    content = "\n".join(some)
    return len(_packed(content.encode(errors="replace"))) / max(1, len(content))


def _limit(still: bool, limit: int) -> int:
    return limit if still else max(limit, MOVED)


def _kept(lengths: Iterable[tuple[int, bool]], limit: int) -> int:
    return sum(min(length, _limit(still, limit)) for length, still in lengths)


def _fitting(lengths: Sequence[tuple[int, bool]], limit: int, characters: int) -> int:
    """The largest limit up to ``limit`` that keeps at most so many characters; 0 below SHORTEST."""
    if _kept(lengths, limit) <= characters:
        return limit
    low = bisect_right(range(limit), characters, key=lambda limit: _kept(lengths, limit)) - 1
    return low if low >= SHORTEST else 0


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")


def _index(report: Report) -> bytes:
    """Names, and one array a column; a slice and an origin as places in their lists of values."""
    document = {
        "arms": [{"name": arm.name, "role": arm.role} for arm in report.arms],
        "candidates": [candidate.name for candidate in report.candidates],
        "states": [str(state) for state in State],
        "tasks": [_task(task) for task in report.rows],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _task(task: TaskRows) -> dict[str, object]:
    places = {state: place for place, state in enumerate(State)}
    return {
        "suite": task.suite,
        "task": task.task,
        "scorers": task.scorers,
        "samples": task.samples,
        "origin": _coded(task.origins),
        "slices": [{"name": name, **_coded(values)} for name, values in task.slices.items()],
        "scores": [[[_number(v) for v in values] for values in arm] for arm in task.scores],
        "against": task.against,
        "states": {
            name: [places[state] for state in states] for name, states in task.states.items()
        },
    }


def _coded(values: Sequence[str]) -> dict[str, object]:
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return {"values": list(codes), "codes": [codes[value] for value in values]}


def _number(value: float | None) -> float | int | None:
    if value is None:
        return None
    shown = rounded(value)
    return int(shown) if shown.is_integer() else shown


def _texts(rows: Iterable[TaskRows]) -> Iterator[str | None]:
    """Prompt and target of each case, then answer and note of each arm; None: there is none."""
    for task in rows:
        by_arm = chain.from_iterable(zip(task.answers, task.notes, strict=True))
        yield from chain.from_iterable(zip(task.prompts, task.targets, *by_arm, strict=True))


def _moved(rows: Iterable[TaskRows]) -> list[bool]:
    """Of each case, whether for any candidate it is anything but unchanged."""
    return [
        any(state is not State.SAME for state in states)
        for task in rows
        for states in zip(*task.states.values(), strict=True)
    ]


def _blob(texts: Iterable[str | None], still: Iterable[bool], limit: int) -> bytes:
    """Lengths in UTF-16 units, as JavaScript counts, in one line of JSON; then the texts.

    A line break follows each text, so that no search runs from one into the next.
    """
    kept = [
        _shorter(text, most) if text is not None and (most := _limit(one, limit)) else None
        for text, one in zip(texts, still, strict=True)
    ]
    lengths = [-1 if text is None else _units(text) for text in kept]
    lines = [json.dumps(lengths, separators=(",", ":")), *(text or "" for text in kept), ""]
    return "\n".join(lines).encode()


def _shorter(text: str, limit: int) -> str:
    if len(text) > limit:
        tail = limit // 4
        gone = f" … {len(text) - limit:,} more characters … "
        text = text[: limit - tail] + gone + text[-tail:]
    if text.isascii():
        return text
    # A lone surrogate has no UTF-8; a pair of them, as JSON may have it, is one character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
