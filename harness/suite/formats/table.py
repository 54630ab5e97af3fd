"""Tables as text: RFC 4180 with a header, cells apart by a comma or a tab, all of them text."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from .row import MAX_ROW, TOO_LONG, Hash, Rows, UnusableFileError, UnusableRowError

_SENTENCES = {
    "field larger than": "a cell of more than 131,072 characters; .jsonl and .parquet take longer",
    "unexpected end": "a quote that is opened here and never closed",
    "new-line character": "a carriage return in a cell without quotes",
    "expected after": "text after a closing quote; a quote inside a cell is written twice",
}
"""By a part of the csv module's own words."""


def rows(path: Path, content: Hash, delimiter: str) -> Rows:
    """The rows below the header; ``content`` is fed the file's bytes.

    A row's line is the first of those that its quoted cells may span; empty lines are no rows.
    Raises UnusableFileError for a header that names no fields, OSError where the file cannot be
    read.
    """
    with path.open("rb") as file:
        lines = _Lines(file, content)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        while True:
            first = lines.begin_row()
            try:
                cells = next(reader)
                if header is not None and cells and len(cells) != len(header):
                    counts = f"{len(cells)} cells, and the header has {len(header)}"
                    raise UnusableRowError(counts)
            except StopIteration:
                return
            except (csv.Error, UnusableRowError) as error:
                wrong = _told(error)
                if header is None:
                    raise UnusableFileError(str(wrong), first) from error
                yield first, wrong
                continue
            if not cells:
                continue
            if header is None:
                header = _named(cells, first)
            else:
                yield first, dict(zip(header, cells, strict=True))


@dataclass(slots=True)
class _Lines:
    """A file's lines as the csv module asks for them."""

    file: BinaryIO
    content: Hash
    number: int = 0
    """Lines that were read."""
    _row: int = 1
    """The first line of the row that is being read."""
    _row_bytes: int = 0

    def begin_row(self) -> int:
        """The line at which the next row begins."""
        self._row, self._row_bytes = self.number + 1, 0
        return self._row

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        raw = self.file.readline(MAX_ROW + 1)
        if not raw:
            raise StopIteration
        self.content.update(raw)
        self.number += 1
        self._row_bytes += len(raw)
        if self._row_bytes > MAX_ROW:
            raise UnusableFileError(TOO_LONG, self._row)
        try:
            return raw.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UnusableRowError(f"not UTF-8: byte 0x{raw[error.start]:02x}") from error


def _named(header: list[str], line: int) -> list[str]:
    if "" in header:
        message = f"column {header.index('') + 1} has no name; the first row names the fields"
        raise UnusableFileError(message, line)
    name, times = Counter(header).most_common(1)[0]
    if times > 1:
        raise UnusableFileError(f"{times} columns are called '{name}'", line)
    return header


def _told(error: csv.Error | UnusableRowError) -> UnusableRowError:
    if isinstance(error, UnusableRowError):
        return error
    said = str(error)
    sentence = next((told for part, told in _SENTENCES.items() if part in said), said)
    return UnusableRowError(f"not CSV: {sentence}")
