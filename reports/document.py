"""The report as plain JSON values: what report.json holds, and README.md describes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from .model import SCHEMA, Report

LEFT_OUT = {"rows"}
"""A hundred thousand answers are asked of the history, not of a file that is read whole."""


def document(report: Report) -> dict[str, Any]:
    """The report as JSON values, ``schema`` first; every record is an object of its fields."""
    told = [field.name for field in fields(report) if field.name not in LEFT_OUT]
    return {"schema": SCHEMA, **{name: _plain(getattr(report, name)) for name in told}}


def to_json(report: Report) -> str:
    """report.json: a line for each key, and ASCII only, so that no text can steer a terminal."""
    lines = (f"{json.dumps(key)}: {_line(value)}" for key, value in document(report).items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _plain(value: object) -> object:
    """Records, enums, tuples and paths as JSON knows them; an infinite setting as text."""
    if value is None or type(value) in (str, bool, int):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
