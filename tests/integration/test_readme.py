"""What the README shows works as it stands there."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.pipeline.settings import configured
from harness.suite.suite import load_suite

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


COMMANDS = [
    shlex.split(line, comments=True)
    for block in _blocks("bash")
    for line in block.splitlines()
    if line.strip()
]


def test_the_readme_has_commands_of_each_kind():
    assert {command[0] for command in COMMANDS} == {"make", "pytest", "loragate"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] == "make"], ids=" ".join)
def test_make_knows_its_targets(command):
    done = subprocess.run(["make", "-n", *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] == "pytest"], ids=" ".join)
def test_the_gate_of_own_adapters_runs(pytester, project, command):
    """With folders of the names that the README uses."""
    project.adapter("v7", 0.7)
    project.adapter("v8", 0.8)
    project.base("models/base")
    result = pytester.runpytest_inprocess(*command[1:], "-p", "no:hypothesispytest")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*PROMOTE new*"])


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] == "loragate"], ids=" ".join)
def test_the_command_line_answers(gate, project, command):
    if command[1] == "validate":
        gate("--collect-only")
    else:
        gate()
    # A plug-in engine is registered by the project's conftest.py, which the CLI does not load.
    settings = (project.root / "pyproject.toml").read_text("utf-8")
    project.write("pyproject.toml", settings.replace('engine = "fake"', ""))
    code = "from harness.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command[1:]],
        capture_output=True, text=True, cwd=project.root,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_the_suite_in_twenty_lines_is_a_suite(tmp_path):
    (text,) = _blocks("yaml")
    assert len(text.splitlines()) <= 24
    (tmp_path / "clauses.yaml").write_text(text, encoding="utf-8")
    row = {"id": "a", "document": "d", "text": "Ohio law governs.", "label": "governing law"}
    (tmp_path / "clauses.jsonl").write_text(json.dumps(row) + "\n")
    suite = load_suite(tmp_path / "clauses.yaml")
    assert len(suite.spec.checks) == 2


def test_the_settings_are_settings(tmp_path):
    (text,) = _blocks("toml")
    (tmp_path / "pyproject.toml").write_text(text)
    assert configured(tmp_path)["candidate"] == ["v8"]


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("bench", ["first-gate", "demo"])
def test_the_figures_are_those_of_the_committed_benchmarks(bench):
    """Each row with a target that the README names by its value, none of them missed."""
    rows = json.loads((ROOT / f"docs/bench/{bench}.json").read_text("utf-8"))["rows"]
    promised = [row for row in rows if row["target"]]
    assert promised
    assert all(row["met"] for row in promised)
    shown = README.partition("## What was measured")[2]
    for row in promised:
        if row["unit"] in ("s", "MB") or row["name"].startswith("both"):
            assert re.search(rf"\| {row['value']:g}\b", shown), row["name"]
