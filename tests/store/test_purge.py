"""Texts go from journals and history, everywhere; the record stays as it was decided."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store.store import Store
from harness.types import PURGED, Case, Kind, Output, RunRecord, Verdict

SECRET = "Jane Doe, 4 Privet Drive"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def secret(record: RunRecord) -> RunRecord:
    """The small gate with a person in a case, in its mutation, and in what quotes it."""
    personal = {"prompt": SECRET, "fields": {"text": SECRET}, "target": SECRET, "expect": (SECRET,)}
    cases = [
        dataclasses.replace(case, **personal) if case.digest == "case3" else case
        for case in record.cases
    ]
    mutated = dataclasses.replace(
        cases[3], digest="case9", parent="case3", sample="s3~typos", kind=Kind.MUTATION
    )
    outputs = {
        key: Output(key, text=f"{key} {SECRET}") if key.startswith("case3") else output
        for key, output in record.outputs.items()
    }
    outputs["judge"] = Output("judge", text=f"The answer names {SECRET}")
    scores = [
        dataclasses.replace(one, reason=SECRET, answer=SECRET) if one.case == "case3" else one
        for one in record.scores
    ]
    failed = dataclasses.replace(
        record.checks[0],
        id="x::extract.s3@v2",
        kind=Kind.CASE,
        suite="contracts/adversarial",
        task="extract",
        name="s3",
        verdict=Verdict.REGRESSED,
        reason=f"answered {SECRET}",
    )
    (decision,) = record.decisions
    decision = dataclasses.replace(
        decision, reasons=(f"contracts/adversarial extract.s3: answered {SECRET}",)
    )
    return dataclasses.replace(
        record,
        cases=(*cases, mutated),
        outputs=outputs,
        scores=tuple(scores),
        checks=(*record.checks, failed),
        decisions=(decision,),
    )


@pytest.fixture
def taken(store: Store, secret: RunRecord, again: RunRecord, journal) -> Store:
    """Two runs: the second asked the same, without a text of its own."""
    journal(store, secret)
    second = dataclasses.replace(secret, run=again.run, outputs={})
    journal(store, second)
    store.ingest()
    return store


def files(store: Store) -> list[Path]:
    return [path for path in store.path.rglob("*") if path.is_file()]


def test_no_byte_of_a_purged_case_is_left_in_the_store(taken: Store):
    """By its sample: in every run, with its mutation, its answers, and what a judge wrote of it."""
    assert any(SECRET.encode() in path.read_bytes() for path in files(taken))
    report = taken.purge(cases=["s3"])
    assert set(report.runs) == {run for (run,) in taken.sql("SELECT run FROM v1.runs").rows}
    assert not report.busy
    assert [path.name for path in files(taken) if SECRET.encode() in path.read_bytes()] == []
    assert taken.verify() == ()


def test_what_was_not_meant_stays(taken: Store, secret: RunRecord):
    """Other cases, their answers, and every number of the purged one."""
    taken.purge(cases=["s3"])
    found = taken.load_run(secret.run.id)
    assert found.cases[:3] == secret.cases[:3]
    assert [s.value for s in found.scores] == [s.value for s in secret.scores]
    assert [c.verdict for c in found.checks] == [c.verdict for c in secret.checks]
    assert found.decisions[0].reasons == (f"contracts/adversarial extract.s3: {PURGED}",)
    assert found.answers == secret.answers
    for key, output in found.outputs.items():
        if not key.startswith("case3"):
            assert output == secret.outputs[key]


def test_a_purged_case_is_told(taken: Store, secret: RunRecord):
    """Digests stay: that of the case, of its row, and of the text that was answered."""
    taken.purge(cases=["case3"])
    case, mutated = (taken.load_run(secret.run.id).cases[n] for n in (3, 4))
    assert (case.digest, case.prompt, case.fields, case.target) == ("case3", PURGED, {}, None)
    assert case.purged == mutated.purged != ""
    assert taken.sql("SELECT count(*) FROM v1.cases WHERE purged").rows == ((4,),)
    texts = taken.sql("SELECT DISTINCT text FROM v1.outputs WHERE case_digest = 'case3'").rows
    assert texts == ((None,),)


def test_a_purged_output_is_asked_for_again(taken: Store, secret: RunRecord):
    """There is nothing to reuse; outputs without a text of their own are not touched."""
    taken.purge(runs=[secret.run.id])
    known = taken.known_outputs(secret.outputs)
    assert set(known) == {key for key, output in secret.outputs.items() if output.text is None}


def test_a_whole_run_is_purged(taken: Store, secret: RunRecord):
    """Every case and text of it; the run beside keeps its own."""
    (run, other) = (run for (run,) in taken.sql("SELECT run FROM v1.runs ORDER BY run").rows)
    assert set(taken.purge(runs=[run]).runs) == {run}
    assert {case.prompt for case in taken.load_run(run).cases} == {PURGED}
    assert PURGED not in {case.prompt for case in taken.load_run(other).cases}


def test_attempts_count_as_before(store: Store, record: RunRecord, journal):
    """A row is known by its digest, also where its prompt was edited since."""
    journal(store, record)
    store.ingest()
    edited = [dataclasses.replace(case, input_digest="edited") for case in record.cases]
    before = store.attempts("arm1", edited)
    store.purge(runs=[record.run.id])
    assert store.attempts("arm1", edited) == before
    assert len(before) == 1
    others = [dataclasses.replace(case, fields={"text": "another"}) for case in edited]
    assert store.attempts("arm1", others) == ()


def test_purging_twice_changes_nothing(taken: Store):
    """And says so."""
    taken.purge(cases=["s3"])
    assert str(taken.purge(cases=["s3"])) == "nothing to purge"


@pytest.mark.parametrize(("days", "purged"), [(0, 2), (1, 2), (2, 1), (3, 0)])
def test_old_runs_expire(taken: Store, days: int, purged: int):
    """They began on the 22nd and 23rd at 13:00; it is the 24th, 14:00."""
    now = NOW.replace(hour=14)
    assert len(taken.expire(days, now).runs) == purged
    assert taken.expire(days, now).runs == {}


def test_an_empty_store_has_nothing_to_expire(bare: Store):
    """Before the first gate."""
    assert str(bare.expire(0, NOW)) == "nothing to purge"


def test_a_run_that_is_going_on_is_left_alone(taken: Store, record: RunRecord):
    """Its journal is being written to; it is named, and purged later."""
    run = dataclasses.replace(record.run, id="going-on")
    with taken.journal(run) as writer:
        writer.append("case", record.cases)
        taken.ingest()
        assert str(taken.purge(runs=["going-on"])) == (
            "going-on: is going on; purge again when it has ended"
        )
        writer.append("score", record.scores)
    taken.ingest()
    assert taken.load_run("going-on").scores == record.scores
    assert set(taken.purge(runs=["going-on"]).runs) == {"going-on"}
    assert taken.load_run("going-on").finished is None


def test_a_killed_purge_is_finished_by_the_next(taken: Store, secret: RunRecord, monkeypatch):
    """Journals first: until the history is built anew it still has the text, and verify says so."""
    monkeypatch.setattr("harness.store.purge.ingest", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        taken.purge(runs=[secret.run.id])
    assert "not the journal that was taken" in "".join(taken.verify())
    monkeypatch.undo()
    taken.purge(runs=[secret.run.id])
    assert taken.verify() == ()
    assert {case.prompt for case in taken.load_run(secret.run.id).cases} == {PURGED}


def test_mistakes_are_sentences(taken: Store, secret: RunRecord):
    """Nothing is changed by any of them."""
    before = {path: path.read_bytes() for path in files(taken)}
    with pytest.raises(StoreError, match="no run 'nope' in this store"):
        taken.purge(runs=["nope"])
    with pytest.raises(StoreError, match="no case 'nobody' in this store"):
        taken.purge(cases=["nobody"])
    path = taken.path / "runs" / f"{secret.run.id}.jsonl"
    path.rename(taken.path / "archived")
    with pytest.raises(StoreError, match="was moved away: put it back"):
        taken.purge(cases=["s3"])
    (taken.path / "archived").rename(path)
    assert {path: path.read_bytes() for path in files(taken)} == before


def test_cases_are_cases(record: RunRecord):
    """A field that is added to a case has to be thought of here: does it hold text?"""
    assert {one.name for one in dataclasses.fields(Case)} == {
        "digest", "suite", "task", "sample", "kind", "prompt", "choices", "generation", "target",
        "cluster", "slices", "fields", "input_digest", "expect", "messages", "tools", "shots",
        "budget", "unconditional", "rolling", "weight", "mutation", "parent", "purged",
    }  # fmt: skip
