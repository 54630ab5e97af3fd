"""Whatever keeps the history from being opened is said in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from harness.errors import StoreError
from harness.store.connect import connect
from harness.store.questions import QUESTIONS
from harness.store.read import History
from harness.store.store import Store
from harness.types import RunRecord

HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@contextmanager
def held(database: Path, seconds: float) -> Iterator[int]:
    """Another process holds the database; gives its process id."""
    command = [sys.executable, "-c", HOLD, str(database), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        try:
            yield child.pid
        finally:
            child.kill()


@pytest.fixture
def recorded(store: Store, record: RunRecord, journal: Callable[..., None]) -> Store:
    journal(store, record)
    store.ingest()
    return store


def test_a_held_history_names_file_and_process(recorded: Store, record: RunRecord):
    """Reading and ingesting wait, then say who holds the file and what to do."""
    recorded.wait = 0.3
    database = recorded.path / "history.duckdb"
    with held(database, 60) as pid:
        started = time.monotonic()
        with pytest.raises(StoreError) as caught:
            recorded.load_run(record.run.id)
        assert 0.1 < time.monotonic() - started < 5
        assert str(caught.value).startswith(f"{database}: process {pid} (")
        assert "run 'loragate store ingest'; nothing is lost" in str(caught.value)
        with pytest.raises(StoreError, match=f"process {pid} "):
            recorded.recover()


def test_results_are_recorded_while_the_history_is_held(recorded, again, journal):
    """A journal needs no database; what could not be ingested is ingested later."""
    recorded.wait = 0.2
    with held(recorded.path / "history.duckdb", 60):
        journal(recorded, again)
        with pytest.raises(StoreError, match="holds the history"):
            recorded.ingest()
    assert list(recorded.ingest().runs) == [again.run.id]
    assert recorded.load_run(again.run.id) == again


def test_a_history_that_comes_free_in_time_is_waited_for(recorded: Store, record: RunRecord):
    """A second process only notices that it took a little longer."""
    recorded.wait = 20.0
    with held(recorded.path / "history.duckdb", 0.5):
        assert recorded.load_run(record.run.id) == record


def test_threads_of_one_process_wait_for_each_other(recorded: Store, record: RunRecord):
    """DuckDB refuses a second connection of another mode in one process; that is waited out too."""
    recorded.wait = 20.0
    with connect(recorded.path / "history.duckdb", read_only=False):
        answers: list[str | None] = []
        thread = threading.Thread(target=lambda: answers.append(recorded.latest_run()))
        thread.start()
        time.sleep(0.2)
        assert answers == []
    thread.join()
    assert answers == [record.run.id]


def test_a_connection_of_other_code_in_this_process_is_named(recorded: Store):
    """A notebook that has the file open itself is told that it is the one."""
    recorded.wait = 0.1
    with (
        duckdb.connect(str(recorded.path / "history.duckdb")),
        pytest.raises(StoreError, match="another connection of this process holds the history"),
    ):
        recorded.sql(QUESTIONS["runs"])


def test_a_store_without_history_says_how_to_get_one(bare: Store):
    """Asking an empty store is not a crash; looking outputs up in it finds none."""
    with pytest.raises(StoreError, match="no history yet: run 'pytest suites/'"):
        bare.sql(QUESTIONS["runs"])
    assert bare.known_outputs(["key"]) == {}
    assert bare.arms_seen() == ()
    assert bare.recover().runs == {}
    assert not bare.path.exists()


def test_a_file_that_is_no_database_is_named(recorded: Store):
    """Text, an empty directory, a database of something else: each has its sentence."""
    database = recorded.path / "history.duckdb"
    database.write_text("not a database " * 1000)
    with pytest.raises(StoreError, match=r"this is not a DuckDB database\. Move it away"):
        recorded.sql(QUESTIONS["runs"])
    database.unlink()
    duckdb.connect(str(database)).close()
    with pytest.raises(StoreError, match="a DuckDB database, but not a loragate history"):
        recorded.sql(QUESTIONS["runs"])
    database.unlink()
    database.mkdir()
    with pytest.raises(StoreError, match="a directory stands where the history file belongs"):
        recorded.sql(QUESTIONS["runs"])


def test_moving_a_broken_history_away_and_ingesting_brings_it_back(
    recorded: Store, record: RunRecord
):
    """The remedy that the messages give works, also where a stale log stays behind."""
    database = recorded.path / "history.duckdb"
    database.unlink()
    database.with_name("history.duckdb.wal").write_bytes(b"stale log of another file")
    recorded.ingest()
    assert recorded.load_run(record.run.id) == record


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Run as a user who may not write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def read_only(recorded: Store, tmp_path: Path) -> Iterator[Store]:
    """A store in which nobody but root may write."""
    for place in tmp_path.parents:
        if place.stat().st_mode & 0o055 != 0o055 and place.owner() == "root":
            place.chmod(place.stat().st_mode | 0o055)
    for place in (recorded.path / "runs", recorded.path):
        place.chmod(0o555)
    tmp_path.chmod(0o755)
    yield recorded
    for place in (recorded.path / "runs", recorded.path):
        place.chmod(0o755)


def test_a_read_only_store_can_be_read_and_says_that_it_cannot_be_written(
    read_only: Store, record: RunRecord, again: RunRecord, unprivileged: None
):
    """An archive on a read-only medium answers questions; a gate on it is told in time."""
    assert read_only.load_run(record.run.id) == record
    assert read_only.recover().runs == {}
    with pytest.raises(StoreError, match="cannot begin a journal here: Permission denied"):
        read_only.journal(again.run)
    with pytest.raises(StoreError, match="the store cannot be written: Permission denied"):
        read_only.rebuild()


def test_importing_the_store_imports_no_database():
    """The cached path and ``--help`` do not pay for DuckDB and Arrow until they are used."""
    code = (
        "import sys, harness.store.store; print({'duckdb', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"
    assert History.__module__ in sys.modules
