"""The workflows of docs/ci: their commands are ours, and their paths are where things are."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from harness.cli.app import app

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES = {"github": DOCS / "ci/github.yml", "gitlab": DOCS / "ci/gitlab.yml"}


def _commands(name):
    """The lines that a job runs."""
    text = yaml.safe_load(FILES[name].read_text("utf-8"))
    if name == "gitlab":
        return text["release-gate"]["script"]
    return [step["run"] for step in text["jobs"]["gate"]["steps"] if "run" in step]


@pytest.mark.parametrize("name", FILES)
def test_the_commands_of_a_workflow_run(pytester, project, name, monkeypatch):
    """In a project whose adapter has the name that the example uses."""
    project.adapter("candidate", 0.8)
    settings = (project.root / "pyproject.toml").read_text("utf-8")
    commands = [shlex.split(command) for command in _commands(name)]
    assert [command[0] for command in commands] == ["pip", "loragate", "pytest"]
    result = pytester.runpytest_inprocess(*commands[2][1:], "-p", "no:hypothesispytest")
    assert result.ret == 0
    # A plug-in engine is registered by the project's conftest.py, which the CLI does not load.
    project.write("pyproject.toml", settings.replace('engine = "fake"', ""))
    assert CliRunner().invoke(app, commands[1][1:]).exit_code == 0
    for path in _paths(FILES[name].read_text("utf-8")):
        assert list(project.root.glob(path.rstrip("/"))), path


def _paths(text):
    """What is kept of the project."""
    return set(re.findall(r"(?:\.loragate|build/\S*?)(?=[\s\],]|$)", text))


def test_one_gate_at_a_time():
    """Both examples say so: attempts are counted in the store."""
    assert yaml.safe_load(FILES["github"].read_text("utf-8"))["concurrency"]
    assert yaml.safe_load(FILES["gitlab"].read_text("utf-8"))["release-gate"]["resource_group"]


def test_links_lead_somewhere():
    """Of docs/ci.md."""
    links = re.findall(r"\]\(([^)#]+)", (DOCS / "ci.md").read_text("utf-8"))
    assert len(links) >= 4
    assert all((DOCS / link).exists() for link in links)
