"""What every format gives: rows of plain values one by one, or what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

MAX_ROW = 2**20
"""Bytes of one row in a text file; characters and values of one row of columns."""
TOO_LONG = f"a row of more than {MAX_ROW >> 20} MiB"

Row = dict[str, Any]
"""Text, numbers that are finite, true, false and None, in lists and mappings of each other."""


class UnusableRowError(ValueError):
    """A row that is no sample; the message is a sentence, and the next row can be read."""


class UnusableFileError(ValueError):
    """A file of which no more can be read; ``line`` is where, if it is at a line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


Rows = Iterator[tuple[int, Row | UnusableRowError]]
"""Each row with the first of its lines, from 1; of columns, with its number."""


class Hash(Protocol):
    """One of ``hashlib``'s, which a pass over the rows feeds."""

    def update(self, data: bytes, /) -> None:
        """Add bytes in the order in which they are read."""
