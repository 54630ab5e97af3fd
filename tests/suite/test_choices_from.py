"""Choices that each row brings along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SuiteError
from harness.suite.cases import cases
from harness.suite.suite import load_suite

SUITE = """\
suite: quiz/own
data: {path: rows.jsonl}
tasks:
  - name: pick
    prompt: "{{ q }}"
    choices_from: options
    target: "{{ answer }}"
    scorers: [accuracy]
checks:
  - {name: ok, task: pick, metric: accuracy, min: 0.5}
"""
ROW = {"id": "1", "q": "Which?", "options": ["a", "b", "c"], "answer": "b"}


def load(folder: Path, *rows: dict[str, Any], suite: str = SUITE) -> Any:
    """The suite with some rows."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "own.yaml").write_text(suite)
    return load_suite(folder / "own.yaml")


def test_each_row_is_answered_with_its_own(tmp_path: Path) -> None:
    other = {**ROW, "id": "2", "options": ["x", "y"], "answer": "y"}
    found = list(cases(load(tmp_path, ROW, other)))
    assert [case.choices for case in found] == [("a", "b", "c"), ("x", "y")]
    assert len({case.digest for case in found}) == 2


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"options": "a, b"}, "field 'options' should be a list of choices, not 'a, b'"),
        ({"options": ["a"]}, "field 'options' should be a list of choices, not"),
        ({"options": ["a", 3]}, "field 'options': choice 2 should be text, not 3"),
        ({"options": ["b", "b"]}, "field 'options': choice 'b' a second time"),
        ({"answer": "d"}, "target 'd' is not among the choices"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_at_its_line(
    tmp_path: Path, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SuiteError) as error:
        load(tmp_path, ROW, {**ROW, "id": "2", **changed})
    assert f"rows.jsonl:2: {sentence}" in str(error.value)


def test_a_field_that_no_row_has_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        load(tmp_path, ROW, suite=SUITE.replace("options", "option"))
    assert "no row has field 'option' (did you mean 'options'?)" in str(error.value)


def test_a_case_brings_its_own_as_well(tmp_path: Path) -> None:
    case = "cases:\n  - {id: x, task: pick, input: {q: Which?}, expect: [{equals: a}]}\n"
    with pytest.raises(SuiteError) as error:
        load(tmp_path, ROW, suite=SUITE + case)
    assert "cases[0].input: field 'options' should be a list of choices, not missing" in str(
        error.value
    )


def test_a_list_and_a_field_are_not_both(tmp_path: Path) -> None:
    both = SUITE.replace("choices_from: options", "choices_from: options\n    choices: [a, b]")
    with pytest.raises(SuiteError, match="either choices or choices_from; not both"):
        load(tmp_path, ROW, suite=both)


def test_f1_of_labels_needs_one_list_for_all(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="needs 'labels', as the task has no list of choices"):
        load(tmp_path, ROW, suite=SUITE.replace("accuracy", "macro_f1"))
