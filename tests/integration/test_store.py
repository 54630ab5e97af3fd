"""What a gate leaves behind, and what the next one finds."""

import json
import subprocess
import sys
from dataclasses import fields

import pytest

from harness.reports import build_report, write_report
from harness.store.questions import QUESTIONS
from harness.store.store import Store


def test_a_second_gate_computes_nothing_again(gate, report, calls):
    gate()
    first = report()
    assert len(calls) == 1
    gate()
    assert len(calls) == 1
    again = report()
    assert again["run"]["reused"] == 3 * 600
    assert [c["checks"] for c in again["candidates"]] == [c["checks"] for c in first["candidates"]]


def test_the_record_in_the_store_is_the_record_of_the_run(gate, project, monkeypatch):
    from harness.pipeline.gate import Gate

    records = []
    finish = Gate.finish
    monkeypatch.setattr(
        Gate,
        "finish",
        lambda self, decisions: records.append(finish(self, decisions)) or records[-1],
    )
    gate()
    gate()  # the second one reuses the outputs of the first
    store = Store(project.root / ".loragate")
    for record in records:
        stored = store.load_run(record.run.id)
        for field in fields(record):
            assert getattr(stored, field.name) == getattr(record, field.name), field.name
    assert store.verify() == ()


def test_an_adapter_retrained_in_place_is_measured_anew_and_said_so(gate, project, report, calls):
    gate()
    project.adapter("v2", 0.55)
    result = gate()
    assert len(calls) == 2
    assert result.ret == 1
    assert report()["verdict"] == "REJECT"
    result.stdout.fnmatch_lines(["*v2: changed in place (*) since run *measured anew*"])


def test_a_renamed_adapter_keeps_its_outputs_and_is_recognised(gate, project, calls):
    gate()
    (project.root / "adapters/v2").rename(project.root / "adapters/final")
    result = gate("--candidate", "final")
    assert len(calls) == 1
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*final: same content as *v2*"])


def test_swapped_adapters_swap_their_verdicts(gate, project, report):
    project.adapter("bad", 0.4)
    gate()
    (project.root / "adapters/v2").rename(project.root / "adapters/x")
    (project.root / "adapters/bad").rename(project.root / "adapters/v2")
    assert gate().ret == 1
    assert report()["verdict"] == "REJECT"


def test_an_adapter_swapped_while_it_is_loaded_leaves_nothing_in_the_store(
    gate, project, report, on_start
):
    """Else its outputs would be kept under the digest of what it was before."""
    on_start(lambda: project.adapter("v2", 0.3))
    assert gate().ret == 1
    assert report()["verdict"] == "INCOMPLETE"
    assert "changed while the gate ran" in report()["candidates"][0]["reasons"][0]
    assert Store(project.root / ".loragate").sql("FROM data.outputs").rows == ()


def test_a_damaged_journal_is_told_and_stops_nothing(gate, project):
    gate()
    (journal,) = (project.root / ".loragate/runs").iterdir()
    (project.root / ".loragate/history.duckdb").unlink()
    raw = bytearray(journal.read_bytes())
    raw[len(raw) // 2] ^= 1
    journal.write_bytes(raw)
    result = gate()
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"*{journal.name}:*"])


def test_an_edited_prompt_is_asked_again_of_every_arm(gate, project, calls):
    gate()
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.suite(text.replace("Item {{ n }}!", "Item {{ n }}?"))
    assert gate().ret == 0
    assert len(calls) == 2
    assert 301 * 3 <= calls[1] <= 301 * 3 + 64 + 16


def test_what_an_engine_answered_before_it_died_is_not_asked_again(gate, project, report, calls):
    project.adapter("deadly", 3.0)
    gate("--candidate", "deadly")
    assert gate("--candidate", "v1").ret == 0
    questions, probes = 600, 16  # the hand-written case asks what sample 7 asks
    whole = 2 * (questions + probes) + probes
    assert calls[0] == 51
    assert calls[1] == whole - 34  # of those 51, the ones that were not the dead adapter's


def test_history_answers_after_a_gate(gate, project):
    gate()
    store = Store(project.root / ".loragate")
    runs = store.sql(QUESTIONS["runs"])
    assert len(runs.rows) == 1
    run = store.latest_run()
    assert {row[5] for row in store.sql(QUESTIONS["checks"], run).rows} == {"PASS"}
    assert store.sql(QUESTIONS["flips"], run).rows


@pytest.mark.parametrize(
    "verb", [["history"], ["report"], ["store", "ingest"], ["validate", "suites"]]
)
def test_the_command_line_works_on_a_finished_gate_without_torch(gate, project, verb):
    gate()
    code = (
        "import sys; sys.argv[1:] = " + json.dumps(verb) + "\n"
        "from harness.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        "assert not {'torch', 'transformers', 'peft'} & sys.modules.keys()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=project.root
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_keep_hashes_leaves_no_text_behind_the_report(gate, project, report, calls):
    """The report is whole; what the store keeps of a question is its digest."""
    table = (project.root / "pyproject.toml").read_text("utf-8")
    (project.root / "pyproject.toml").write_text(f'{table}\nkeep = "hashes"\n', "utf-8")
    assert gate().ret == 0
    store = Store(project.root / ".loragate")
    assert "(purged)" not in (project.root / "build/report.html").read_text("utf-8")
    assert store.sql("SELECT DISTINCT prompt FROM v1.cases").rows == (("(purged)",),)
    assert store.verify() == ()
    attempt = report()["candidates"][0]["attempt"]
    assert gate().ret == 0
    assert report()["candidates"][0]["attempt"] == attempt


def test_a_purged_run_can_be_rendered_again(gate, project, report):
    """Verdicts and numbers as they were; where a text was stands that it was purged."""
    gate()
    before = report()["candidates"][0]
    store = Store(project.root / ".loragate")
    run = store.latest_run()
    store.purge(runs=[run])
    write_report(build_report(store.load_run(run)), project.root / "build")
    after = report()["candidates"][0]
    assert [c["verdict"] for c in after["checks"]] == [c["verdict"] for c in before["checks"]]
    assert {flip["prompt"] for flip in after["flips"]["cases"]} == {"(purged)"}
    assert {a["text"] for flip in after["flips"]["cases"] for a in flip["answers"]} == {"(purged)"}


def test_a_gate_on_github_writes_a_summary_and_annotations(gate, project, monkeypatch):
    """Where the runner says so, and only there."""
    summary = project.root / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    assert "::" not in "".join(x for x in gate().outlines if x.startswith("::"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = gate()
    assert [line for line in result.outlines if line.startswith("::")] == [
        "::notice title=PROMOTE v2::All required items pass: 4 checks and 1 case"
    ]
    written = (project.root / "build/report.md").read_text("utf-8")
    assert summary.read_text("utf-8") == f"before\n{written}"


def test_the_report_says_how_often_a_suite_was_decided_by(gate, project, report):
    """On the same content; a repeated decision is none, another suite or an edited one is new."""
    gate()
    assert [(s["served"], s["since"]) for s in report()["suites"]] == [(0, None)]
    first = report()["run"]["started"]
    project.adapter("v2", 0.85)
    gate()
    gate()  # the same again
    project.adapter("v2", 0.9)
    gate()
    assert [(s["served"], s["since"]) for s in report()["suites"]] == [(2, first)]
    project.items(301)
    gate()
    assert [(s["served"], s["since"]) for s in report()["suites"]] == [(0, None)]
