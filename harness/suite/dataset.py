"""Rows of data as samples: streamed, renamed, filtered and drawn, each with its line."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from harness.errors import Problem
from harness.registry import nearest

from .digest import digest
from .filter import Filter, compile_filter
from .formats import columns, jsonl, table
from .formats.row import Hash, Row, Rows, UnusableFileError, UnusableRowError
from .model import Data, Draw
from .schema import shown
from .template import UnusableTemplateError

MAX_ID = 200
NAMELESS = 16
"""Hexadecimal digits that name a row without an id: two of a million rows meet once in 37 million
data sets."""

FORMATS: Mapping[str, Callable[[Path, Hash], Rows]] = {
    "jsonl": jsonl.rows,
    "csv": partial(table.rows, delimiter=","),
    "tsv": partial(table.rows, delimiter="\t"),
    "parquet": columns.parquet,
}
"""By the suffix of a file, or what the suite says instead."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of data."""

    id: str
    cluster: str
    slices: dict[str, str]
    fields: dict[str, Any]
    line: int
    """The first of its lines; in a file of columns, its number. Both from 1."""
    weight: float = 1.0


@dataclass(slots=True)
class Reading:
    """One pass over a data file or a dataset's folder; ``digest`` is complete when the pass is.

    What it holds of all rows is their ids, and of the drawn ones everything.
    """

    path: Path
    shown: str
    """The path as problems name it."""
    data: Data
    fields: dict[str, int] = field(default_factory=dict)
    """Field → how many rows that the filter keeps have it."""
    _met: int = 0
    _left_out: int = 0
    _filter: Filter | None = None
    _renamed: dict[str, str] = field(default_factory=dict)
    """A field's name in the file → its name in the suite."""
    _hash: Any = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self._renamed = {old: new for new, old in self.data.fields.items()}
        if self.data.filter is not None:
            self._filter = compile_filter(self.data.filter)

    @property
    def rows(self) -> int:
        """How many rows the suite asks about: those that were kept, and drawn."""
        kept = self._met - self._left_out
        return kept if self.data.sample is None else min(kept, self.data.sample.n)

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, as ``sha256sum`` prints it; see ``columns.dataset``."""
        return str(self._hash.hexdigest())

    def __iter__(self) -> Iterator[Sample | Problem]:
        """Each row as a sample, or what is wrong with it; the last things may be the file's."""
        found = self._read()
        return found if self.data.sample is None else _drawn(found, self.data.sample)

    def problem(self, line: int | None, message: str) -> Problem:
        """A problem with one line of the file, or with the whole of it."""
        return Problem(self.shown, line, None, message)

    def _read(self) -> Iterator[Sample | Problem]:
        seen: dict[str, int] = {}
        try:
            for line, row in self._rows():
                found = self._sample(line, row, seen)
                if found is not None:
                    yield found
        except UnusableFileError as error:
            yield self.problem(error.line, str(error))
        except OSError as error:
            yield self.problem(None, f"cannot be read: {error.strerror or error}")
        else:
            for message in self._of_the_whole():
                yield self.problem(None, message)

    def _rows(self) -> Rows:
        """The rows as the file's format gives them."""
        split, said = self.data.split, self.data.format
        if S_ISDIR(self.path.stat().st_mode):
            if said is not None:
                raise UnusableFileError("a folder, and 'format' is of a file")
            return columns.dataset(self.path, split, self._hash)
        if split is not None:
            raise UnusableFileError("a file, and 'split' is of a dataset's folder; filter its rows")
        suffix = Path(self.data.path).suffix  # not that of what it links to
        name = said or suffix[1:].lower()
        if name not in FORMATS:
            raise UnusableFileError(
                f"suffix '{suffix}' is no format's; the key 'format' can be {', '.join(FORMATS)}"
            )
        return FORMATS[name](self.path, self._hash)

    def _sample(
        self, line: int, row: Row | UnusableRowError, seen: dict[str, int]
    ) -> Sample | Problem | None:
        """None for a row that the filter leaves out."""
        self._met += 1
        try:
            if isinstance(row, UnusableRowError):
                raise row
            if self._renamed:
                row = self._rename(row)
            if self._filter is not None and not _kept(self._filter, row):
                self._left_out += 1
                return None
            for name in row:
                self.fields[name] = self.fields.get(name, 0) + 1
            sample = self._named(row, line)
        except UnusableRowError as error:
            return self.problem(line, str(error))
        first = seen.setdefault(sample.id, line)
        if first != line:
            what = f"id '{sample.id}'" if self.data.id else "the same row"
            return self.problem(line, f"{what} a second time (the first is in line {first})")
        return sample

    def _rename(self, row: Row) -> Row:
        renamed = {self._renamed.get(name, name): value for name, value in row.items()}
        if len(renamed) < len(row):
            old, new = next(
                (old, new)
                for old, new in self._renamed.items()
                if old in row and new in row and new not in self._renamed
            )
            raise UnusableRowError(f"has '{new}' as well as '{old}', which 'fields' calls '{new}'")
        return renamed

    def _named(self, row: Row, line: int) -> Sample:
        name = _text(row, self.data.id, "id") if self.data.id else _content(row)
        if not 0 < len(name) <= MAX_ID or not name.isprintable():
            raise UnusableRowError(
                f"id {shown(name)} should be 1 to {MAX_ID} characters in one line"
            )
        cluster = _text(row, self.data.cluster, "cluster") if self.data.cluster else name
        slices = {key: _text(row, key, "slice") for key in self.data.slices}
        weight = _weight(row, self.data.weight) if self.data.weight else 1.0
        return Sample(name, cluster, slices, row, line, weight)

    def _of_the_whole(self) -> Iterator[str]:
        """What only the end of the file shows."""
        if not self._met:
            yield "no rows; a sample is one row, in JSON lines one object a line"
        elif self._met == self._left_out:
            yield f"the filter keeps none of {self._met:,} rows"
        if self.fields:
            for new, old in self.data.fields.items():
                if new not in self.fields:
                    near = nearest(old, self.fields)
                    yield f"no row has field '{old}', which 'fields' calls '{new}' ({near})"
        found = f"sha256:{self.digest}"
        if self.data.digest not in (None, found):
            yield f"its digest is {found}, and the suite was written for {self.data.digest}"


def _drawn(found: Iterable[Sample | Problem], draw: Draw) -> Iterator[Sample | Problem]:
    """All problems, then the rows that are drawn, in the order of the file.

    Each row has a number that is made of the seed and its id, and the lowest are drawn: what
    is drawn depends neither on the order of the rows nor, but for its size, on the others.
    """
    highest_first: list[tuple[int, Sample]] = []
    for one in found:
        if isinstance(one, Problem):
            yield one
            continue
        hashed = hashlib.sha256(f"{draw.seed}:{one.id}".encode()).digest()
        entry = (-int.from_bytes(hashed), one)
        if len(highest_first) < draw.n:
            heapq.heappush(highest_first, entry)
        else:
            heapq.heappushpop(highest_first, entry)
    yield from sorted((sample for _, sample in highest_first), key=lambda sample: sample.line)


def _kept(rows: Filter, row: Row) -> bool:
    try:
        return rows.keeps(row)
    except UnusableTemplateError as error:
        raise UnusableRowError(f"filter {error}") from error


def _text(row: Row, key: str, role: str) -> str:
    """An id, cluster or slice as text."""
    value = row.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise _unusable(row, key, role, "text or a whole number")


def _content(row: Row) -> str:
    """A name for a row that has none: whatever moves, it stays."""
    try:
        return digest(row)[:NAMELESS]
    except (ValueError, TypeError) as error:
        raise UnusableRowError(f"cannot be named by its content: {error}") from error


def _weight(row: Row, key: str) -> float:
    """A weight, which a table has as text."""
    value = row.get(key)
    try:
        weight = math.nan if isinstance(value, bool) else float(value or 0)
    except (TypeError, ValueError, OverflowError):
        weight = math.nan
    if not 0 < weight < math.inf:
        raise _unusable(row, key, "weight", "a number above 0")
    return weight


def _unusable(row: Row, key: str, role: str, wanted: str) -> UnusableRowError:
    if key not in row:
        return UnusableRowError(f"no field '{key}' for the {role} ({nearest(key, row)})")
    return UnusableRowError(f"{role} '{key}' should be {wanted}, not {shown(row[key])}")
