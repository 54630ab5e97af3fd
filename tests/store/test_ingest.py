"""Journals become rows: all of them, once, whatever happens in between."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.store import blocks as module_of_blocks
from harness.store import ingest as module
from harness.store.blocks import blocks
from harness.store.migrate import counts, reading, writing
from harness.store.questions import QUESTIONS
from harness.store.records import End
from harness.store.store import Store
from harness.types import Answer, Arm, Output, Role, Run, RunRecord, Score


def rows(store: Store) -> dict[str, int]:
    """Rows per private table, the bookkeeping left out."""
    with reading(store.path / "history.duckdb") as connection:
        found = counts(connection)
    return {
        name: n for name, n in found.items() if name not in ("migrations", "ingestions", "means")
    }


def test_a_run_is_taken_once(store: Store, record: RunRecord, journal):
    """Ingesting again changes nothing, not a byte of the file."""
    journal(store, record)
    total = 1 + sum(len(getattr(record, part)) for part in PARTS) + 1
    report = store.ingest()
    assert report.runs == {record.run.id: total}
    assert str(report) == f"{record.run.id}: {total} records taken in"
    before = (store.path / "history.duckdb").read_bytes()
    assert str(store.ingest()) == "nothing new"
    assert (store.path / "history.duckdb").read_bytes() == before
    assert sum(rows(store).values()) == total
    assert store.verify() == ()


PARTS = (
    "arms", "ancestors", "cases", "answers", "outputs", "scores", "effects", "noises",
    "robustnesses", "judges", "checks", "decisions",
)  # fmt: skip


def test_a_run_in_progress_is_completed_later(store: Store, record: RunRecord):
    """Every ingestion takes what was added since the one before, and the end at the end."""
    outputs = list(record.outputs.values())[:3]
    writer = store.journal(record.run)
    for at, output in enumerate(outputs):
        writer.append("output", [output])
        assert store.ingest().runs == {record.run.id: 1 if at else 2}
        assert set(store.known_outputs(record.outputs)) == {o.key for o in outputs[: at + 1]}
    assert store.load_run(record.run.id).finished is None
    writer.append("end", [End("2026-11-22T13:00:09+00:00", 9.0, 0)])
    writer.finish()
    assert store.ingest().runs == {record.run.id: 1}
    assert store.ingest().runs == {}
    assert store.load_run(record.run.id).finished == "2026-11-22T13:00:09+00:00"
    assert rows(store)["outputs"] == len(outputs)
    assert store.verify() == ()


def test_a_footer_alone_is_taken_too(store: Store, record: RunRecord):
    """A journal whose last records were taken before its footer ends up complete."""
    writer = store.journal(record.run)
    store.ingest()
    writer.finish()
    assert store.ingest().runs == {record.run.id: 0}
    with reading(store.path / "history.duckdb") as connection:
        query = "SELECT complete, sha256 IS NOT NULL FROM data.ingestions ORDER BY seq"
        assert connection.execute(query).fetchall() == [(False, False), (True, True)]


def test_two_runs_at_once_write_two_journals(store: Store, record, again, journal):
    """Lines of two runs never mix, and both end up in the history."""
    with store.journal(record.run) as first, store.journal(again.run) as second:
        for writer in (first, second, first, second):
            writer.append("score", record.scores[:3])
    store.ingest()
    assert store.load_run(record.run.id).scores == record.scores[:3] * 2
    assert store.load_run(again.run.id).scores == record.scores[:3] * 2


def test_ingesting_from_several_threads_doubles_nothing(store: Store, record, again, journal):
    """Whoever comes second finds the watermark moved."""
    journal(store, record)
    journal(store, again, known=record.outputs)
    store.wait = 30.0
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.append(sum(store.ingest().runs.values())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == sum(rows(store).values())
    assert store.verify() == ()


def test_a_late_reader_of_the_same_journal_inserts_nothing(store: Store, record, journal):
    """The watermark is read again before each insertion: what was read earlier is no matter."""
    journal(store, record)
    path = store.path / "runs" / f"{record.run.id}.jsonl"
    (block,) = blocks(path, path.stat().st_size)
    before = store.ingest().runs[record.run.id]
    with writing(store.path / "history.duckdb") as connection:
        assert module._insert(connection, record.run.id, block) == 0
    assert sum(rows(store).values()) == before


def test_a_reader_is_never_kept_waiting(store: Store, record, again, journal):
    """While a copy is written, and after, in the same moment; a new reader sees the new file."""
    journal(store, record)
    store.ingest()
    store.wait = 0.0
    with writing(store.path / "history.duckdb") as connection:
        connection.execute("DELETE FROM data.runs")
        code = "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); " + (
            "print(c.execute('SELECT count(*) FROM v1.runs').fetchone()[0])"
        )
        command = [sys.executable, "-c", code, str(store.path / "history.duckdb")]
        assert subprocess.run(command, capture_output=True, check=True).stdout == b"1\n"
    assert store.sql("SELECT count(*) FROM v1.runs").rows == ((0,),)


def test_an_ingestion_that_fails_leaves_the_history_as_it_was(store: Store, record, journal):
    """Byte by byte, and no copy stays behind."""
    journal(store, record)
    store.ingest()
    database = store.path / "history.duckdb"
    before = database.read_bytes()
    with pytest.raises(StoreError, match="no_such_column"), writing(database) as connection:
        connection.execute("DELETE FROM data.runs; SELECT no_such_column")
    assert database.read_bytes() == before
    assert sorted(path.name for path in store.path.iterdir()) == [
        "history.duckdb", "history.lock", "runs",
    ]  # fmt: skip


def test_a_journal_damaged_at_its_end_gives_nothing(store: Store, record, monkeypatch):
    """All of what is new of a journal, or none of it, also where it is read in blocks."""
    monkeypatch.setattr(module_of_blocks, "BLOCK", 300)
    with store.journal(record.run) as writer:
        writer.append("score", [Score(f"c{n}", "a", "s", 1.0) for n in range(20)])
    path = store.path / "runs" / f"{record.run.id}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"c19", b"c91"))
    assert store.recover().runs == {}
    assert sum(rows(store).values()) == 0


def test_a_damaged_journal_does_not_keep_the_others_out(store: Store, record, again, journal):
    """At the beginning of a gate it is reported; asked for explicitly, it is an error."""
    journal(store, record)
    journal(store, again)
    path = store.path / "runs" / f"{record.run.id}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b"arm2", b"arm9", 1)
    path.write_bytes(b"".join(lines))
    report = store.recover()
    assert list(report.runs) == [again.run.id]
    (sentence,) = report.damaged
    assert sentence.startswith(f"{path}:5: damaged: ")
    assert str(report).endswith(sentence)
    with pytest.raises(StoreError, match=":5: damaged"):
        store.ingest()
    assert store.load_run(again.run.id) == again


def test_a_field_that_an_older_journal_lacks_reads_as_its_default(store: Store, record):
    """A record class may gain a field with a default; old runs stay loadable."""
    with store.journal(record.run) as writer:
        path = writer.path
    body = '{"seq":2,"kind":"output","data":{"key":"k","text":"x"}'
    line = f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}\n'
    with path.open("a") as file:
        file.write(line)
    store.ingest()
    assert store.known_outputs(["k"]) == {"k": Output("k", "x")}


def test_a_journal_from_before_there_were_repeats_and_attempts_is_read(store, record, journal):
    """Whole, through records and views alike: its answers are first answers."""
    journal(store, record)
    path = store.path / "runs" / f"{record.run.id}.jsonl"
    later = {"repeat", "attempt", "rules", "repeats", "notes", "adapters", "alpha_worse", "slice"}
    lines = []
    for old in map(json.loads, path.read_bytes().splitlines()[:-1]):
        data = {key: value for key, value in old["data"].items() if key not in later}
        kept = json.dumps(data, ensure_ascii=False)
        body = f'{{"seq":{old["seq"]},"kind":"{old["kind"]}","data":{kept}'
        lines.append(f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}\n')
    path.write_text("".join(lines), "utf-8")
    store.ingest()
    (decision,), (check,) = record.decisions, record.checks
    assert store.load_run(record.run.id) == dataclasses.replace(
        record,
        decisions=(dataclasses.replace(decision, attempt=None, rules="", notes=()),),
        checks=(dataclasses.replace(check, alpha_worse=None),),
    )
    query = "SELECT count(*), sum(repeat) FROM v1.outputs WHERE answer IS NOT NULL"
    assert store.sql(query).rows == ((8, 0),)
    assert [row[2] for row in store.sql(QUESTIONS["flips"], record.run.id).rows] == ["s0", "s2"]
    assert store.attempts("arm1", record.cases) == ()


def test_rebuilding_gives_the_same_history(store: Store, record, again, journal):
    """The history holds nothing that the journals do not."""
    journal(store, record)
    store.ingest()
    journal(store, again, known=record.outputs)
    store.ingest()
    before = rows(store)
    (store.path / "history.duckdb").write_bytes(b"destroyed")
    assert list(store.rebuild().runs) == [record.run.id, again.run.id]
    assert rows(store) == before
    assert store.load_run(again.run.id) == again
    assert not list(store.path.glob("*.rebuilt*"))


def test_rebuilding_from_a_damaged_journal_keeps_the_old_history(store, record, journal):
    """What is still there is not thrown away for less."""
    journal(store, record)
    store.ingest()
    path = store.path / "runs" / f"{record.run.id}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"accuracy", b"ACCURACY", 1))
    with pytest.raises(StoreError, match="damaged"):
        store.rebuild()
    assert store.load_run(record.run.id) == record


TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
OUTPUTS = st.builds(
    Output,
    key=TEXT,
    text=st.none() | TEXT,
    logprobs=st.none() | st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
    tokens=st.integers(-(2**63), 2**63 - 1),
    seconds=st.floats(allow_nan=False, allow_infinity=False),
    error=st.none() | TEXT,
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | st.integers() | NUMBERS | TEXT | st.lists(TEXT, max_size=2)
FIELDS: st.SearchStrategy[Any] = st.dictionaries(TEXT, VALUES, max_size=4)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(outputs=st.lists(OUTPUTS, unique_by=lambda o: o.key, max_size=8), fields=FIELDS, name=TEXT)
def test_whatever_is_journalled_is_loaded_from_the_database(
    tmp_path, empty_history, outputs, fields, name
):
    """Journal, Arrow, DuckDB and back: the values are the same to the last bit."""
    store = Store(tmp_path / str(len(list(tmp_path.iterdir()))))
    store.path.mkdir()
    shutil.copy(empty_history, store.path)
    run = Run("r1", name, name, name, name, {name: name}, {"x": fields})
    arm = Arm(Role.ANCHOR, name, name, None, name, problem=name)
    score = Score(name, name, name, None, name)
    with store.journal(run) as writer:
        writer.append("arm", [arm])
        writer.append("output", outputs)
        writer.append("answer", [Answer(name, name, output.key) for output in outputs])
        writer.append("score", [score])
    store.ingest()
    loaded = store.load_run("r1")
    assert json.dumps(loaded.run.settings) == json.dumps(dict(run.settings))
    assert (loaded.run, loaded.arms, loaded.scores) == (run, (arm,), (score,))
    assert loaded.outputs == {output.key: output for output in outputs}
    given_ = [repr(output.logprobs) for output in outputs]  # tells −0.0 from 0.0
    assert [repr(output.logprobs) for output in loaded.outputs.values()] == given_
    finished = {output.key: output for output in outputs if output.error is None}
    assert store.known_outputs([output.key for output in outputs]) == finished


def test_an_output_is_found_by_a_key_that_utf_8_cannot_carry(store: Store, record: RunRecord):
    """Found by hypothesis: no key of the product is like that, and no key may be a crash."""
    output = Output("\ud800", text="x")
    with store.journal(record.run) as writer:
        writer.append("output", [output])
    store.ingest()
    assert store.known_outputs(["\ud800"]) == {"\ud800": output}


def test_many_blocks_are_one_run(store: Store, record: RunRecord, monkeypatch):
    """Reading in blocks bounds memory and loses nothing at the seams."""
    monkeypatch.setattr(module_of_blocks, "BLOCK", 300)
    scores = [Score(f"c{n}", "a", "s", float(n)) for n in range(10)]
    with store.journal(record.run) as writer:
        writer.append("score", scores)
    store.ingest()
    assert store.load_run(record.run.id).scores == tuple(scores)


def test_a_record_of_every_kind_survives_with_hard_text(store: Store, record: RunRecord, journal):
    """The whole small gate, with NUL, surrogates and line separators everywhere."""
    journal(store, record)
    store.ingest()
    assert store.load_run(record.run.id) == record
    assert dataclasses.asdict(store.load_run(record.run.id)) == dataclasses.asdict(record)
