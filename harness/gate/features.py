"""What holds for a case or does not: words of its prompt, slices, length, target, the answer."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.types import Case

LEAST = 3
"""Cases that a feature holds for, below which it is not looked at."""
LONGER = 1.5
"""How many times as long as the reference's an answer is before it is called longer."""
MOST_TEXT = 2_000
MOST_TEXT_OF_ALL = 500_000
"""Characters of prompts that are read for words: of one case, and of all together."""
MOST_NAME = 200
"""Characters of a target or an answer that can be a feature."""
QUARTERS = ("shortest", "second", "third", "longest")

_WORD = re.compile(r"\w+(?:['’]\w+)*")

Answers = Mapping[str, tuple[str | None, str | None]]
"""Case digest → what the reference and what the candidate said."""
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Trait(StrEnum):
    """What a feature is about; of features that hold for the same cases the first is named."""

    SLICE = "slice"
    TARGET = "target"
    FORM = "form"
    """Of the candidate's answer: ``empty``, or ``longer`` or ``shorter`` than the reference's."""
    ANSWER = "answer"
    """The candidate's answer itself."""
    LENGTH = "length"
    """The quarter of the prompts by length, of ``QUARTERS``."""
    PHRASE = "phrase"
    """Two words in a row in the prompt."""
    WORD = "word"
    """One word in the prompt."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that holds for a case or does not."""

    trait: Trait
    name: str
    """``clause_type = payment`` of a slice; case-folded of words."""


@dataclass(frozen=True, slots=True)
class Table:
    """Which feature holds for which case: pairs of a row and a column, each once.

    It has the features that hold for at least ``LEAST`` cases, and not for all.
    """

    rows: Integers
    columns: Integers
    features: tuple[Feature, ...]
    """By column."""

    def sums(self, weights: Floats) -> Floats:
        """For each feature [F], the sum of the weights [n] of its cases."""
        width = len(self.features)
        sums: Floats = np.bincount(self.columns, weights[self.rows], width).astype(np.float64)
        return sums

    def cases(self, column: int) -> frozenset[int]:
        """The rows that a feature holds for."""
        return frozenset(self.rows[self.columns == column].tolist())


def tabulate(cases: Sequence[Case], answers: Answers) -> Table:
    """The features of cases; row i is case i."""
    facts, known = _coded(_facts(cases, answers))
    words, spelt = _coded(_words(cases))
    width = len(spelt)

    def phrase(code: int) -> Feature:
        return Feature(Trait.PHRASE, f"{spelt[code // width]} {spelt[code % width]}")

    tables = [
        _table(facts, len(cases), lambda code: Feature(*known[code])),
        _table(_phrases(words, width), len(cases), phrase),
        _table(words, len(cases), lambda code: Feature(Trait.WORD, spelt[code])),
    ]
    starts = itertools.accumulate((len(one.features) for one in tables[:-1]), initial=0)
    return Table(
        rows=np.concatenate([one.rows for one in tables]),
        columns=np.concatenate(
            [one.columns + start for one, start in zip(tables, starts, strict=True)]
        ),
        features=tuple(feature for one in tables for feature in one.features),
    )


@dataclass(frozen=True, slots=True)
class _Entries:
    """What stands in which row, in the order of the rows."""

    rows: Integers
    codes: Integers


Entry = TypeVar("Entry", bound=Hashable)


def _coded(rows: Iterable[Iterable[Entry]]) -> tuple[_Entries, list[Entry]]:
    """Entries as numbers, which are places in the list."""
    codes: dict[Entry, int] = {}
    coded = [[codes.setdefault(entry, len(codes)) for entry in row] for row in rows]
    lengths = [len(row) for row in coded]
    flat = np.fromiter(itertools.chain.from_iterable(coded), np.int64, sum(lengths))
    return _Entries(np.repeat(np.arange(len(coded)), lengths), flat), list(codes)


def _phrases(words: _Entries, width: int) -> _Entries:
    """Words that follow each other in a row, as first · width + second."""
    inside = words.rows[1:] == words.rows[:-1]
    pairs = words.codes[:-1] * width + words.codes[1:]
    return _Entries(words.rows[1:][inside], pairs[inside])


def _table(entries: _Entries, n: int, feature: Callable[[int], Feature]) -> Table:
    """The codes that stand in at least ``LEAST`` of n rows and not in all of them."""
    found, columns, count = np.unique(entries.codes, return_inverse=True, return_counts=True)
    often = count[columns] >= LEAST
    pairs = np.sort(columns[often] * n + entries.rows[often])
    columns, rows = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], max(1, n))
    held = np.bincount(columns, minlength=len(found))
    kept = (held >= LEAST) & (held < n)
    chosen, place = kept[columns], np.cumsum(kept) - 1
    features = tuple(feature(code) for code in found[kept].tolist())
    return Table(rows[chosen], place[columns[chosen]], features)


def _facts(cases: Sequence[Case], answers: Answers) -> Iterator[Iterator[tuple[Trait, str]]]:
    """What is known of each case besides its words."""
    lengths = [len(case.prompt) for case in cases]
    quarters = np.searchsorted(np.quantile(lengths or [0], (0.25, 0.5, 0.75)), lengths)
    for case, quarter in zip(cases, quarters.tolist(), strict=True):
        yield _of_case(case, QUARTERS[quarter], *answers.get(case.digest, (None, None)))


def _of_case(
    case: Case, quarter: str, reference: str | None, candidate: str | None
) -> Iterator[tuple[Trait, str]]:
    for name, value in case.slices.items():
        yield Trait.SLICE, f"{name} = {value}"
    if case.target is not None and len(case.target) <= MOST_NAME:
        yield Trait.TARGET, case.target
    yield Trait.LENGTH, quarter
    if candidate is None:
        return
    said = candidate.strip()
    if not said:
        yield Trait.FORM, "empty"
    elif len(said) <= MOST_NAME:
        yield Trait.ANSWER, said
    if reference is not None and said and not case.choices:
        if len(said) > LONGER * len(reference.strip()):
            yield Trait.FORM, "longer"
        elif LONGER * len(said) < len(reference.strip()):
            yield Trait.FORM, "shorter"


def _words(cases: Sequence[Case]) -> Iterator[list[str]]:
    """The words of each prompt, from where the prompts begin to differ."""
    start = _common_start([case.prompt for case in cases])
    most = min(MOST_TEXT, MOST_TEXT_OF_ALL // max(1, len(cases)))
    for case in cases:
        yield _WORD.findall(case.prompt[start : start + most].casefold())


def _common_start(prompts: Sequence[str]) -> int:
    """Characters that all prompts begin with, back to the start of a word."""
    first, last = min(prompts, default=""), max(prompts, default="")
    same = (one == other for one, other in zip(first, last, strict=False))
    common = sum(itertools.takewhile(bool, same))
    while common and first[common - 1].isalnum():
        common -= 1
    return common
