"""JSON as RFC 8259 has it, without Python's own additions."""

from __future__ import annotations

import json
from typing import Any

MAX_DIGITS = 4000
"""Of an integer; Python refuses to read longer ones, which JSON allows."""


def read_json(text: str) -> Any:
    """The value that a whole text is; ValueError with a sentence where it is no JSON (RFC 8259)."""
    try:
        return json.loads(text, parse_int=_integer, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep to be read") from error


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


def _refuse(constant: str) -> None:
    raise ValueError(f"no JSON: {constant} is no number of it")
