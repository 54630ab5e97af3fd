"""``loragate history``: what earlier gates found, as tables."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.reports.visible import visible
from harness.store.read import Table

from .place import open_store


class Question(StrEnum):
    """What can be asked."""

    RUNS = "runs"
    CHECKS = "checks"
    FLIPS = "flips"
    TREND = "trend"


def history(
    question: Annotated[Question, typer.Argument(help="What to show.")] = Question.RUNS,
    run: Annotated[str | None, typer.Argument(help="Id of a run; the latest by default.")] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
    sql: Annotated[str | None, typer.Option(help="Your own question; read-only.")] = None,
) -> None:
    """Show runs, the checks or flips of one run, or the trend over all of them.

    Example: `loragate history --sql "SELECT * FROM v1.trend"`
    """
    found = open_store(store)
    if sql is not None:
        _print(found.sql(sql))
    elif question is Question.RUNS:
        _print(found.runs())
    elif question is Question.TREND:
        _print(found.trend())
    else:
        run = run or found.latest_run() or ""
        _print(found.checks(run) if question is Question.CHECKS else found.flips(run))


def _print(table: Table) -> None:
    shown = RichTable(box=None, pad_edge=False)
    for name in table.columns:
        shown.add_column(name, no_wrap=True)
    for row in table.rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    # A pipe has no width to cut columns for.
    Console(width=None if sys.stdout.isatty() else 10_000).print(shown)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return visible(", ".join(map(str, value)))
    return "" if value is None else visible(str(value))
