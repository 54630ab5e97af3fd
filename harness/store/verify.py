"""Does the history hold what it says it took, and once only?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.store.connect import DATABASE, WAIT
from harness.store.counts import miscounts
from harness.store.journal import FOOTER, SUFFIX, scan
from harness.store.migrate import reading
from harness.store.records import KINDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DOUBLED = {
    "cases of one digest": "SELECT run, digest FROM data.cases",
    "outputs of one key": "SELECT run, key FROM data.outputs",
    "answers of one arm to one case": 'SELECT run, "case", arm, repeat FROM data.answers',
    "scores of one scorer for one answer": (
        'SELECT run, "case", arm, scorer, repeat FROM data.scores'
    ),
}


def verify(store: Path, *, wait: float = WAIT) -> tuple[str, ...]:
    """A sentence for everything that is wrong between journals and history; empty if nothing.

    Reads every journal. A journal that has not been taken yet, or was archived, is not wrong.
    """
    with reading(store / DATABASE, wait=wait) as connection:
        problems = miscounts(connection) + _doubles(connection)
        query = "SELECT run, sum(records), max(seq), max(sha256) FROM data.ingestions GROUP BY run"
        taken = {run: mark for run, *mark in connection.execute(query).fetchall()}
    for run, (records, seq, sha256) in sorted(taken.items()):
        path = store / "runs" / f"{run}{SUFFIX}"
        if path.exists():
            problems += _differences(path, int(records), seq, sha256)
    return tuple(problems)


def _doubles(connection: DuckDBPyConnection) -> list[str]:
    problems = []
    for what, rows in _DOUBLED.items():
        query = f"SELECT run, count(*) FROM ({rows} GROUP BY ALL HAVING count(*) > 1) GROUP BY run"
        for run, count in connection.execute(query).fetchall():
            problems.append(f"run {run}: {count} times several {what}")
    return problems


def _differences(path: Path, records: int, seq: int, sha256: str | None) -> list[str]:
    found, last, footer = 0, -1, None
    try:
        for line in scan(path):
            if line.seq <= seq:
                found += line.kind in KINDS
                last = line.seq
            if line.kind == FOOTER:
                footer = line.data()["sha256"]
    except StoreError as error:
        return [str(error)]
    if (last, found) != (seq, records):
        return [f"{path}: {records} records up to line {seq + 1} were taken, {found} are there"]
    if sha256 is not None and footer != sha256:
        return [f"{path}: not the journal that was taken: its hash is {footer}, not {sha256}"]
    return []
