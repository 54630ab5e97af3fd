"""What the parts of a task ask of each other, told at their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite.cases import cases
from harness.suite.suite import load_suite

ROWS = "".join(
    f'{{"id": "{n}", "text": "Row {n}", "label": "{"ab"[n % 2]}", "group": "{n % 3}"}}\n'
    for n in range(9)
)
CHOOSE = 'prompt: "{{ text }}"\n    choices: [a, b]\n    target: "{{ label }}"'
WRITE = 'prompt: "{{ text }}"\n    generate: {max_tokens: 5}\n    target: "{{ label }}"'
DRAW = WRITE.replace("5}", "5, temperature: 1.0, repeats: 4}")
ROLL = 'prompt: "{{ text }}"\n    rolling: true'


def told(folder: Path, task: str, scorer: str, check: str = "", data: bool = True) -> list[str]:
    """The problems of a suite of one task and one check."""
    (folder / "rows.jsonl").write_text(ROWS)
    name = scorer.partition(":")[0].strip("{ ")
    (folder / "s.yaml").write_text(
        "suite: s\n"
        + ("data: {path: rows.jsonl}\n" if data else "")
        + f"tasks:\n  - name: t\n    {task}\n    scorers: [{scorer}]\n"
        f"checks:\n  - {{name: c, task: t, metric: {name}{check}}}\n"
    )
    try:
        load_suite(folder / "s.yaml")
    except SuiteError as error:
        return [str(problem).rpartition("s.yaml:")[2] for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("task", "scorer", "check"),
    [
        (CHOOSE, "accuracy", ""),
        (CHOOSE + "\n    unconditional: x", "{accuracy: {normalise: unconditional}}", ""),
        (CHOOSE, "macro_f1", ", margin: 0.1"),
        (WRITE, "{macro_f1: {labels: [a, b]}}", ""),
        (WRITE, "latency: {max_seconds: 3}", ""),
        (DRAW + "\n    reduce: majority", "exact_match", ", method: exact"),
        (DRAW + "\n    reduce: {pass_at: 2}", "exact_match", ""),
        (DRAW, "mean_tokens", ", max: 4"),
        (DRAW + "\n    reduce: mean", "mean_tokens", ", margin: 3"),
        (ROLL, "perplexity", ", margin: 2"),
        (ROLL, "bits_per_byte", ", max: 20"),
        (CHOOSE + "\n    few_shot: {n: 2, balance: label}", "accuracy", ""),
        (CHOOSE + "\n    few_shot: {n: 2}\n    budget: {cut: shots}", "accuracy", ""),
    ],
)
def test_what_fits(tmp_path: Path, task: str, scorer: str, check: str) -> None:
    assert told(tmp_path, task, scorer, check) == []


@pytest.mark.parametrize(
    ("task", "scorer", "check", "problem"),
    [
        (CHOOSE, "{accuracy: {normalise: unconditional}}", "",
         "8:26: tasks[0].scorers[0].accuracy: scorer 'accuracy' compares with an unconditional"),
        (WRITE, "macro_f1", "", "'macro_f1' needs 'labels', as the task has no list of choices"),
        (WRITE, "perplexity", ", margin: 2", "measures whole texts; the task is not 'rolling"),
        (ROLL, "exact_match", "", "reads an answer, and the task is rolling: it has none"),
        (ROLL + '\n    few_shot: {n: 1}\n    target: "{{ label }}"', "perplexity", ", margin: 2",
         "tasks[0].rolling: measures a plain text, without chat and examples"),
        (ROLL, "perplexity", "",
         "'perplexity' is no share, so the policy's margin says nothing of it; missing key 'marg"),
        (CHOOSE, "accuracy", ", margin: 2", "checks[0].margin: should be less than 1, not 2"),
        (CHOOSE, "ece", ", claim: max, max: 1.5", "checks[0].max: should be less than 1, not 1.5"),
        (DRAW, "exact_match", ", method: exact", "needs right-or-wrong scores, and 'exact_match'"),
        (DRAW + "\n    reduce: majority", "mean_tokens", ", margin: 2",
         "whole set, whose repeats are averaged, not reduced by majority"),
        (WRITE + "\n    reduce: first", "exact_match", "", "reduce: belongs to repeats"),
        (DRAW + "\n    reduce: pass_at", "exact_match", "", "how many? write {pass_at: 2}"),
        (DRAW + "\n    reduce: {how: first, k: 2}", "exact_match", "", "'first' takes no number"),
        (DRAW + "\n    reduce: {at_least: 5}", "exact_match", "", "at_least 5 of 4 repeats"),
        (WRITE.replace("5}", "5, repeats: 2}"), "exact_match", "",
         "every answer would be the same"),
        (CHOOSE + "\n    chat: [{user: x}]", "accuracy", "", "either prompt or chat; not both"),
        (CHOOSE.replace('prompt: "{{ text }}"\n    ', ""), "accuracy", "",
         "missing key 'prompt' or 'chat'"),
        (CHOOSE + "\n    tools: text", "accuracy", "", "belongs to a chat, and the task has a"),
        (CHOOSE + "\n    budget: {cut: shots}", "accuracy", "", "there is no few_shot to cut"),
        ('prompt: x\n    choices: [a, b]\n    few_shot: {n: 1}', "mean_seconds", ", margin: 1",
         "examples are shown with their answers, and the task has no target"),
        (CHOOSE + "\n    few_shot: {n: 9}", "accuracy", "", "9 examples of 9 rows"),
        (CHOOSE + "\n    few_shot: {n: 2, balance: lable}", "accuracy", "",
         "has no field 'lable' to balance by"),
        (WRITE + "\n    unconditional: x", "exact_match", "", "belongs to choices, and the task"),
        (CHOOSE + "\n    extract: [strip]", "accuracy", "", "belongs to generated answers"),
        (WRITE + "\n    extract: {a: [strip]}", "{exact_match: {of: b}}", "",
         "unknown extraction 'b' (there is a)"),
        (WRITE + "\n    extract: {a: [strip]}", "{exact_match: {of: [b]}}", "", "should be text"),
        (WRITE + "\n    extract: [{regex: '('}]", "exact_match", "", "not a regular expression"),
        (WRITE + "\n    extract: [strp]", "exact_match", "", "unknown extractor 'strp' (did you"),
    ],
)  # fmt: skip
def test_what_does_not(tmp_path: Path, task: str, scorer: str, check: str, problem: str) -> None:
    messages = told(tmp_path, task, scorer, check)
    if not messages:  # what only the rows together show is told when they are drawn
        with pytest.raises(SuiteError) as raised:
            list(cases(load_suite(tmp_path / "s.yaml")))
        messages = [str(each) for each in raised.value.problems]
    assert [message for message in messages if problem in message], messages


def test_examples_of_a_suite_without_data(tmp_path: Path) -> None:
    messages = told(tmp_path, CHOOSE + "\n    few_shot: {n: 1}", "accuracy", data=False)
    assert any("draws rows of the suite's data, and it has no 'data'" in m for m in messages)
