"""From the journals into the history: idempotent, one short transaction a journal.

A journal's watermark is the number of the last line that was taken. Rows above it are inserted
together with the new watermark, so ingesting twice, or in two processes at once, or a journal
that is still being written, never doubles a row and never leaves one out for good.
"""

from __future__ import annotations

import functools
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import StoreError
from harness.store import codec
from harness.store.connect import ANEW, DATABASE, WAIT
from harness.store.journal import FOOTER, SUFFIX, Line, scan
from harness.store.migrate import reading, writing
from harness.store.records import KINDS, table
from harness.store.values import Plain
from harness.store.verify import miscounts

if TYPE_CHECKING:
    import pyarrow
    from duckdb import DuckDBPyConnection

_CHUNK = 20_000
"""Lines that become one Arrow batch: bounds the memory held as Python objects."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingestion did."""

    runs: Mapping[str, int]
    """Run id → records that were new in the history."""
    damaged: tuple[str, ...]
    """A sentence for each journal that could not be taken."""

    def __str__(self) -> str:
        taken = [f"{run}: {records} records taken in" for run, records in self.runs.items()]
        return "\n".join([*taken, *self.damaged]) or "nothing new"


class _Mark(NamedTuple):
    """How far a journal has been taken."""

    seq: int
    bytes: int
    complete: bool


class _Batch(NamedTuple):
    """What a journal holds, as Arrow tables of lines by kind."""

    run: str
    mark: _Mark
    sha256: str | None
    tables: Mapping[str, pyarrow.Table]


def ingest(
    store: Path, database: str = DATABASE, *, wait: float = WAIT, but: str = ""
) -> IngestReport:
    """Take what is new in every journal under ``store/runs`` into the store's history.

    The journal of run ``but`` is left for later. A damaged journal is reported and the others are
    taken. Raises StoreError if the history cannot be opened, or is held by another process for
    longer than ``wait`` seconds.
    """
    history = store / database
    marks = _marks_of(history, wait)
    damaged: list[str] = []
    batches = list(_new_batches(store / "runs", marks, damaged, but))
    runs = _insert_all(history, batches, wait) if batches else {}
    return IngestReport(runs, tuple(damaged))


def _marks_of(database: Path, wait: float) -> dict[str, _Mark]:
    if not database.exists() or database.stat().st_size == 0:
        return {}
    with reading(database, wait=wait) as connection:
        return _marks(connection)


def _marks(connection: DuckDBPyConnection) -> dict[str, _Mark]:
    query = "SELECT run, max(seq), max(bytes), bool_or(complete) FROM data.ingestions GROUP BY run"
    return {run: _Mark(*mark) for run, *mark in connection.execute(query).fetchall()}


def _new_batches(
    runs: Path, marks: Mapping[str, _Mark], damaged: list[str], but: str
) -> Iterator[_Batch]:
    """Read, before the database is opened, every journal that has grown since it was taken."""
    for path in sorted(runs.glob(f"*{SUFFIX}")):
        if path.stem == but:
            continue
        mark = marks.get(path.stem, _Mark(-1, -1, False))
        try:
            size = path.stat().st_size
            if mark.complete or size == mark.bytes:
                continue
            batch = _read(path, size, mark.seq)
        except (StoreError, OSError) as error:
            damaged.append(str(error))
            continue
        if batch.mark.seq > mark.seq:
            yield batch


def _read(path: Path, size: int, above: int) -> _Batch:
    """All lines of a journal above a number, by kind; the lines below are verified again."""
    columns: dict[str, _Lines] = {}
    last, sha256 = -1, None
    for line in scan(path):
        last = line.seq
        if line.kind == FOOTER:
            sha256 = line.data()["sha256"]
        elif line.kind in KINDS and line.seq > above:
            columns.setdefault(line.kind, _Lines()).add(line)
    tables = {kind: lines.table() for kind, lines in columns.items()}
    return _Batch(path.stem, _Mark(last, size, sha256 is not None), sha256, tables)


class _Lines:
    """The lines of one kind on their way into an Arrow table (seq: int64, payload: string)."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._payloads: list[bytes] = []
        self._batches: list[pyarrow.RecordBatch] = []

    def add(self, line: Line) -> None:
        self._numbers.append(line.seq)
        self._payloads.append(line.payload)
        if len(self._numbers) == _CHUNK:
            self._flush()

    def table(self) -> pyarrow.Table:
        import pyarrow

        self._flush()
        return pyarrow.Table.from_batches(self._batches)

    def _flush(self) -> None:
        import pyarrow

        # Made of buffers: to take a list, pyarrow imports pandas where that is installed.
        ends = array("q", accumulate(map(len, self._payloads), initial=0))
        text = pyarrow.py_buffer(b"".join(self._payloads))
        payloads = pyarrow.Array.from_buffers(
            pyarrow.large_binary(), len(self._payloads), [None, pyarrow.py_buffer(ends), text]
        ).cast(pyarrow.large_string())
        numbers = pyarrow.Array.from_buffers(
            pyarrow.int64(),
            len(self._numbers),
            [None, pyarrow.py_buffer(array("q", self._numbers))],
        )
        self._batches.append(pyarrow.record_batch([numbers, payloads], names=["seq", "payload"]))
        self._numbers.clear()
        self._payloads.clear()


@functools.cache
def _structure(kind: str) -> tuple[str, str]:
    """The columns of a kind, as a list for SQL and as the structure that ``from_json`` reads."""
    columns = {field.name: field.codec.column.value for field in codec.fields(KINDS[kind])}
    types: dict[str, Plain] = {
        name: [type_.removesuffix("[]")] if type_.endswith("[]") else type_
        for name, type_ in columns.items()
    }
    return ", ".join(f'"{name}"' for name in columns), json.dumps(types)


def _insert_all(database: Path, batches: Iterable[_Batch], wait: float) -> dict[str, int]:
    interrupted = database.with_name(f"{database.name}.wal").exists()
    with writing(database, wait=wait) as connection:
        if interrupted:
            _require_whole(connection, database)
        taken = {batch.run: _insert(connection, batch) for batch in batches}
        connection.execute("CHECKPOINT")
    return taken


def _require_whole(connection: DuckDBPyConnection, database: Path) -> None:
    """After a crash: DuckDB 2.0 drops committed rows silently if its log was damaged."""
    if problems := miscounts(connection):
        raise StoreError(f"{database}: rows were lost in a crash ({problems[0]}). {ANEW}")


def _insert(connection: DuckDBPyConnection, batch: _Batch) -> int:
    """Insert what is above the watermark of this very moment; returns how many rows."""
    connection.execute("BEGIN")
    mark = _marks(connection).get(batch.run)
    above = -1 if mark is None else mark.seq
    records = 0
    for kind, lines in batch.tables.items():
        names, structure = _structure(kind)
        connection.register("lines", lines)
        ((count,),) = connection.execute(
            f"INSERT INTO {table(kind)} (run, seq, {names})"
            " SELECT ?, seq, unnest(from_json(payload, ?)) FROM lines WHERE seq > ? ORDER BY seq",
            [batch.run, structure, above],
        ).fetchall()
        connection.unregister("lines")
        records += count
    if batch.mark.seq > above:
        connection.execute(
            "INSERT INTO data.ingestions VALUES (?, ?, ?, ?, ?, ?)",
            [batch.run, batch.mark.seq, records, *batch.mark[1:], batch.sha256],
        )
    connection.execute("COMMIT")
    return records
