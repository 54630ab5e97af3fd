"""The history file: made, brought up to date, and written, always as a whole.

Nothing ever writes to the file in use. A copy is written, brought up to date where its schema is
old (numbered SQL files, in one transaction that loses no row), and takes the file's place by a
rename. So whoever reads is never kept waiting and never sees a part, and a process that dies
leaves the history as it was (docs/adr/0017).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.store.connect import ANEW, WAIT, connect, private
from harness.store.counts import miscounts
from harness.store.journal import sync_directory
from harness.store.lock import alone

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DIRECTORY = Path(__file__).parent / "migrations"
LOCK = "history.lock"
_PATIENCE = 60.0
"""Seconds to wait while another process writes the history: a large ingestion takes some."""
_BUSY = (
    "another process is writing the history, and did not finish in time; try again (nothing is "
    "lost, the results are in the journals)"
)


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
    files = migrations()
    with connect(path, read_only=True, sandbox=sandbox, wait=wait) as connection:
        current = _version(connection, path, files) == len(files)
        if current:
            yield connection
    if not current:
        migrate(path, wait=wait)
        with connect(path, read_only=True, sandbox=sandbox, wait=wait) as connection:
            yield connection


@contextmanager
def writing(path: Path, *, anew: bool = False, wait: float = WAIT) -> Iterator[DuckDBPyConnection]:
    """A copy of the history to write to, its schema up to date; a new one where there is none.

    It takes the history's place at the end of the block, unless that raises. ``anew`` begins
    without rows. Raises StoreError as ``migrate`` does.
    """
    with _replacing(path, migrations(), wait, anew=anew) as (connection, _):
        yield connection


def migrate(path: Path, files: Sequence[Path] | None = None, *, wait: float = WAIT) -> int:
    """Create the history or bring its schema up to date; returns how many files were applied.

    Raises StoreError for a database of a newer loragate or of something else altogether, and
    for a store that cannot be written.
    """
    with _replacing(path, migrations() if files is None else files, wait) as (_, applied):
        return applied


@contextmanager
def _replacing(
    path: Path, files: Sequence[Path], wait: float, *, anew: bool = False
) -> Iterator[tuple[DuckDBPyConnection, int]]:
    """The copy, and how many migrations had to be applied to it."""
    copy = path.with_name(f"{path.name}.new")
    with alone(path.with_name(LOCK), max(wait, _PATIENCE), _BUSY):
        try:
            done = 0 if anew else _copied(path, copy, files, wait)
            if done == 0:
                remove(copy)
            with private(copy) as connection:
                if done < len(files):
                    _apply(connection, path, files, done)
                yield connection, len(files) - done
                connection.execute("CHECKPOINT")
            _take_place(copy, path)
        finally:
            _remove_if_possible(copy)


def _copied(path: Path, copy: Path, files: Sequence[Path], wait: float) -> int:
    """Copy the history, which nobody may write to meanwhile; returns its schema, 0 for none."""
    if _is_new(path):
        return 0
    with connect(path, read_only=not _log(path).exists(), wait=wait) as connection:
        done = _version(connection, path, files)
        if _log(path).exists():
            _take_log_in(connection, path)
        try:
            shutil.copyfile(path, copy)
        except OSError as error:
            raise _unwritable(path, error) from None
    return done


def _take_log_in(connection: DuckDBPyConnection, path: Path) -> None:
    """Of another program that wrote to the file, or an older loragate that died.

    DuckDB 2.0 drops committed rows silently if its log was damaged.
    """
    if problems := miscounts(connection):
        raise StoreError(f"{path}: rows were lost in a crash ({problems[0]}). {ANEW}")
    connection.execute("CHECKPOINT")


def _take_place(copy: Path, path: Path) -> None:
    try:
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        _log(path).unlink(missing_ok=True)  # a log must never meet another file than its own
        copy.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None


def _remove_if_possible(copy: Path) -> None:
    """Where the store cannot be written, this fails second and needs no word."""
    with contextlib.suppress(OSError):
        remove(copy)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path.parent}: the store cannot be written: {error.strerror}")


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _is_new(path: Path) -> bool:
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


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


def counts(connection: DuckDBPyConnection) -> dict[str, int]:
    """Rows in each private table."""
    query = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'data' ORDER BY ALL"
    names = [name for (name,) in connection.execute(query).fetchall()]
    rows = (connection.execute(f"SELECT count(*) FROM data.{name}").fetchall() for name in names)
    return {name: count for name, ((count,),) in zip(names, rows, strict=True)}


def remove(path: Path) -> None:
    """Delete a database with its write-ahead log, which must never meet another file."""
    for file in (path, _log(path)):
        file.unlink(missing_ok=True)
