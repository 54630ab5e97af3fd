"""Scoring again without inference, and answers that are asked for several times."""

import json

from typer.testing import CliRunner

from harness.cli.app import app


def test_a_changed_suite_is_scored_on_the_outputs_that_are_there(gate, project, report, calls):
    gate()
    project.suite(
        (project.root / "suites/colours.yaml")
        .read_text("utf-8")
        .replace("scorers: [exact_match]", "scorers: [exact_match, token_f1]")
        .replace("metric: exact_match", "metric: token_f1")
    )
    result = gate("--no-inference")
    assert (result.ret, len(calls)) == (0, 1)
    (candidate,) = report()["candidates"]
    assert "token_f1" in {check["metric"] for check in candidate["checks"]}


def test_what_the_history_does_not_hold_is_not_measured(gate, project, report, calls):
    result = gate("--no-inference")
    assert (result.ret, len(calls)) == (1, 0)
    assert report()["verdict"] == "INCOMPLETE"
    result.stdout.fnmatch_lines(["*the history does not hold the outputs, and nothing may be run*"])


def test_the_verb_runs_the_gate(gate, project, report, calls, monkeypatch):
    gate("--candidate", "better=adapters/v2")
    given = []
    monkeypatch.setattr("subprocess.call", lambda command: given.append(command) or 0)
    options = ["--candidate", "better=adapters/v2", "--baseline", "v1", "--store", ".loragate"]
    done = CliRunner().invoke(app, ["rescore", "suites", *options, "--engine", "fake"])
    assert done.exit_code == 0
    _, _, _, suites, *arguments = given[0]
    result = gate(*arguments, suites=suites)
    assert (result.ret, len(calls)) == (0, 1)


def test_repeats_are_asked_with_their_seeds_and_vote(gate, project, report, calls):
    """Three answers a question; the fake engine's are the same whatever the seed."""
    project.suite(
        (project.root / "suites/colours.yaml")
        .read_text("utf-8")
        .replace(
            'generate: {max_tokens: 3, stop: ["\\n"]}\n',
            'generate: {max_tokens: 3, stop: ["\\n"], temperature: 0.5, seed: 7, repeats: 3}\n'
            "    extract: [strip]\n    reduce: majority\n",
        )
    )
    project.items(100)
    gate()
    said = next(
        check for check in report()["candidates"][0]["checks"] if check["metric"] == "exact_match"
    )
    assert said["n"] == 100
    (journal,) = (project.root / ".loragate/runs").iterdir()
    lines = map(json.loads, journal.read_text("utf-8").splitlines())
    third = [line["data"] for line in lines if line["kind"] == "answer" and line["data"]["repeat"]]
    assert len(third) == 2 * 3 * 101
    assert (
        len({answer["key"] for answer in third}) == 2 * 3 * 100
    )  # the hand-written asks as a row does


def test_an_echo_decides_nothing(gate, report):
    """It ran no model: neither a promotion nor an attempt."""
    result = gate("--engine", "echo")
    (candidate,) = report()["candidates"]
    assert (result.ret, candidate["verdict"]) == (1, "INCOMPLETE")
    result.stdout.fnmatch_lines(["*the engine 'echo' runs no model: nothing is decided by it*"])
    gate("--engine", "echo")
    assert gate().ret == 0
    assert not any("ttempt 2" in note for note in report()["candidates"][0]["notes"])


def test_a_rehearsal_leaves_nothing_in_the_notes_of_a_gate(gate, project, report):
    """Neither is its candidate one that was looked at, nor its baseline one that is known."""
    project.adapter("v3", 0.9)
    gate("--engine", "echo", "--candidate", "v3")
    gate("--candidate", "v2")
    notes = report()["candidates"][0]["notes"]
    assert not any("looked at in partial runs" in note for note in notes)
    assert any("no record of the baseline v1" in note for note in notes)
