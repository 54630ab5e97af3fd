"""JSON lines: one object a line, as strictly as RFC 8259 allows to read it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from ..load import MAX_DEPTH
from ..schema import shown
from .row import MAX_ROW, TOO_LONG, Hash, Row, Rows, UnusableFileError, UnusableRowError


def rows(path: Path, content: Hash) -> Rows:
    """The objects of a file; ``content`` is fed its bytes. OSError where it cannot be read."""
    with path.open("rb") as file:
        for line, raw in enumerate(iter(lambda: file.readline(MAX_ROW + 1), b""), 1):
            content.update(raw)
            if len(raw) > MAX_ROW:
                raise UnusableFileError(TOO_LONG, line)
            if raw.isspace():
                continue
            try:
                row: Row | UnusableRowError = _row(raw, first=line == 1)
            except UnusableRowError as error:
                row = error
            yield line, row


def _row(raw: bytes, *, first: bool) -> Row:
    """The JSON object of one line: no key twice, no NaN, nothing that UTF-8 cannot hold."""
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise UnusableRowError(f"not UTF-8: byte 0x{raw[error.start]:02x}") from error
    try:
        row = _JSON.decode(text.strip())
    except json.JSONDecodeError as error:
        raise UnusableRowError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise UnusableRowError("not JSON that can be read: nested too deep") from error
    except UnusableRowError:
        raise
    except ValueError as error:  # a number of more digits than Python reads
        raise UnusableRowError(f"not JSON that can be read: {error}") from error
    if not isinstance(row, dict):
        raise UnusableRowError(f"should be a JSON object, not {shown(row)}")
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(row) > MAX_DEPTH:
        raise UnusableRowError(f"nested more than {MAX_DEPTH} deep")
    if "\\ud" in text or "\\uD" in text:
        _check_surrogates(row)
    return row


def _depth(row: Row) -> int:
    depth = 0
    level: list[Any] = [row]
    while level:
        depth += 1
        inside = (v for node in level for v in (node.values() if isinstance(node, dict) else node))
        level = [value for value in inside if isinstance(value, (dict, list))]
    return depth


def _check_surrogates(row: Row) -> None:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UnusableRowError("half of a surrogate pair, which is no character") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UnusableRowError(f"key '{twice}' a second time")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnusableRowError(f"number {text[:20]} is out of range")
    return number


def _no_constant(text: str) -> NoReturn:
    raise UnusableRowError(f"{text} is no number")


_JSON = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
)
