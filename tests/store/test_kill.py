"""``kill -9`` at any point loses nothing that was reported as kept, and doubles nothing."""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from harness.errors import StoreError
from harness.store.questions import QUESTIONS
from harness.store.store import Store
from harness.types import Output, RunRecord

WRITER = """
import sys
from pathlib import Path
from harness.store.store import Store
from harness.types import Output, Run

store = Store(Path(sys.argv[1]))
with store.journal(Run(sys.argv[2], "2026-11-22T13:00:00+00:00", "v", "n", "p", {})) as journal:
    for batch in range(10**6):
        journal.append("output", [Output(f"k{batch}-{n}", "x" * 500) for n in range(20)])
        journal.sync()
        print(batch, flush=True)
"""

INGESTER = """
import sys
from pathlib import Path
from harness.store.store import Store

store = Store(Path(sys.argv[1]), wait=30)
print("ready", flush=True)
for path in sorted(Path(sys.argv[2]).glob("*.jsonl")):
    path.rename(store.path / "runs" / path.name)
    store.ingest()
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of our own that may be killed."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_loses_nothing_that_it_had_synced(store: Store, record: RunRecord):
    """Everything acknowledged is known to the next run, once; the run shows as cut short."""
    with child(WRITER, store.path, record.run.id) as writer:
        assert writer.stdout is not None
        acknowledged = -1
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged >= 30:
                os.kill(writer.pid, signal.SIGKILL)
                break
    store.recover()
    keys = [f"k{batch}-{n}" for batch in range(acknowledged + 1) for n in range(20)]
    assert set(store.known_outputs(keys)) == set(keys)
    assert store.load_run(record.run.id).finished is None
    assert store.verify() == ()
    assert store.recover().runs == {}
    counted = store.sql("SELECT count(*) - count(DISTINCT key) FROM data.outputs").rows
    assert counted == ((0,),)


def test_a_killed_ingestion_is_finished_by_the_next(store: Store, record, journal, tmp_path):
    """Wherever in a transaction it was hit, the history ends up equal to the journals."""
    seed = random.Random(2)
    waiting = tmp_path / "waiting"
    waiting.mkdir()
    outputs = {f"k{n}": Output(f"k{n}", "x" * 200) for n in range(2000)}
    for number in range(8):
        run = dataclasses.replace(record.run, id=f"r{number:02d}")
        journal(store, dataclasses.replace(record, run=run, outputs=outputs))
    for path in (store.path / "runs").iterdir():
        path.rename(waiting / path.name)
    for _ in range(2):
        with child(INGESTER, store.path, waiting) as ingester:
            assert ingester.stdout is not None
            assert ingester.stdout.readline() == "ready\n"
            time.sleep(0.1 + seed.random() / 2)
            os.kill(ingester.pid, signal.SIGKILL)
    for path in waiting.iterdir():
        path.rename(store.path / "runs" / path.name)
    store.wait = 10.0
    store.ingest()
    assert store.verify() == ()
    assert len(store.sql(QUESTIONS["runs"]).rows) == 8


CRASH = """
import os, sys
from pathlib import Path
import duckdb
from harness.store.blocks import blocks
from harness.store.ingest import _insert

database, journal = map(Path, sys.argv[1:])
connection = duckdb.connect(str(database))
connection.execute("BEGIN")
for block in blocks(journal, journal.stat().st_size):
    _insert(connection, journal.stem, block)
connection.execute("COMMIT")
os._exit(1)
"""
"""As loragate wrote to the history before it wrote to a copy, and as any program may."""


@pytest.fixture
def crashed(store: Store, record: RunRecord, again: RunRecord, journal) -> Store:
    """A history whose last committed transaction is only in the write-ahead log."""
    journal(store, record)
    store.ingest()
    journal(store, again)
    journal_of_it = store.path / "runs" / f"{again.run.id}.jsonl"
    with child(CRASH, store.path / "history.duckdb", journal_of_it) as crash:
        assert crash.wait() == 1
    assert (store.path / "history.duckdb.wal").stat().st_size > 0
    return store


def test_a_log_left_by_a_crash_is_read_and_taken_in(crashed: Store, again: RunRecord):
    """The committed run is there at once, and the next ingestion leaves no log behind."""
    assert crashed.load_run(again.run.id) == again
    crashed.journal(dataclasses.replace(again.run, id="r3")).close()
    crashed.ingest()
    assert not (crashed.path / "history.duckdb.wal").exists()
    assert crashed.verify() == ()


def test_a_damaged_log_never_leaves_a_silent_gap(crashed: Store, again: RunRecord, tmp_path):
    """Where DuckDB drops the log without a word the journals put its rows back; else the error
    says to begin anew, which works.
    """
    wal = (crashed.path / "history.duckdb.wal").read_bytes()
    outcomes = set()
    for number, at in enumerate([8, 40, len(wal) // 3, len(wal) - 9]):
        store = Store(tmp_path / f"copy{number}")
        shutil.copytree(crashed.path, store.path)
        flipped = wal[:at] + bytes([wal[at] ^ 0x10]) + wal[at + 1 :]
        (store.path / "history.duckdb.wal").write_bytes(flipped)
        outcomes.add(_ingest_or_follow_the_advice(store))
        assert store.load_run(again.run.id) == again
        assert store.verify() == ()
    assert outcomes == {"taken in", "built anew"}


def _ingest_or_follow_the_advice(store: Store) -> str:
    try:
        store.ingest()
    except StoreError as error:
        if "Move it away" not in str(error):
            raise
        (store.path / "history.duckdb").unlink()
        store.ingest()
        return "built anew"
    return "taken in"
