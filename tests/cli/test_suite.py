"""``loragate suite``: what it writes can be gated, and nothing of anyone's is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from harness.cli.app import app
from harness.errors import UsageError
from harness.suite.suite import load_suite


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_a_starter_is_a_suite_that_loads(tmp_path: Path) -> None:
    output = _run("suite", "new", "contracts/clauses", "--root", str(tmp_path))
    suite = load_suite(tmp_path / "contracts" / "clauses.yaml")
    assert suite.name == "contracts/clauses"
    assert suite.rows == 5
    assert f"next: loragate validate {suite.path}" in output


def test_a_starter_names_a_schema_that_takes_it(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    _run("suite", "new", "a", "--root", str(tmp_path))
    first, *_ = (text := (tmp_path / "a.yaml").read_text()).splitlines()
    schema = json.loads((tmp_path / first.split("$schema=")[1]).read_text())
    jsonschema.validate(yaml.safe_load(text), schema)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text("mine")
    with pytest.raises(UsageError, match=r"a\.jsonl: is there already; nothing was written"):
        _run("suite", "new", "a", "--root", str(tmp_path))
    assert not (tmp_path / "a.yaml").exists()


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/a", "a b", ".a", "a//b", "a\n"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="such as contracts/clauses"):
        _run("suite", "new", name, "--root", str(tmp_path / "suites"))
    assert list(tmp_path.iterdir()) == []
