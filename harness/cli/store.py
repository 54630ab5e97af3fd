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
    print(_store(store).ingest())


@app.command()
def verify(
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
) -> None:
    """Compare the history with every journal; exits 1 and says what is wrong, if anything is.

    Example: `loragate store verify`
    """
    problems = _store(store).verify()
    print("\n".join(problems) or "the history holds what the journals hold")
    if problems:
        raise typer.Exit(1)


@app.command()
def rebuild(
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
) -> None:
    """Make the history anew from the journals and put it in the place of the old one.

    A run whose journal was moved away is in the new history no more.

    Example: `loragate store rebuild`
    """
    print(_store(store).rebuild())


def _store(given: Path | None) -> Store:
    return Store(configured_path("store", ".loragate", given))
