"""``loragate store``: care for the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.store.store import Store

from .place import configured_path

app = typer.Typer(help="Care for the store.", no_args_is_help=True)


@app.callback()
def store() -> None:
    """Care for the store."""


@app.command()
def ingest(
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
) -> None:
    """Take journals into the history that a gate could not: it was locked, or was killed.

    Example: `loragate store ingest`
    """
    report = Store(configured_path("store", ".loragate", store)).ingest()
    print(report)
