"""``loragate history releases``, ``store verify`` and ``store rebuild`` on small stores."""

import csv
import dataclasses
import json

import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.history import Question
from harness.errors import StoreError
from harness.store.questions import QUESTIONS
from harness.store.records import End
from harness.store.store import Store
from harness.types import (
    Ancestor,
    Arm,
    Case,
    GateDecision,
    GateVerdict,
    Kind,
    Role,
    Run,
    Score,
)

BASE = Arm(Role.BASE, "base", "b", None, "base-arm")


def case(suite: str, number: int) -> Case:
    return Case(
        digest=f"{suite}-{number}",
        suite=suite,
        task="t",
        sample=str(number),
        kind=Kind.CHECK,
        prompt="?",
        choices=(),
        generation=None,
        target="x",
        cluster=str(number),
        slices={},
        fields={},
        input_digest=f"input-{suite}-{number}",
    )


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def promote(store):
    """``promote("v1", law=(0.75, "d1"))``: a release with a mean and a digest by suite."""

    def make(name: str, baseline: str = "base", base: float = 0.5, **suites) -> None:
        at = len(list((store.path / "runs").glob("*"))) if store.path.exists() else 0
        arms = [
            BASE,
            dataclasses.replace(BASE, role=Role.BASELINE, name=baseline, digest=f"{baseline}-arm"),
            Arm(Role.CANDIDATE, name, "b", name, f"{name}-arm"),
        ]
        contents = {suite: digest for suite, (_, digest) in suites.items()}
        run = Run(f"run-{at}", "2026-11-22T13:00:00+00:00", "1", "cpu", "p", contents)
        scores = [
            Score(f"{suite}-{number}", arm, "accuracy", float(number < 4 * mean))
            for suite, (share, _) in suites.items()
            for arm, mean in ((f"{name}-arm", share), ("base-arm", base))
            for number in range(4)
        ]
        decision = GateDecision(name, f"{name}-arm", GateVerdict.PROMOTE, ("all pass",), 0.05)
        with store.journal(run) as journal:
            journal.append("arm", arms)
            journal.append("case", [case(suite, n) for suite in suites for n in range(4)])
            journal.append("score", scores)
            journal.append("decision", [decision])
            journal.append("end", [End("2026-11-22T13:00:09+00:00", 9.0, 0)])
            journal.finish()

    return make


@pytest.fixture
def loragate(store):
    """``loragate("history", "releases")`` on the store: its exit code and its lines."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(app, [*arguments, "--store", str(store.path)])
        return result.exit_code, [" ".join(line.split()) for line in result.output.splitlines()]

    return run


def test_before_the_first_release_there_is_a_sentence(store, loragate):
    """Also where there is no store yet."""
    sentence = "no release yet: a release is a candidate that 'pytest suites/' found PROMOTE"
    assert loragate("history", "releases") == (0, [sentence])
    store.path.mkdir()
    assert loragate("history", "releases") == (0, [sentence])


def test_releases_show_what_is_kept_of_each_skill(promote, loragate):
    """By hand: law 3/4 → 2/4 is −.25; chat entered with v2, so counts from v3 on: +.25."""
    promote("v1", law=(0.75, "d1"))
    promote("v2", "v1", law=(0.75, "d1"), chat=(0.5, "d2"))
    promote("v3", "v2", law=(0.5, "d1"), chat=(0.75, "d2"))
    assert loragate("history", "releases") == (0, [
        "release run candidate suite task scorer score base retention change",
        "1 run-0 v1 law t accuracy 0.75 0.5 1.5 0",
        "2 run-1 v2 chat t accuracy 0.5 0.5 1 0",
        "2 run-1 v2 law t accuracy 0.75 0.5 1.5 0",
        "3 run-2 v3 chat t accuracy 0.75 0.5 1.5 0.25",
        "3 run-2 v3 law t accuracy 0.5 0.5 1 -0.25",
        "backward transfer of release 2 (v2): 0",
        "backward transfer of release 3 (v3): 0",
    ])  # fmt: skip


def test_an_edited_suite_is_a_new_skill(promote, loragate):
    """Its scores before and after are not comparable, so nothing was forgotten or gained."""
    promote("v1", law=(1.0, "d1"))
    promote("v2", "v1", law=(0.25, "edited"))
    _, lines = loragate("history", "releases")
    assert lines[-1] == "2 run-1 v2 law t accuracy 0.25 0.5 0.5 0"
    assert not any(line.startswith("backward transfer") for line in lines)


def test_a_skill_that_base_has_not_at_all_has_no_retention(promote, loragate):
    """A share of nothing is left empty, never 0 or 1; so is a release without data cases."""
    promote("v1", base=0.0, law=(0.5, "d1"))
    promote("v2", "v1")
    _, lines = loragate("history", "releases")
    assert lines[1:] == ["1 run-0 v1 law t accuracy 0.5 0 0", "2 run-1 v2"]


def test_verify_compares_history_and_journals(store, promote, loragate):
    """Exit code 0 and a sentence, or 1 and one for everything that is wrong."""
    promote("v1", law=(0.75, "d1"))
    store.ingest()
    assert loragate("store", "verify") == (0, ["the history holds what the journals hold"])
    (journal,) = (store.path / "runs").iterdir()
    journal.write_bytes(journal.read_bytes().replace(b'"v1"', b'"v9"'))
    code, lines = loragate("store", "verify")
    assert code == 1
    assert "damaged: the line does not match its checksum" in " ".join(lines)


def test_rebuild_makes_the_history_anew(store, promote, loragate):
    """From the journals alone, whatever stands in its place."""
    promote("v1", law=(0.75, "d1"))
    store.ingest()
    (store.path / "history.duckdb").write_text("not a database")
    code, lines = loragate("store", "rebuild")
    assert code == 0
    assert "records taken in" in " ".join(lines)
    assert len(store.releases()) == 1
    assert loragate("store", "verify")[0] == 0


def test_every_question_has_a_name():
    """What the command offers is what the store can answer."""
    assert [question.value for question in Question] == list(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_answered_in_every_form(question, promote, loragate, store, tmp_path):
    """A table, JSON, CSV and Parquet of the same rows; those of one run are of the latest."""
    promote("v1", law=(0.75, "d1"))
    promote("v2", "v1", law=(0.5, "d1"))
    code, lines = loragate("history", question)
    shown = [line for line in lines[1:] if not line.startswith("backward")]
    file = tmp_path / "answer.parquet"
    assert code == 0
    assert len(json.loads("\n".join(loragate("history", question, "--json")[1]))) == len(shown)
    rows = list(csv.reader(loragate("history", question, "--csv")[1]))
    assert len(rows) == len(shown) + 1
    assert loragate("history", question, "--parquet", str(file)) == (
        0,
        [f"{file}: {len(shown)} rows"],
    )
    table = parquet.read_table(file)
    assert (table.column_names, table.num_rows) == (rows[0], len(shown))


def test_your_own_question_knows_the_run(promote, loragate, store):
    """``$run`` is the run that is named, else the latest; an unknown one is a sentence."""
    promote("v1")
    promote("v2", "v1")
    asked = ("history", "--sql", "SELECT candidate FROM v1.decisions WHERE run = $run", "--csv")
    assert loragate(*asked) == (0, ["candidate", "v2"])
    assert loragate(*asked[:1], "runs", "run-0", *asked[1:]) == (0, ["candidate", "v1"])
    with pytest.raises(StoreError, match="no run 'run-9' in this store; the latest is run-1"):
        store.sql(QUESTIONS["checks"], "run-9")


def test_only_one_form_at_a_time(promote, loragate):
    """Two would have to share one output."""
    promote("v1")
    assert loragate("history", "--json", "--csv")[0] != 0


def test_csv_is_safe_to_open_in_a_spreadsheet(promote, loragate):
    """Text that would be calculated there begins with an apostrophe; numbers stay numbers."""
    promote("v1")
    query = "SELECT '=1+1' AS a, '@x' AS b, -1.5 AS c, 'a,\"b\"' AS d, ['x', 'y'] AS e, NULL AS f"
    _, lines = loragate("history", "--sql", query, "--csv")
    assert list(csv.reader(lines))[1] == ["'=1+1", "'@x", "-1.5", 'a,"b"', '["x", "y"]', ""]


def test_parquet_keeps_types(promote, loragate, tmp_path):
    """Also of a column without a value."""
    promote("v1")
    file = tmp_path / "typed.parquet"
    query = "SELECT NULL::DOUBLE AS a, 1::BIGINT AS b, TIMESTAMP '2026-11-22 13:00:00' AS c"
    assert loragate("history", "--sql", query, "--parquet", str(file))[0] == 0
    assert [str(field.type) for field in parquet.read_schema(file)] == [
        "double", "int64", "timestamp[us]",
    ]  # fmt: skip


def test_parquet_that_cannot_be_written_is_a_sentence(promote, store, tmp_path):
    """The folder is missing."""
    promote("v1")
    store.ingest()
    with pytest.raises(StoreError, match=r"answer\.parquet: cannot be written: No such file"):
        store.parquet(tmp_path / "nowhere" / "answer.parquet", "SELECT 1")


def test_lineage_goes_back_to_the_first_adapter(store, loragate):
    """Of a candidate that continues v1, and of each adapter of a release set."""
    arms = [
        BASE,
        Arm(Role.CANDIDATE, "v2", "b", "two", "v2-arm"),
        Arm(Role.CANDIDATE, "set", "b", None, "set-arm", adapters={"law/*": "two", "chat": "c"}),
    ]
    run = Run("run-1", "2026-11-22T13:00:00+00:00", "1", "cpu", "p", {})
    with store.journal(run) as journal:
        journal.append("arm", arms)
        journal.append("ancestor", [
            Ancestor("two", "v2", "one", 40, True),
            Ancestor("one", "v1", None, 0, False),
            Ancestor("c", "chat", None, 7, True),
        ])  # fmt: skip
        journal.append("end", [End("2026-11-22T13:00:09+00:00", 9.0, 0)])
        journal.finish()
    assert loragate("history", "lineage") == (0, [
        "candidate generation name adapter parent rows documented",
        "set 0 chat c 7 True",
        "set 0 v2 two one 40 True",
        "set 1 v1 one 0 False",
        "v2 0 v2 two one 40 True",
        "v2 1 v1 one 0 False",
    ])  # fmt: skip


def test_purge_says_what_it_did(store, promote, loragate):
    """By case, by run, by age; without any of them it asks."""
    promote("v1", law=(0.75, "d1"))
    promote("v2", "v1", law=(0.5, "d1"))
    assert loragate("store", "purge", "--run", "run-0") == (
        0, ["run-0: 4 records without their text now"]
    )  # fmt: skip
    assert loragate("store", "purge", "--case", "1") == (
        0, ["run-1: 1 records without their text now"]
    )  # fmt: skip
    assert loragate("store", "purge", "--older-than", "100000") == (0, ["nothing to purge"])
    assert loragate("store", "purge")[0] != 0
