"""The command line: help with examples, sentences instead of tracebacks, exit codes."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from harness.cli.app import app

VERBS = [
    "demo", "validate", "plan", "report", "history", "store ingest", "store verify",
    "store rebuild", "suite new", "suite schema", "list", "bench", "doctor",
]  # fmt: skip


def _loragate(*arguments, cwd):
    code = "from harness.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    result = CliRunner().invoke(app, [*verb.split(), "--help"])
    assert result.exit_code == 0
    assert f"Example: loragate {verb}" in " ".join(result.output.split())


def test_every_verb_is_listed():
    output = CliRunner().invoke(app, ["--help"]).output
    assert all(verb.split()[0] in output for verb in VERBS)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["validate", "nowhere"], 4, "no such file or folder"),
        (["plan", "nowhere"], 4, "no such file or folder"),
        (["plan", "broken.yaml"], 2, "broken.yaml:1:"),
        (["validate", "."], 4, "no suite in this folder"),
        (["validate", "broken.yaml"], 2, "broken.yaml:1:"),
        (["history"], 1, "run 'pytest suites/' first"),
        (["report"], 1, "run 'pytest suites/' first"),
        (["bench", "first-gte"], 4, "did you mean 'first-gate'?"),
    ],
)
def test_a_mistake_is_a_sentence_with_its_exit_code(tmp_path, arguments, code, expected):
    if "broken.yaml" in arguments:
        (tmp_path / "broken.yaml").write_text("suit: a\n")
    done = _loragate(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_too_few_examples_are_told_before_anything_is_run(tmp_path):
    """Only all rows together show it, so no key and no row of the file is wrong by itself."""
    rows = "".join(f'{{"id": "{name}", "q": "{name}", "a": "x"}}\n' for name in "abc")
    (tmp_path / "rows.jsonl").write_text(rows)
    suite = "suite: s\ndata: {path: rows.jsonl}\ntasks:\n  - name: t\n    prompt: '{{ q }}'\n"
    suite += "    few_shot: {n: 3}\n    target: '{{ a }}'\n    generate: {max_tokens: 1}\n"
    suite += "    scorers: [exact_match]\nchecks:\n"
    suite += "  - {name: c, task: t, metric: exact_match}\n"
    (tmp_path / "few.yaml").write_text(suite)
    result = _loragate("validate", "few.yaml", cwd=tmp_path)

    assert result.returncode == 2
    assert "few.yaml:6:" in result.stderr
    assert "3 examples of 3 rows" in result.stderr
    assert "Traceback" not in result.stderr
