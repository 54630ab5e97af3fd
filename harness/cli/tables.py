"""Tables on a terminal, in a pipe, and as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import datetime

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.reports.visible import visible
from harness.store.read import Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings by which a spreadsheet takes text for a formula."""


def show(table: Table) -> None:
    """Print a table for people: numbers to four digits, one line a row, nothing hidden."""
    shown = RichTable(box=None, pad_edge=False)
    for name in table.columns:
        shown.add_column(name, no_wrap=True)
    for row in table.rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    # A pipe has no width to cut columns for.
    Console(width=None if sys.stdout.isatty() else 10_000).print(shown)


def to_json(table: Table) -> str:
    """A list with an object for each row; ASCII, times by ISO 8601."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return json.dumps(rows, indent=1, default=_plain)


def to_csv(table: Table) -> str:
    """RFC 4180 with a header; text that a spreadsheet would calculate begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows([_field(value) for value in row] for row in table.rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return visible(", ".join(map(str, value)))
    return "" if value is None else visible(str(value))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _field(value: object) -> object:
    if isinstance(value, list | dict):
        value = json.dumps(value, default=_plain)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return _plain(value) if isinstance(value, datetime) else value
