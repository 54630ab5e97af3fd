"""The published schema says what the loader says: of valid suites, and of ones with a mistake."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.suite.published import suite_schema

jsonschema = pytest.importorskip("jsonschema")
ROOT = Path(__file__).parents[2]
SUITES = [
    path
    for path in sorted((ROOT / "suites").rglob("*.yaml"))
    if "\nsuite:" in "\n" + path.read_text()
]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = suite_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_it_takes_every_suite_of_ours(validator: Any, path: Path) -> None:
    errors = list(validator.iter_errors(yaml.safe_load(path.read_text())))
    assert errors == []


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("sute",), "a"),
        (("tasks", 0, "promt"), "a"),
        (("tasks", 0, "scorers"), ["accurcy"]),
        (("tasks", 0, "scorers"), [{"grounded": {"sorce": "text"}}]),
        (("tasks", 0, "extract"), [{"regex": {"pattern": 3}}]),
        (("tasks", 0, "generate"), {"max_tokens": "12"}),
        (("checks", 0, "margin"), -2),
        (("data", "path"), 3),
    ],
)
def test_it_refuses_what_the_loader_refuses(validator: Any, steps: tuple, value: Any) -> None:
    suite = yaml.safe_load((ROOT / "suites" / "demo" / "clauses.yaml").read_text())
    changed = copy.deepcopy(suite)
    node = changed
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = value
    assert list(validator.iter_errors(suite)) == []
    assert list(validator.iter_errors(changed)) != []


def test_the_committed_one_is_up_to_date() -> None:
    """``loragate suite schema`` writes it."""
    committed = json.loads((ROOT / "docs" / "suite.schema.json").read_text())
    assert committed == suite_schema()
