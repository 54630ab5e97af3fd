"""Bringing the history's schema up to date: numbered SQL files, all or nothing.

A migration never touches the file in use: it works on a copy, in one transaction, counts that
no row was lost, and takes the file's place by a rename. Whatever another process still adds to
the old file meanwhile is not lost either, for the next ingestion takes it from the journals.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.store.connect import ANEW, WAIT, connect
from harness.store.journal import sync_directory
from harness.store.lock import alone

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DIRECTORY = Path(__file__).parent / "migrations"
_BUSY = "another process is migrating this store: try again"


def migrations(directory: Path = DIRECTORY) -> tuple[Path, ...]:
    """The migration files in order; raises StoreError unless they count up from 1."""
    files = tuple(sorted(directory.glob("*.sql")))
    for number, file in enumerate(files, start=1):
        if not file.name.startswith(f"{number:04d}_"):
            raise StoreError(f"{file}: migration {number:04d} belongs here")
    return files


@contextmanager
def reading(
    path: Path, *, sandbox: bool = False, wait: float = WAIT
) -> Iterator[DuckDBPyConnection]:
    """The history open for queries, its schema up to date. See ``connect``."""
    with _current(path, read_only=True, sandbox=sandbox, wait=wait) as connection:
        yield connection


@contextmanager
def writing(path: Path, *, wait: float = WAIT) -> Iterator[DuckDBPyConnection]:
    """The history open for ingestion, created or brought up to date first. See ``connect``."""
    if _is_new(path):
        migrate(path, wait=wait)
    with _current(path, read_only=False, sandbox=False, wait=wait) as connection:
        yield connection


def migrate(path: Path, files: Sequence[Path] | None = None, *, wait: float = WAIT) -> int:
    """Create the history or bring its schema up to date; returns how many files were applied.

    Raises StoreError for a database of a newer loragate or of something else altogether, and
    for a store that cannot be written.
    """
    files = migrations() if files is None else files
    try:
        with alone(path.with_name("migrate.lock"), wait, _BUSY):
            return _migrate(path, files, wait)
    except OSError as error:
        raise StoreError(f"{path.parent}: the store cannot be written: {error.strerror}") from None


def _migrate(path: Path, files: Sequence[Path], wait: float) -> int:
    copy = path.with_name(f"{path.name}.new")
    remove(copy)
    if _is_new(path):
        remove(path)
        done = 0
    else:
        done = _settled_version(path, files, wait)
        if done == len(files):
            return 0
        shutil.copyfile(path, copy)
    with connect(copy, read_only=False) as connection:
        _apply(connection, path, files, done)
    copy.replace(path)
    sync_directory(path.parent)
    return len(files) - done


@contextmanager
def _current(
    path: Path, *, read_only: bool, sandbox: bool, wait: float
) -> Iterator[DuckDBPyConnection]:
    files = migrations()
    with connect(path, read_only=read_only, sandbox=sandbox, wait=wait) as connection:
        current = _version(connection, path, files) == len(files)
        if current:
            yield connection
    if not current:
        migrate(path, wait=wait)
        with connect(path, read_only=read_only, sandbox=sandbox, wait=wait) as connection:
            yield connection


def _is_new(path: Path) -> bool:
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _settled_version(path: Path, files: Sequence[Path], wait: float) -> int:
    """The schema of a file, with all of its write-ahead log taken into it."""
    with connect(path, read_only=False, wait=wait) as connection:
        version = _version(connection, path, files)
        connection.execute("CHECKPOINT")
    return version


def _version(connection: DuckDBPyConnection, path: Path, files: Sequence[Path]) -> int:
    """The schema of a file: how many of the migrations were applied to it, and just these."""
    import duckdb

    try:
        rows = connection.execute("SELECT sha256 FROM data.migrations ORDER BY number").fetchall()
    except duckdb.CatalogException:
        raise StoreError(f"{path}: a DuckDB database, but not a loragate history. {ANEW}") from None
    except duckdb.BinderException:
        raise _of_another_make(path) from None  # it knows no hashes yet
    if len(rows) > len(files):
        raise StoreError(
            f"{path}: the history has schema {len(rows)}, this loragate knows {len(files)}:"
            " upgrade loragate, or name another store with --store"
        )
    if any(_sha256(file) != known for file, (known,) in zip(files, rows, strict=False)):
        raise _of_another_make(path)
    return len(rows)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _of_another_make(path: Path) -> StoreError:
    return StoreError(
        f"{path}: the history was made by an unreleased loragate with other tables. Run"
        " 'loragate store rebuild': it is built anew from the journals"
    )


def _apply(connection: DuckDBPyConnection, path: Path, files: Sequence[Path], done: int) -> None:
    before = counts(connection)
    connection.execute("BEGIN")
    for number, file in enumerate(files[done:], start=done + 1):
        connection.execute(file.read_text(encoding="utf-8"))
        connection.execute(
            "INSERT INTO data.migrations VALUES (?, ?, ?)", [number, file.name, _sha256(file)]
        )
    after = counts(connection)
    for table, rows in before.items():
        if table != "migrations" and after.get(table, 0) != rows:
            raise StoreError(
                f"{path}: migrating would leave {after.get(table, 0)} of {rows} rows in"
                f" data.{table}; the file is left as it was"
            )
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT")


def counts(connection: DuckDBPyConnection) -> dict[str, int]:
    """Rows in each private table."""
    query = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'data' ORDER BY ALL"
    names = [name for (name,) in connection.execute(query).fetchall()]
    rows = (connection.execute(f"SELECT count(*) FROM data.{name}").fetchall() for name in names)
    return {name: count for name, ((count,),) in zip(names, rows, strict=True)}


def remove(path: Path) -> None:
    """Delete a database with its write-ahead log, which must never meet another file."""
    for file in (path, path.with_name(f"{path.name}.wal")):
        file.unlink(missing_ok=True)
