"""``loragate bench``: measured claims."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.bench import CELL
from harness.registry import BENCHMARKS
from harness.types import BenchRow


def bench(
    name: Annotated[str, typer.Argument(help="Which one; an unknown name lists them.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the rows here.")
    ] = None,
) -> None:
    """Run a benchmark and print its rows; exits with 1 where a target is missed.

    Example: `loragate bench first-gate --json build/first-gate.json`
    """
    found: list[BenchRow] = BENCHMARKS.load(name)()
    rows = [row for row in found if not row.name.startswith(CELL)]
    Console().print(_table(rows))
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(_json(rows, found), encoding="utf-8")
    raise typer.Exit(1 if any(row.met is False for row in found) else 0)


def _table(rows: Sequence[BenchRow]) -> Table:
    simulated = any(row.error is not None for row in rows)
    errors = ("±",) if simulated else ()
    table = Table("name", "value", *errors, "unit", "target", "met", box=None, pad_edge=False)
    for row in rows:
        value = f"{row.value:g}" if row.value is not None else f"not measured: {row.note}"
        error = ("" if row.error is None else f"{row.error:.2g}",) if simulated else ()
        met = "" if row.met is None else "yes" if row.met else "NO"
        table.add_row(row.name, value, *error, row.unit, row.target or "", met)
    return table


def _json(rows: Sequence[BenchRow], found: Sequence[BenchRow]) -> str:
    """All rows; the cells of a grid, which the table leaves out, in a list of their own."""
    document = {"rows": [asdict(row) for row in rows]}
    cells = [asdict(row) for row in found if row.name.startswith(CELL)]
    if not cells:
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    lines = ",\n  ".join(json.dumps(cell, ensure_ascii=False) for cell in cells)
    head = json.dumps(document, indent=1, ensure_ascii=False).removesuffix("\n}")
    return f'{head},\n "cells": [\n  {lines}\n ]\n}}\n'
