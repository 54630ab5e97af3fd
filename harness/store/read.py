"""Questions to the history."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import StoreError
from harness.store import codec
from harness.store.connect import DATABASE, WAIT
from harness.store.migrate import reading
from harness.store.records import KINDS, End, table
from harness.store.values import escaped
from harness.types import (
    Ancestor,
    Answer,
    Arm,
    Case,
    CheckResult,
    Effect,
    GateDecision,
    JudgeQuality,
    Noise,
    Output,
    Robustness,
    Run,
    RunRecord,
    Score,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

R = TypeVar("R")

_KNOWN = """
FROM data.outputs
WHERE error IS NULL AND coalesce(purged, '') = '' AND key IN (SELECT unnest(?::VARCHAR[]))
ORDER BY rowid DESC
"""
"""Of outputs computed twice the first comes last, and wins; a window would cost twice the time."""

_OF_RUN = """
FROM data.outputs
WHERE key IN (SELECT key FROM data.answers WHERE run = $run)
  AND (run = $run OR error IS NULL)
QUALIFY row_number() OVER (PARTITION BY key ORDER BY run = $run DESC, rowid) = 1
ORDER BY run, seq
"""


_RUNS = "SELECT run FROM data.runs ORDER BY run DESC"


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class SeenArm:
    """What a path held when it was last gated."""

    run: str
    path: str
    base: str
    adapter: str | None
    digest: str


class History:
    """What all runs have left in ``history.duckdb``; opens it anew for every question.

    Every method raises StoreError if the history is missing, held by another process for
    longer than ``wait`` seconds, damaged, or of a newer loragate.
    """

    def __init__(self, path: Path, *, wait: float = WAIT) -> None:
        self.path = path
        self.wait = wait

    @property
    def begun(self) -> bool:
        """Whether there is a history at all."""
        return (self.path / DATABASE).exists()

    def known_outputs(self, keys: Collection[str]) -> dict[str, Output]:
        """The finished (error-free) outputs among these keys; empty where nothing is recorded."""
        if not keys or not self.begun:
            return {}
        asked = [escaped(key) for key in keys]
        with self.open() as connection:
            rows = connection.execute(f"SELECT {columns('output')} {_KNOWN}", [asked])
            return {output.key: output for output in codec.from_rows(Output, rows.fetchall())}

    def reported(self, keys: Collection[str]) -> int:
        """How many of these outputs were computed by a run that was finished.

        What a run had computed that was cut short is first reported by the one that goes on.
        """
        if not keys or not self.begun:
            return 0
        query = (
            "SELECT count(DISTINCT key) FROM data.outputs SEMI JOIN data.ends USING (run)"
            " WHERE key IN (SELECT unnest(?::VARCHAR[]))"
        )
        with self.open() as connection:
            ((count,),) = connection.execute(query, [[*map(escaped, keys)]]).fetchall()
        return int(count)

    def load_run(self, run: str) -> RunRecord:
        """One whole run as it was journalled, with the outputs that its answers name.

        They are its own or come from earlier runs. A run that was cut short has ``finished``
        None. Raises StoreError for an unknown id.
        """
        with self.open() as connection:
            headers = read_all(connection, Run, "run", run)
            if not headers:
                raise StoreError(self._unknown(connection, run))
            ends = read_all(connection, End, "end", run)
            outputs = connection.execute(f"SELECT {columns('output')} {_OF_RUN}", {"run": run})
            return RunRecord(
                run=headers[0],
                outputs={o.key: o for o in codec.from_rows(Output, outputs.fetchall())},
                arms=read_all(connection, Arm, "arm", run),
                cases=read_all(connection, Case, "case", run),
                answers=read_all(connection, Answer, "answer", run),
                scores=read_all(connection, Score, "score", run),
                effects=read_all(connection, Effect, "effect", run),
                checks=read_all(connection, CheckResult, "check", run),
                decisions=read_all(connection, GateDecision, "decision", run),
                noises=read_all(connection, Noise, "noise", run),
                robustnesses=read_all(connection, Robustness, "robustness", run),
                judges=read_all(connection, JudgeQuality, "judge", run),
                ancestors=read_all(connection, Ancestor, "ancestor", run),
                finished=ends[0].finished if ends else None,
                seconds=ends[0].seconds if ends else 0.0,
                reused=ends[0].reused if ends else 0,
            )

    def latest_run(self) -> str | None:
        """Id of the run that began last; None if there is none."""
        with self.open() as connection:
            return _latest(connection)

    def arms_seen(self) -> tuple[SeenArm, ...]:
        """Every content that every path ever held, latest first; empty without a history."""
        if not self.begun:
            return ()
        query = (
            "SELECT max(run), path, base, adapter, digest FROM data.arms"
            " WHERE problem IS NULL AND path IS NOT NULL"
            " GROUP BY ALL ORDER BY max(run) DESC, path, digest"
        )
        with self.open() as connection:
            return tuple(SeenArm(*row) for row in connection.execute(query).fetchall())

    def sql(self, query: str, run: str | None = None, other: str | None = None) -> Table:
        """The answer to any query: read-only, without access to files, network or settings.

        ``$run`` in it stands for ``run``, or for the latest run; ``$other`` for ``other``, or for
        the run before. Raises StoreError for an unknown run.
        """
        with self._asked(query, run, other) as answer:
            return Table(tuple(answer.columns), tuple(map(tuple, answer.fetchall())))

    def parquet(
        self, path: Path, query: str, run: str | None = None, other: str | None = None
    ) -> int:
        """Write the answer to a query (see ``sql``) to a Parquet file; returns its rows.

        Raises StoreError where the file cannot be written.
        """
        with self._asked(query, run, other) as relation:
            answer = relation.to_arrow_table()
        from pyarrow.parquet import write_table

        try:
            with path.open("wb") as file:
                write_table(answer, file)
        except OSError as error:
            raise StoreError(f"{path}: cannot be written: {error.strerror}") from None
        return int(answer.num_rows)

    @contextmanager
    def _asked(self, query: str, run: str | None, other: str | None) -> Iterator[DuckDBPyRelation]:
        with self.open(sandbox=True) as connection:
            known = [one for (one,) in connection.execute(_RUNS).fetchall()]
            for one in (run, other):
                if one is not None and one not in known:
                    raise StoreError(self._unknown(connection, one))
            run = run or next(iter(known), None)
            earlier = (one for one in known if run is not None and one < run)
            named = {"run": run, "other": other or next(earlier, None)}
            asked = {name: value for name, value in named.items() if f"${name}" in query}
            relation = connection.sql(query, params=asked or None)
            if relation is None:
                raise StoreError("this is no question: it has no answer")
            yield relation

    def open(self, *, sandbox: bool = False) -> AbstractContextManager[DuckDBPyConnection]:
        """The history open for queries."""
        if not self.begun:
            raise StoreError(f"{self.path}: no history yet: run 'pytest suites/' first")
        return reading(self.path / DATABASE, sandbox=sandbox, wait=self.wait)

    def _unknown(self, connection: DuckDBPyConnection, run: str) -> str:
        latest = _latest(connection)
        hint = f"the latest is {latest}" if latest else "it holds none at all"
        return f"{self.path}: no run {run!r} in this store; {hint}"


def _latest(connection: DuckDBPyConnection) -> str | None:
    ((latest,),) = connection.execute("SELECT max(run) FROM data.runs").fetchall()
    return None if latest is None else str(latest)


def read_all(connection: DuckDBPyConnection, cls: type[R], kind: str, run: str) -> tuple[R, ...]:
    """The records of one kind of a run, in the order of its journal."""
    query = f"SELECT {columns(kind)} FROM {table(kind)} WHERE run = ? ORDER BY seq"
    return tuple(codec.from_rows(cls, connection.execute(query, [run]).fetchall()))


@functools.cache
def columns(kind: str) -> str:
    """The columns of a kind, a list for SQL in the order of the fields of its class."""
    return ", ".join(f'"{field.name}"' for field in codec.fields(KINDS[kind]))
