"""Run as a test of a checkout (see README.md): writes its store with the fixtures of that time."""

import gzip
import os
import shutil
from pathlib import Path

from harness.store.records import SCHEMA


def test_dump(store, record, again, journal):
    journal(store, record)
    journal(store, again, known=record.outputs)
    store.ingest()
    out = Path(os.environ["HISTORIES"]) / f"schema-{SCHEMA}"
    (out / "runs").mkdir(parents=True)
    for path in (store.path / "runs").iterdir():
        shutil.copy(path, out / "runs")
    (out / "history.duckdb.gz").write_bytes(
        gzip.compress((store.path / "history.duckdb").read_bytes(), 9, mtime=0)
    )
