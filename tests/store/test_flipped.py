"""A flipped byte of the database is an error or harmless, never another answer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store.store import Store
from harness.types import RunRecord

FLIPS = 60


@pytest.fixture
def whole(store: Store, record: RunRecord, journal) -> Store:
    journal(store, record)
    store.ingest()
    return store


def test_a_flipped_byte_of_the_database_is_never_silent(whole: Store, record: RunRecord):
    """Anywhere: in its headers, in what it holds, in what it does not use."""
    database = whole.path / "history.duckdb"
    bytes_ = database.read_bytes()
    told: list[str] = []
    seed = random.Random(3)
    places = [seed.randrange(3 * 4096) for _ in range(FLIPS // 3)]
    places += [seed.randrange(len(bytes_)) for _ in range(FLIPS - len(places))]
    for at in places:
        flipped = bytes_[:at] + bytes([bytes_[at] ^ 1 << seed.randrange(8)]) + bytes_[at + 1 :]
        database.write_bytes(flipped)
        try:
            assert whole.load_run(record.run.id) == record
            assert whole.verify() == ()
        except StoreError as error:
            told.append(str(error))
    assert len(told) > FLIPS / 10
    assert all(str(database) in sentence for sentence in told)
    _rebuilt(whole, record)


def _rebuilt(store: Store, record: RunRecord) -> None:
    """The remedy works on the last of them, and on any."""
    (store.path / "history.duckdb").unlink()
    store.ingest()
    assert store.load_run(record.run.id) == record


@pytest.mark.parametrize("length", [0, 100, 4096, 300_000])
def test_a_database_that_was_cut_is_told_or_made_anew(whole: Store, record, length: int):
    """By a full disk, or a copy that was broken off; an empty file is as good as none."""
    database: Path = whole.path / "history.duckdb"
    database.write_bytes(database.read_bytes()[:length])
    if length:
        with pytest.raises(StoreError, match=r"history\.duckdb"):
            whole.load_run(record.run.id)
        assert whole.rebuild().runs
    whole.ingest()
    assert whole.load_run(record.run.id) == record
