"""Journals against history: every difference has its sentence."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from harness.store.store import Store
from harness.types import RunRecord


@pytest.fixture
def taken(store: Store, record: RunRecord, journal: Callable[..., None]) -> Store:
    journal(store, record)
    store.ingest()
    return store


def test_a_sound_store_has_no_problems(taken: Store, again: RunRecord, journal):
    """Also with a journal that was not taken yet, and one that was archived."""
    journal(taken, again)
    assert taken.verify() == ()
    taken.ingest()
    (taken.path / "runs" / f"{again.run.id}.jsonl").unlink()
    assert taken.verify() == ()


TAMPERED = {
    "a lost row": ("DELETE FROM data.scores WHERE seq = (SELECT max(seq) FROM data.scores)",
                   "42 records were taken, 41 rows of 41 lines are there"),
    "a doubled row": ("INSERT INTO data.scores FROM data.scores LIMIT 1",
                      "42 records were taken, 43 rows of 42 lines are there"),
    "a row of no journal": ("INSERT INTO data.scores (run, seq) VALUES ('ghost', 1)",
                            "run ghost: 0 records were taken, 1 rows"),
    "two scores of one answer": ("UPDATE data.scores SET \"case\" = 'c', arm = 'a', scorer = 's'",
                                 "1 times several scores of one scorer for one answer"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "sentence"), TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_history_is_noticed(taken: Store, sql: str, sentence: str):
    """Rows that went missing, came twice or from nowhere."""
    with duckdb.connect(str(taken.path / "history.duckdb")) as connection:
        connection.execute(sql)
    assert any(sentence in problem for problem in taken.verify()), taken.verify()


def test_a_replaced_journal_is_noticed(taken: Store, record: RunRecord, journal):
    """Another journal under the same name, whole in itself, is not the one that was taken."""
    path = taken.path / "runs" / f"{record.run.id}.jsonl"
    whole = path.read_bytes()
    path.unlink()
    with taken.journal(record.run) as writer:
        writer.append("score", record.scores)
        writer.finish()
    assert "records up to line 44 were taken" in taken.verify()[0]
    path.write_bytes(whole.replace(b"accuracy", b"ACCURACY", 1))
    assert "damaged" in taken.verify()[0]
    path.write_bytes(whole)
    assert taken.verify() == ()
