"""Rows of data: streamed from JSON lines, each with its id, cluster, slices and line number."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import Problem
from harness.registry import nearest

from .load import MAX_DEPTH
from .model import Data
from .schema import shown

MAX_ROW = 2**20
"""Bytes of one line."""
MAX_ID = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of data."""

    id: str
    cluster: str
    slices: dict[str, str]
    fields: dict[str, Any]
    line: int


class _UnusableRowError(ValueError):
    """A row that is no sample; the message is a sentence."""


@dataclass(slots=True)
class Reading:
    """One pass over a data file; ``digest`` is complete when the pass is."""

    path: Path
    shown: str
    """The path as problems name it."""
    data: Data
    rows: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    """Field → how many rows have it."""
    _hash: Any = field(default_factory=hashlib.sha256)

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, as ``sha256sum`` prints it."""
        return str(self._hash.hexdigest())

    def __iter__(self) -> Iterator[Sample | Problem]:
        """Each row as a sample, or what is wrong with it; the last thing may be the file's."""
        seen: dict[str, int] = {}
        try:
            with self.path.open("rb") as file:
                for line, raw in enumerate(iter(lambda: file.readline(MAX_ROW + 1), b""), 1):
                    self._hash.update(raw)
                    if len(raw) > MAX_ROW:
                        yield self.problem(line, f"a row of more than {MAX_ROW >> 20} MiB")
                        return
                    if not raw.isspace():
                        yield self._sample(line, raw, seen)
        except OSError as error:
            yield self.problem(None, f"cannot be read: {error.strerror or error}")
            return
        if not self.rows:
            yield self.problem(None, "no rows; one JSON object a line is a sample")

    def problem(self, line: int | None, message: str) -> Problem:
        """A problem with one line of the file, or with the whole of it."""
        return Problem(self.shown, line, None, message)

    def _sample(self, line: int, raw: bytes, seen: dict[str, int]) -> Sample | Problem:
        self.rows += 1
        try:
            row = _row(raw, first=line == 1)
            for name in row:
                self.fields[name] = self.fields.get(name, 0) + 1
            sample = self._named(row, line)
        except _UnusableRowError as error:
            return self.problem(line, str(error))
        first = seen.setdefault(sample.id, line)
        if first != line:
            return self.problem(
                line, f"id '{sample.id}' a second time (the first is in line {first})"
            )
        return sample

    def _named(self, row: dict[str, Any], line: int) -> Sample:
        name = self._text(row, self.data.id, "id")
        if not 0 < len(name) <= MAX_ID or not name.isprintable():
            raise _UnusableRowError(
                f"id {shown(name)} should be 1 to {MAX_ID} characters in one line"
            )
        cluster = self._text(row, self.data.cluster, "cluster") if self.data.cluster else name
        slices = {key: self._text(row, key, "slice") for key in self.data.slices}
        return Sample(name, cluster, slices, row, line)

    def _text(self, row: dict[str, Any], key: str, role: str) -> str:
        """An id, cluster or slice as text."""
        value = row.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if key not in row:
            raise _UnusableRowError(f"no field '{key}' for the {role} ({nearest(key, row)})")
        raise _UnusableRowError(
            f"{role} '{key}' should be text or a whole number, not {shown(value)}"
        )


def _row(raw: bytes, *, first: bool) -> dict[str, Any]:
    """The JSON object of one line: no key twice, no NaN, nothing that UTF-8 cannot hold."""
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise _UnusableRowError(f"not UTF-8: byte 0x{raw[error.start]:02x}") from error
    try:
        row = _JSON.decode(text.strip())
    except json.JSONDecodeError as error:
        raise _UnusableRowError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise _UnusableRowError("not JSON that can be read: nested too deep") from error
    except _UnusableRowError:
        raise
    except ValueError as error:  # a number of more digits than Python reads
        raise _UnusableRowError(f"not JSON that can be read: {error}") from error
    if not isinstance(row, dict):
        raise _UnusableRowError(f"should be a JSON object, not {shown(row)}")
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(row) > MAX_DEPTH:
        raise _UnusableRowError(f"nested more than {MAX_DEPTH} deep")
    if "\\ud" in text or "\\uD" in text:
        _check_surrogates(row)
    return row


def _depth(row: dict[str, Any]) -> int:
    depth = 0
    level: list[Any] = [row]
    while level:
        depth += 1
        inside = (v for node in level for v in (node.values() if isinstance(node, dict) else node))
        level = [value for value in inside if isinstance(value, (dict, list))]
    return depth


def _check_surrogates(row: dict[str, Any]) -> None:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _UnusableRowError("half of a surrogate pair, which is no character") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _UnusableRowError(f"key '{twice}' a second time")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _UnusableRowError(f"number {text[:20]} is out of range")
    return number


def _no_constant(text: str) -> NoReturn:
    raise _UnusableRowError(f"{text} is no number")


_JSON = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
)
