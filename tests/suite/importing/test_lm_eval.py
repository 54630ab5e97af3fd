"""Tasks of lm-eval as suites: the prompts that lm-eval itself built (``make_expected.py``)."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SuiteError
from harness.suite.cases import cases
from harness.suite.importing.lm_eval import Converted, check, convert
from harness.suite.importing.local_data import rows_of
from harness.suite.importing.task_file import TaskFile, read_task
from harness.suite.importing.writing import as_yaml, json_lines
from harness.suite.suite import LoadedSuite, load_suite

TASKS = Path(__file__).parent / "tasks"
EXPECTED: dict[str, list[list[Any]]] = json.loads((TASKS / "expected.json").read_text("utf-8"))


def imported(path: Path, shots: int | None = None) -> Converted:
    """A task with the data that it names."""
    task = read_task(path)
    rows, pool = rows_of(task, None, None)
    return convert(task, "imported/it", rows, pool, shots)


def loaded(found: Converted, folder: Path) -> LoadedSuite:
    """The suite as it is written and read again."""
    (folder / "data").mkdir()
    (folder / "data/it.jsonl").write_text(json_lines(found.rows), "utf-8")
    (folder / "it.yaml").write_text(as_yaml(found.suite, "\n".join(found.notes)), "utf-8")
    return load_suite(folder / "it.yaml")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_suite_asks_what_lm_eval_asks_to_the_byte(name: str, tmp_path: Path) -> None:
    suite = loaded(imported(TASKS / f"{name}.yaml"), tmp_path)
    asked = list(cases(suite))
    theirs = [list(each) for _, each in groupby(EXPECTED[name], key=lambda args: args[0])]
    assert len(asked) == len(theirs) == 6
    for case, requests in zip(asked, theirs, strict=True):
        assert {prompt for _, prompt, *_ in requests} == {case.prompt}
        if case.choices:  # the engine puts one space before a choice
            assert [choice for *_, choice in requests] == [f" {each}" for each in case.choices]
        elif case.generation:
            (how,) = (how for *_, how in requests)
            assert tuple(how["until"]) == case.generation.stop
            assert how["max_gen_toks"] == case.generation.max_tokens


def test_what_is_right_comes_along(tmp_path: Path) -> None:
    suite = loaded(imported(TASKS / "choose.yaml"), tmp_path)
    assert [case.target for case in cases(suite)][:2] == ["the red one of 0", "the green one of 1"]
    assert list(suite.tasks["ask"].scorers) == ["accuracy", "acc_norm"]


def test_choices_that_all_rows_share_stand_in_the_task(tmp_path: Path) -> None:
    suite = loaded(imported(TASKS / "fixed.yaml"), tmp_path)
    assert suite.tasks["ask"].task.choices == ("no", "yes")
    assert [case.target for case in cases(suite)] == ["no", "yes"] * 3


def test_filters_metrics_and_further_answers(tmp_path: Path) -> None:
    suite = loaded(imported(TASKS / "written.yaml"), tmp_path)
    assert list(suite.tasks["ask"].scorers) == ["exact_match-number", "exact_match-whole"]
    assert next(iter(cases(suite))).fields["references"] == ["number 0"]


def test_what_is_lost_is_told(tmp_path: Path) -> None:
    assert imported(TASKS / "choose.yaml").notes == ("left out: f1, which no scorer is",)
    assert imported(TASKS / "written.yaml").notes == ("exact_match: without regexes_to_ignore",)
    assert "word_perplexity" in imported(TASKS / "whole_text.yaml").notes[0]


BASE = """\
task: t
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: topic
doc_to_target: answer
doc_to_choice: options
"""


def write(folder: Path, text: str) -> Path:
    """A task beside its rows."""
    shutil.copy(TASKS / "rows.jsonl", folder)
    path = folder / "t.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("doc_to_text: topic", "doc_to_text: !function utils.text",
         "t.yaml:6: doc_to_text: calls Python (utils.text), which is not run"),
        ("task: t\n", "task: t\nprocess_docs: !function utils.docs\n",
         "t.yaml:2: process_docs: calls Python (utils.docs)"),
        ("multiple_choice", "loglikelihood", "t.yaml:5: output_type: 'loglikelihood' measures"),
        ("task: t\n", "task: [a, b]\n", "t.yaml:1: task: a group of tasks"),
        ("task: t\n", "group: t\n", "t.yaml:1: group: a group of tasks"),
        ("doc_to_choice: options\n", "", "t.yaml:1: missing key 'doc_to_choice'"),
        ("doc_to_text: topic", "doc_to_text: '{{questoin}}'",
         "t.yaml:6: doc_to_text: '{{questoin}}': 'questoin' is undefined"),
        ("doc_to_text: topic", "doc_to_text: '{{question'", "t.yaml:6: doc_to_text:"),
        ("doc_to_text: topic", "doc_to_text: '{{ question * 10000000 }}'", "too large a text"),
        ("doc_to_text: topic", "doc_to_text: '{{ question.__class__.mro() }}'", "t.yaml:6"),
        ("doc_to_choice: options", "doc_to_choice: question", "choices that are no list of texts"),
        ("doc_to_target: answer", "doc_to_target: 7", "the right answer is none of the choices"),
        ("doc_to_text: topic", "doc_to_text: 0", "each choice has a prompt of its own"),
        ("task: t\n", "task: t\ntarget_delimiter: ''\n", "something else than one space"),
        ("task: t\n", "task: t\nnum_fewshot: 9\n", "num_fewshot: 9 examples of 6 rows"),
        ("task: t\n", "task: t\nmetric_list: [{metric: !function utils.m}]\n",
         "metric_list: no metric of it can be taken: left out: utils.m"),
        ("task: t\n", "task: t\nuse_prompt: promptsource\n", "use_prompt: is not supported"),
        ("task: t\n", "task: t\ninclude: nowhere.yaml\n", "no such file as 'nowhere.yaml'"),
        ("task: t\n", "task: t\ninclude: t.yaml\n", "t.yaml:1: includes itself"),
        ("rows.jsonl", "nowhere.jsonl", "nowhere.jsonl: no such file"),
        ("dataset_path: json", "dataset_path: org/hub",
         "t.yaml:2: dataset_path: 'org/hub' is no local data; save it and say --data FILE"),
        (BASE, "[1]", "t.yaml:1: should be a mapping"),
        (BASE, "a: [", "t.yaml:"),
        (BASE, "a: !unknown b", "t.yaml:1: not YAML"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_told_at_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in BASE
    with pytest.raises(SuiteError) as error:
        imported(write(tmp_path, BASE.replace(old, new)))
    assert sentence in str(error.value)


def test_a_row_that_cannot_be_asked_about_is_left_out_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    rows[1]["options"][1] = rows[1]["options"][0]
    rows[2]["topic"] = ""
    rows[3]["topic"] = "ends in a space "
    (tmp_path / "rows.jsonl").write_text(json_lines(rows))
    found = imported(path)
    assert [row["id"] for row in found.rows] == ["1", "5", "6"]
    assert found.left_out.total() == 3


def test_examples_are_asked_for_on_the_command_line_too(tmp_path: Path) -> None:
    few = imported(
        write(tmp_path, BASE.replace("doc_to_text: topic", 'doc_to_text: "{{topic}}"')), 2
    )
    assert all(row["prompt"].count("\n\n") == 2 for row in few.rows)


JUNK = [None, 3, -1, True, "x", "", "{{", "{{ nothing }}", [], {}, [1], [[]], {"a": 1}, [{"a": {}}]]


@pytest.mark.parametrize("name", EXPECTED)
def test_whatever_a_key_holds_the_answer_is_a_suite_or_a_sentence(name: str) -> None:
    """Every key of a task, and of its mappings, replaced by what does not belong there."""
    task = read_task(TASKS / f"{name}.yaml")
    rows, pool = rows_of(task, None, None)
    for key, held in task.values.items():
        wrong = [{**task.values, key: junk} for junk in JUNK]
        if isinstance(held, dict):
            wrong += [{**task.values, key: {**held, k: j}} for k in held for j in JUNK]
        for values in wrong:
            broken = TaskFile(task.path, values, task.places)
            with suppress(SuiteError):
                check(broken)
                rows_of(broken, None, None)
            with suppress(SuiteError):
                found = convert(broken, "imported/it", rows, pool, None)
                assert as_yaml(found.suite, "")
