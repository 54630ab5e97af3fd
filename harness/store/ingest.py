"""From the journals into the history: idempotent, block by block.

A journal's watermark is the number of the last line that was taken. Rows above it are inserted
together with the new watermark, so ingesting twice, or in two processes at once, or a journal
that is still being written, never doubles a row and never leaves one out for good. A journal is
taken block by block, each verified first, into a copy of the history (see ``migrate``).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from harness.errors import StoreError
from harness.store import codec
from harness.store.connect import DATABASE, WAIT
from harness.store.journal import SUFFIX
from harness.store.migrate import reading, writing
from harness.store.records import KINDS, table
from harness.store.values import Plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from harness.store.blocks import Block


_MEANS = """
SELECT
  run, suite, task, scorer, role, arm, arm_digest, count(value), count(*) - count(value), avg(value)
FROM v1.scores WHERE kind = 'check' AND run = ? GROUP BY ALL
"""


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


def ingest(store: Path, *, anew: bool = False, wait: float = WAIT, but: str = "") -> IngestReport:
    """Take what is new in every journal under ``store/runs`` into the store's history.

    The journal of run ``but`` is left for later. A damaged journal is reported and the others are
    taken. ``anew`` begins with an empty history, and leaves the old one where a journal is
    damaged. Raises StoreError if the history cannot be opened or written, or is held by another
    process for longer than ``wait`` seconds.
    """
    history = store / DATABASE
    marks = {} if anew else _marks_of(history, wait)
    damaged: list[str] = []
    runs: dict[str, int] = {}
    with ExitStack() as stack:
        # A copy is made only where there is something to write to it.
        copy = functools.cache(lambda: stack.enter_context(writing(history, anew=anew, wait=wait)))
        if anew:
            copy()
        paths = [path for path in sorted((store / "runs").glob(f"*{SUFFIX}")) if path.stem != but]
        records = None
        for path, step in _ahead(_steps(paths, marks)):
            if isinstance(step, str):
                damaged.append(step)
                if records is not None:
                    copy().execute("ROLLBACK")
            elif step is not None:
                if records is None:
                    copy().execute("BEGIN")
                records = (records or 0) + _insert(copy(), path.stem, step)
                continue
            elif records is not None:
                copy().execute("COMMIT")
                runs[path.stem] = records
            records = None
        if anew and damaged:
            raise StoreError("\n".join(damaged))
    return IngestReport(runs, tuple(damaged))


def _steps(
    paths: Iterable[Path], marks: Mapping[str, _Mark]
) -> Iterator[tuple[Path, Block | str | None]]:
    """Each journal's new blocks, then None where all of it verified, else what is damaged.

    A journal is in the history whole or not at all.
    """
    for path in paths:
        try:
            for block in _new_blocks(path, marks.get(path.stem)):
                yield path, block
        except (StoreError, OSError) as error:
            yield path, str(error)
        else:
            yield path, None


def _new_blocks(path: Path, mark: _Mark | None) -> Iterator[Block]:
    """The blocks of a journal that go beyond a watermark; all of it is verified."""
    size = path.stat().st_size
    if mark is not None and (mark.complete or size == mark.bytes):
        return
    from harness.store.blocks import blocks  # numpy, where there is something to take

    for block in blocks(path, size):
        if mark is None or block.seq > mark.seq:
            yield block


_Item = TypeVar("_Item")


def _ahead(found: Iterator[_Item]) -> Iterator[_Item]:
    """The same, the next one in the making: DuckDB needs no Python while it inserts."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, found, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, found, None)
            yield item


def _marks_of(database: Path, wait: float) -> dict[str, _Mark]:
    if not database.exists() or database.stat().st_size == 0:
        return {}
    with reading(database, wait=wait) as connection:
        return _marks(connection)


def _marks(connection: DuckDBPyConnection) -> dict[str, _Mark]:
    query = "SELECT run, max(seq), max(bytes), bool_or(complete) FROM data.ingestions GROUP BY run"
    return {run: _Mark(*mark) for run, *mark in connection.execute(query).fetchall()}


@functools.cache
def _structure(kind: str) -> tuple[str, str]:
    """The columns of a kind, as a list for SQL and as the structure that ``from_json`` reads."""
    columns = {field.name: field.codec.column.value for field in codec.fields(KINDS[kind])}
    types: dict[str, Plain] = {
        name: [type_.removesuffix("[]")] if type_.endswith("[]") else type_
        for name, type_ in columns.items()
    }
    return ", ".join(f'"{name}"' for name in columns), json.dumps({"data": types})


def _insert(connection: DuckDBPyConnection, run: str, block: Block) -> int:
    """Insert what is above the watermark of this very moment; returns how many rows."""
    mark = _marks(connection).get(run)
    above = -1 if mark is None else mark.seq
    records = 0
    for kind, lines in block.records.items():
        names, structure = _structure(kind)
        connection.register("lines", lines)
        ((count,),) = connection.execute(
            f"INSERT INTO {table(kind)} (run, seq, {names})"
            " SELECT ?, seq, unnest(from_json(line, ?).data) FROM lines WHERE seq > ?",
            [run, structure, above],
        ).fetchall()
        connection.unregister("lines")
        records += count
    if block.seq > above:
        complete = block.sha256 is not None
        connection.execute(
            "INSERT INTO data.ingestions VALUES (?, ?, ?, ?, ?, ?)",
            [run, block.seq, records, block.bytes, complete, block.sha256],
        )
        if complete:
            connection.execute(f"INSERT INTO data.means {_MEANS}", [run])
    return records
