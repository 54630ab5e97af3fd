"""What older versions wrote is read by this one: see histories/README.md."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from harness.store.migrate import migrations
from harness.store.records import SCHEMA
from harness.store.store import Store

HISTORIES = Path(__file__).parent / "histories"
OLD = sorted(path.name for path in HISTORIES.iterdir() if path.is_dir())
RUNS = ("20261122T130000-000001", "20261123T130000-000002")
VIEWS = "SELECT view_name FROM duckdb_views() WHERE schema_name = 'v1'"


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store as it was left by an older version."""
    shutil.copytree(HISTORIES / request.param / "runs", tmp_path / "runs")
    packed = (HISTORIES / request.param / "history.duckdb.gz").read_bytes()
    (tmp_path / "history.duckdb").write_bytes(gzip.decompress(packed))
    return Store(tmp_path)


def test_there_is_a_history_of_every_schema():
    """A migration without the store that it migrates is not tested."""
    assert [f"schema-{number}" for number in range(2, SCHEMA)] == OLD
    assert len(migrations()) == SCHEMA


def test_an_old_history_is_brought_up_to_date(old: Store):
    """Every row is there, every view answers, and the journals agree."""
    assert old.verify() == ()
    for (view,) in old.sql(VIEWS).rows:
        old.sql(f"SELECT * FROM v1.{view}")
    assert len(old.sql("SELECT * FROM v1.checks").rows) == 2


def test_old_journals_make_the_same_history(old: Store):
    """Migrated or built anew, each run reads the same."""
    migrated = [old.load_run(run) for run in RUNS]
    assert old.rebuild().runs.keys() == set(RUNS)
    assert [old.load_run(run) for run in RUNS] == migrated
    assert all(record.finished and record.outputs and record.scores for record in migrated)
