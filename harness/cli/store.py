"""``loragate store``: care for the store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from harness.errors import UsageError
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


@app.command()
def purge(
    case: Annotated[
        list[str] | None, typer.Option(help="Id of a sample, or digest of a case; repeatable.")
    ] = None,
    run: Annotated[list[str] | None, typer.Option(help="Id of a run; repeatable.")] = None,
    older_than: Annotated[
        int | None, typer.Option(min=0, help="Runs that began so many days ago, or earlier.")
    ] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
) -> None:
    """Take texts out of journals and history: prompts, rows, answers, reasons. The record stays.

    Verdicts, scores, digests and numbers are kept, and attempts count as before. It cannot be
    undone. Reports that were rendered, and copies of the store, are not touched.

    Example: `loragate store purge --case customer-4711`
    """
    found = _store(store)
    found.ingest()
    if older_than is not None:
        print(found.expire(older_than, datetime.now(UTC)))
    if case or run:
        print(found.purge(runs=run or (), cases=case or ()))
    elif older_than is None:
        raise UsageError("say what to purge: --case ID, --run ID or --older-than DAYS")


def _store(given: Path | None) -> Store:
    return Store(configured_path("store", ".loragate", given))
