"""``loragate bench``: measured claims."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

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
    rows: list[BenchRow] = BENCHMARKS.load(name)()
    table = Table("name", "value", "unit", "target", "met", box=None, pad_edge=False)
    for row in rows:
        value = f"{row.value:g}" if row.value is not None else f"not measured: {row.note}"
        met = "" if row.met is None else "yes" if row.met else "NO"
        table.add_row(row.name, value, row.unit, row.target or "", met)
    Console().print(table)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"rows": [asdict(row) for row in rows]}, indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    raise typer.Exit(1 if any(row.met is False for row in rows) else 0)
