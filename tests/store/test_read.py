"""The history answers what gates and people ask."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable

import pyarrow
import pytest

from harness.errors import StoreError
from harness.store.questions import QUESTIONS
from harness.store.store import Store
from harness.types import Answer, Output, Role, RunRecord, Score


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
    record: RunRecord,
    again: RunRecord,
    journal: Callable[..., None],
) -> Store:
    """Two runs, the second of which reused every output of the first; only read here."""
    store = Store(tmp_path_factory.mktemp("both"))
    journal(store, record)
    journal(store, again, known=record.outputs)
    store.ingest()
    return store


def test_a_run_comes_back_with_the_outputs_it_reused(both: Store, record, again):
    """Each run loads equal to what was recorded, wherever its outputs lie."""
    assert both.load_run(record.run.id) == record
    assert both.load_run(again.run.id) == again
    query = "SELECT DISTINCT run, computed_in FROM v1.outputs ORDER BY run"
    first, second = record.run.id, again.run.id
    assert both.sql(query).rows == ((first, first), (second, first))


def test_only_finished_outputs_are_known(store: Store, record, again, journal):
    """An error is shown in its own run, is never reused, and does not hide a later answer."""
    key = next(iter(record.outputs))
    failed = dataclasses.replace(
        record, outputs=record.outputs | {key: Output(key, error="out of memory")}
    )
    journal(store, failed)
    store.ingest()
    assert set(store.known_outputs(record.outputs)) == set(record.outputs) - {key}
    journal(store, again, known=set(record.outputs) - {key})
    store.ingest()
    assert store.known_outputs([key, "unheard of"]) == {key: record.outputs[key]}
    assert store.load_run(failed.run.id).outputs[key].error == "out of memory"
    assert store.load_run(again.run.id) == again


def test_an_output_computed_twice_belongs_to_each_run(store: Store, record, again, journal):
    """Two runs at once may compute the same; each keeps its own, later ones take the first."""
    slower = {key: dataclasses.replace(o, seconds=9.0) for key, o in record.outputs.items()}
    twice = dataclasses.replace(again, outputs=slower)
    journal(store, record)
    journal(store, twice)
    store.ingest()
    assert store.load_run(record.run.id) == record
    assert store.load_run(again.run.id) == twice
    assert store.known_outputs(record.outputs) == record.outputs


def test_ten_thousand_keys_are_one_question(both: Store, record):
    """A large plan is looked up at once."""
    keys = [f"none{n}" for n in range(10_000)] + list(record.outputs)
    assert both.known_outputs(keys) == record.outputs


def test_outputs_that_answer_no_case_are_not_part_of_a_run(store: Store, record, again, journal):
    """Probes are kept to be reused, and are no answers."""
    probe = Output("probe", text="x")
    journal(store, dataclasses.replace(record, outputs=record.outputs | {"probe": probe}))
    store.ingest()
    assert store.known_outputs(["probe"]) == {"probe": probe}
    assert store.load_run(record.run.id) == record


def test_what_each_path_held_is_remembered_latest_first(store: Store, record, again, journal):
    """A path that was retrained in place has two contents; one that failed to load has none."""
    base, v1, v2 = record.arms
    trained = dataclasses.replace(v2, adapter="a3", digest="arm3")
    broken = dataclasses.replace(v1, path="adapters/broken", problem="truncated")
    assert store.arms_seen() == ()
    journal(store, record)
    journal(store, dataclasses.replace(again, arms=(base, v1, trained, broken)))
    store.ingest()
    assert [(seen.run, seen.path, seen.adapter, seen.digest) for seen in store.arms_seen()] == [
        (again.run.id, "adapters/v1", "a1", "arm1"),
        (again.run.id, "adapters/v2", "a3", "arm3"),
        (record.run.id, "adapters/v2", "a2", "arm2"),
    ]


def test_a_run_that_was_cut_short_loads_as_such(store: Store, record, journal):
    """No end, no footer: everything else is there."""
    short = dataclasses.replace(record, finished=None, seconds=0.0)
    journal(store, short)
    store.ingest()
    assert store.load_run(record.run.id) == short
    assert store.sql(QUESTIONS["runs"]).rows[0][-1] is None


def test_an_unknown_run_is_a_sentence(both: Store, again):
    """The error says which run would be the latest."""
    with pytest.raises(StoreError, match=f"no run 'x' in this store; the latest is {again.run.id}"):
        both.load_run("x")


def test_runs_are_listed_newest_first(both: Store, record, again):
    """What ``loragate history`` shows."""
    table = both.sql(QUESTIONS["runs"])
    assert both.latest_run() == again.run.id
    newest, oldest = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert (newest["run"], oldest["run"]) == (again.run.id, record.run.id)
    assert oldest == {
        "run": record.run.id,
        "started": datetime.datetime(2026, 11, 22, 13),
        "verdict": "INCONCLUSIVE",
        "candidates": ["v2"],
        "cases": 4,
        "computed": 8,
        "reused": 0,
        "seconds": 9.0,
    }
    assert (newest["computed"], newest["reused"]) == (0, 8)


def test_the_verdict_of_a_run_is_its_worst(store: Store, record, journal):
    """One bad candidate shows in the list."""
    good = record.decisions[0]
    bad = dataclasses.replace(good, candidate="v3", verdict="REJECT")
    decisions = (good, dataclasses.replace(bad, verdict=type(good.verdict).REJECT), good)
    journal(store, dataclasses.replace(record, decisions=decisions))
    store.ingest()
    assert store.sql("SELECT verdict, candidates FROM v1.runs").rows == (
        ("REJECT", ["v2", "v3", "v2"]),
    )


def test_flips_show_who_was_right_and_both_answers(both: Store, record):
    """Where the two differ, counted by hand: case1 is equal, case0 lost, case2 won, case3 equal."""
    table = both.sql(QUESTIONS["flips"], record.run.id)
    flips = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    lost, won = flips
    assert (lost["sample"], lost["better"]) == ("s0", "baseline")
    assert (lost["baseline_answer"], lost["candidate_answer"]) == ("law", "court")
    assert (won["sample"], won["better"]) == ("s2", "candidate")
    assert won["baseline_answer"] == ""
    assert won["candidate_answer"].startswith("Ünïcode")
    assert (won["baseline_value"], won["candidate_value"]) == (0.0, 1.0)


def test_a_baseline_against_itself_has_no_flips(store: Store, record, journal):
    """Two arms of one content share their scores."""
    baseline = record.arms[1]
    same = dataclasses.replace(baseline, role=Role.CANDIDATE, name="v1-again")
    journal(store, dataclasses.replace(record, arms=(baseline, same)))
    store.ingest()
    assert store.sql(QUESTIONS["flips"], record.run.id).rows == ()
    scored = store.sql("SELECT arm, count(*) FROM v1.scores GROUP BY arm ORDER BY arm").rows
    assert scored == (("v1", 4), ("v1-again", 4))


def again_asked(record: RunRecord, values: dict[tuple[str, str], float | None]) -> RunRecord:
    """The same run with a second answer to some cases, (case, arm) → its score."""
    repeats = [dataclasses.replace(s, repeat=0) for s in record.scores]
    repeats += [
        Score(case, arm, "accuracy", value, "judge gave up" if value is None else "", 1)
        for (case, arm), value in values.items()
    ]
    answers = [
        *record.answers,
        *(Answer(case, arm, f"case1/{arm}", 1) for case, arm in values),
    ]
    return dataclasses.replace(record, answers=tuple(answers), scores=tuple(repeats))


def test_repeats_are_averaged_before_arms_are_compared(store: Store, record, journal):
    """case0: 1 against (0 + 1)/2; case1: equal at (1 + 0)/2; each once, with its first answers."""
    seconds = {("case0", "arm2"): 1.0, ("case1", "arm1"): 0.0, ("case1", "arm2"): 0.0}
    repeated = again_asked(record, seconds)
    journal(store, repeated)
    store.ingest()
    assert store.load_run(record.run.id) == repeated
    table = store.sql(QUESTIONS["flips"], record.run.id)
    flips = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    values = [(f["sample"], f["baseline_value"], f["candidate_value"]) for f in flips]
    assert values == [("s0", 1.0, 0.5), ("s2", 0.0, 1.0)]
    assert (flips[0]["baseline_answer"], flips[0]["candidate_answer"]) == ("law", "court")
    rows = store.sql(
        "SELECT arm, n, mean FROM v1.trend WHERE task = 'classify' AND scorer = 'accuracy'"
        " ORDER BY arm"
    ).rows
    assert rows == (("v1", 2, 0.75), ("v2", 2, 0.5))
    query = "SELECT repeats FROM v1.scores WHERE sample = 's0' AND arm = 'v2'"
    assert store.sql(query).rows == (([0.0, 1.0],),)
    query = "SELECT repeat, count(*) FROM v1.outputs GROUP BY repeat ORDER BY repeat"
    assert store.sql(query).rows == ((0, 8), (1, 3))


def test_a_case_with_one_unscored_repeat_is_unscored(store: Store, record, journal):
    """As in the gate: what is missing is never left out of a mean; the reason is the gap's."""
    journal(store, again_asked(record, {("case0", "arm2"): None}))
    store.ingest()
    query = "SELECT value, reason, repeats FROM v1.scores WHERE sample = 's0' AND arm = 'v2'"
    assert store.sql(query).rows == ((None, "judge gave up", [0.0, None]),)
    assert [row[2] for row in store.sql(QUESTIONS["flips"], record.run.id).rows] == ["s2"]


def test_the_trend_is_the_mean_of_each_run(both: Store, record, again):
    """Hand-written cases are left out; a score that is missing is counted, not averaged."""
    rows = both.sql(
        "SELECT run, task, arm, n, unscored, mean FROM v1.trend WHERE scorer = 'accuracy'"
        " ORDER BY ALL"
    ).rows
    one_run = [
        ("classify", "v1", 2, 0, 1.0),
        ("classify", "v2", 2, 0, 0.5),
        ("extract", "v1", 1, 0, 0.0),
        ("extract", "v2", 1, 0, 1.0),
    ]
    assert list(rows) == [(one.run.id, *row) for one in (record, again) for row in one_run]
    shown = both.sql(QUESTIONS["trend"])
    arm, run = shown.columns.index("arm"), shown.columns.index("run")
    first_line = [(row[arm], row[run]) for row in shown.rows[:2]]
    assert first_line == [("v1", record.run.id), ("v1", again.run.id)]


def test_an_empty_set_has_no_mean(store: Store, record, journal):
    """Nothing scored is NULL, never 0 or 1."""
    scores = tuple(dataclasses.replace(score, value=None) for score in record.scores)
    journal(store, dataclasses.replace(record, scores=scores))
    store.ingest()
    rows = store.sql("SELECT n, unscored, mean FROM v1.trend WHERE task = 'classify'").rows
    assert rows == ((0, 2, None), (0, 2, None))


def test_checks_show_interval_and_margin(both: Store, record):
    """The two bounds are columns."""
    table = both.sql(QUESTIONS["checks"], record.run.id)
    (check,) = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert (check["low"], check["high"], check["margin"]) == (-1.0, 0.25, 0.03)
    assert check["verdict"] == "INCONCLUSIVE"


ALLOWED = {
    "json": ("SELECT fields->>'text' FROM v1.cases WHERE sample = 's0'", "clause 0"),
    "nul": (r"SELECT contains(answer, chr(0)) FROM v1.outputs WHERE answer LIKE 'Ü%'", True),
    "effects": ("SELECT difference > threshold FROM v1.effects", True),
    "decisions": ("SELECT len(reasons) FROM v1.decisions", 2),
    "notes": ("SELECT len(notes) FROM v1.decisions", 1),
    "attempts": ("SELECT baseline || number || candidate FROM v1.attempts", "v11v2"),
    "noises": ("SELECT flips FROM v1.noises", 0),
    "looks": ("SELECT look || ' ' || planned FROM v1.checks", "1 8"),
    "arms": ("SELECT executor FROM v1.arms WHERE role = 'candidate'", "peft"),
}


@pytest.mark.parametrize(("query", "first"), ALLOWED.values(), ids=ALLOWED)
def test_any_question_may_be_asked(both: Store, query: str, first: object):
    """Every public view is there, JSON is JSON, and odd text is text."""
    assert both.sql(query).rows[0] == (first,)


FORBIDDEN = {
    "write": "INSERT INTO data.answers VALUES ('r', 1, 'c', 'a', 'k')",
    "delete": "DELETE FROM data.scores",
    "drop": "DROP VIEW v1.runs",
    "read a file": "SELECT * FROM read_text('/etc/hostname')",
    "write a file": "COPY data.runs TO 'stolen.csv'",
    "attach": "ATTACH 'other.duckdb'",
    "network": "SELECT * FROM read_csv('https://example.org/x.csv')",
    "extension": "INSTALL httpfs",
    "environment": "SELECT getenv('HOME')",
    "settings": "SET enable_external_access = true",
    "nonsense": "SELEC 1",
}


@pytest.mark.parametrize("query", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_question_changes_nothing_and_reaches_nothing_else(both: Store, query: str):
    """User SQL is read-only, offline, and an error is a sentence."""
    with pytest.raises(StoreError, match=r"history\.duckdb: .*(Error|disabled)"):
        both.sql(query)


def test_a_question_does_not_see_the_variables_of_the_program(both: Store):
    """DuckDB would look for an unknown table among the caller's Python objects."""
    secrets = pyarrow.table({"token": ["x"]})
    with pytest.raises(StoreError, match="Catalog Error: Table with name secrets does not exist"):
        both.sql("SELECT * FROM secrets")
    assert secrets.num_rows == 1
