"""Single values to JSON in UTF-8 and back; strict, so that they come back equal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import TypeAlias

from harness.errors import StoreError

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What ``json`` reads and writes."""

ESCAPE = "\ufdd0"
"""A Unicode noncharacter (reserved for such internal use) that opens an escape.

UTF-8 has no form for a lone surrogate, yet a model or a data file can produce one. It is kept
as U+FDD0 and four hexadecimal digits; U+FDD0 itself likewise. All other text is kept as it is.
"""

_UNWRITABLE = re.compile("[\ud800-\udfff\ufdd0]")
_ESCAPED = re.compile("\ufdd0([0-9A-F]{4})")


def misfit(value: object, wanted: str) -> StoreError:
    """The error for a value of a wrong type."""
    return StoreError(f"{value!r:.80} is a {type(value).__name__}, where {wanted} belongs")


def escaped(value: str) -> str:
    """Text with what UTF-8 cannot carry escaped."""
    if value.isascii():
        return value
    return _UNWRITABLE.sub(lambda found: f"{ESCAPE}{ord(found[0]):04X}", value)


def write_text(value: object) -> str:
    """The JSON of a text."""
    if not isinstance(value, str):
        raise misfit(value, "a str")
    return encode_basestring(value if value.isascii() else escaped(value))


def decode_text(value: object) -> str:
    """The text that ``escaped`` was given."""
    if not isinstance(value, str):
        raise misfit(value, "a str")
    if ESCAPE not in value:
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


def number(value: object) -> float:
    """A finite float; an int will do."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise misfit(value, "a float")
    if not math.isfinite(value):
        raise StoreError(f"{value!r} is no finite number; what could not be measured is None")
    return float(value)


def write_number(value: object) -> str:
    """The JSON of a finite float: the shortest digits that come back equal."""
    return float.__repr__(number(value))


def integer(value: object) -> int:
    """An int of at most 64 bits, and no bool."""
    if type(value) is not int:
        raise misfit(value, "an int")
    if not -(2**63) <= value < 2**63:
        raise StoreError(f"{value} does not fit 64 bits")
    return value


def write_integer(value: object) -> str:
    """The JSON of an int of at most 64 bits."""
    return int.__repr__(integer(value))


def truth(value: object) -> bool:
    """A bool, and no number."""
    if type(value) is not bool:
        raise misfit(value, "a bool")
    return value


def write_truth(value: object) -> str:
    """The JSON of a bool."""
    return "true" if truth(value) else "false"


def write_json(value: object) -> str:
    """The JSON of any JSON value; a tuple is refused because it would come back as a list."""
    if isinstance(value, str):
        return write_text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return write_truth(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return write_number(value)
    if isinstance(value, list):
        return f"[{','.join([write_json(item) for item in value])}]"
    if isinstance(value, Mapping):
        items = [f"{write_text(key)}:{_write_item(key, item)}" for key, item in value.items()]
        return f"{{{','.join(items)}}}"
    raise misfit(value, "a JSON value (None, bool, int, float, str, list or dict)")


def decode_json(value: object) -> Plain:
    """The value that ``write_json`` was given."""
    if isinstance(value, str):
        return decode_text(value)
    if isinstance(value, list):
        return [decode_json(item) for item in value]
    if isinstance(value, dict):
        return {decode_text(key): decode_json(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise misfit(value, "a JSON value")


def _write_item(key: str, value: object) -> str:
    try:
        return write_json(value)
    except StoreError as error:
        raise StoreError(f"{key}: {error}") from None
