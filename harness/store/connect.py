"""Opening ``history.duckdb``: for milliseconds at a time, and with a sentence when it fails.

DuckDB lets either one process write or several read. loragate only ever reads the file in use (see
``migrate``), so it waits only for another program that has it open to write. Within a process
one connection is open at a time.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.errors import StoreError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATABASE = "history.duckdb"
WAIT = 5.0
"""Seconds to wait for another process by default."""

ANEW = "Move it away and run 'loragate store ingest': it is built anew from the journals"
"""The remedy for whatever is wrong with the history file itself."""

_Config: TypeAlias = "dict[str, str | bool | int | float | list[str]]"

_OFFLINE: _Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a query never sees the variables of this program
}
_SANDBOX: _Config = {
    "enable_external_access": False,
    "lock_configuration": True,
}

# Connections of one process share one database and would run their transactions side by side.
_ONE_AT_A_TIME = threading.Lock()

# What DuckDB says of a file held by another process, or by other code of this one.
_TAKEN = re.compile("Could not set lock|different configuration")
_HOLDER = re.compile(r"lock is held in (.+?) \(PID (\d+)\)")
_SHORTEST, _LONGEST = 0.01, 0.25


@contextmanager
def connect(
    path: Path, *, read_only: bool, sandbox: bool = False, wait: float = WAIT
) -> Iterator[DuckDBPyConnection]:
    """A connection to one database file, closed at the end of the block.

    ``sandbox`` keeps queries of users off files, network and settings. While another process
    holds the file it is tried again for ``wait`` seconds. Raises StoreError, in a sentence, for
    whatever keeps the file from being opened, and for a query that DuckDB refuses.
    """
    import duckdb

    deadline = time.monotonic() + wait
    if not _ONE_AT_A_TIME.acquire(timeout=wait):
        raise StoreError(_who_holds(path, "", wait))
    try:
        config = _OFFLINE | (_SANDBOX if sandbox else {})
        with _open(path, read_only, config, deadline, wait) as connection:
            yield connection
    except duckdb.Error as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        _ONE_AT_A_TIME.release()


@contextmanager
def private(path: Path) -> Iterator[DuckDBPyConnection]:
    """A connection to a file that no other process knows of, made where it is missing.

    Nothing is kept of what it wrote unless it ends with CHECKPOINT: there is no log. Raises
    StoreError for whatever DuckDB refuses, such as a full disk.
    """
    import duckdb

    try:
        with duckdb.connect(config=_OFFLINE) as connection:
            name = str(path).replace("'", "''")
            connection.execute(f"ATTACH '{name}' AS history (RECOVERY_MODE no_wal_writes)")
            connection.execute("USE history")
            connection.execute("SET wal_autocheckpoint = '1TB'")  # once, at the end
            yield connection
    except duckdb.Error as error:
        raise StoreError(f"{path}: {error}") from error


def _open(
    path: Path, read_only: bool, config: dict[str, Any], deadline: float, wait: float
) -> DuckDBPyConnection:
    import duckdb

    pause = _SHORTEST
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.Error as error:
            if not _TAKEN.search(str(error)):
                raise _cannot_open(path, str(error)) from None
            if time.monotonic() + pause > deadline:
                raise StoreError(_who_holds(path, str(error), wait)) from None
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)


def _who_holds(path: Path, message: str, wait: float) -> str:
    found = _HOLDER.search(message)
    holder = f"process {found[2]} ({found[1]})" if found else "another connection of this process"
    return (
        f"{path}: {holder} holds the history, and did not let go in {wait:g} s. Close it there and"
        " run 'loragate store ingest'; nothing is lost, the results are in the journals"
    )


def _cannot_open(path: Path, message: str) -> StoreError:
    if path.is_dir():
        return StoreError(
            f"{path}: a directory stands where the history file belongs: move it away"
        )
    if not path.parent.is_dir():
        return StoreError(f"{path.parent}: there is no such store directory")
    if "not a valid DuckDB database" in message:
        return StoreError(f"{path}: this is not a DuckDB database. {ANEW}")
    if not os.access(path, os.R_OK):
        return StoreError(f"{path}: there is no such file, or it may not be read")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return StoreError(
            f"{path}: the store may not be written by this user: name another, --store"
        )
    return StoreError(f"{path}: the history cannot be opened: {message}. {ANEW}")
