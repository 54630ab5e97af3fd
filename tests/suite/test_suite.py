"""A suite file and its data, checked together."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SuiteError
from harness.registry import Registry
from harness.suite.suite import load_suite, same_names

Write = Callable[..., Path]
ROW = {"id": "x", "document": "d", "clause_type": "a", "length": 1, "text": "t", "state": ""}


def told(path: Path) -> list[str]:
    """The problems of a suite, without the folders before its file names."""
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    return [str(p).replace(f"{path.parent}/", "") for p in caught.value.problems]


def rows(*labels: str) -> list[dict[str, Any]]:
    """Rows that differ in id and label."""
    return [ROW | {"id": str(n), "label": label} for n, label in enumerate(labels)]


def test_the_suite_of_the_design_loads(write_suite: Write) -> None:
    """Every key of the canonical shape is understood."""
    suite = load_suite(write_suite())

    assert (suite.name, suite.rows) == ("contracts/clauses", 6)
    assert list(suite.tasks) == ["classify", "extract"]
    assert list(suite.tasks["extract"].scorers) == ["exact_match", "token_f1", "grounded"]
    assert suite.place("checks", 3) == (37, 5)
    assert suite.data is not None
    assert suite.data_digest == sha256(suite.data.read_bytes()).hexdigest()


REFERENCES = [
    ("task: classify, metric: accuracy, against", "task: clasify, metric: accuracy, against",
     ["clauses.yaml:34:37: checks[0].task: unknown task 'clasify' (did you mean 'classify'?)"]),
    ("metric: grounded", "metric: groundd",
     ["clauses.yaml:35:54: checks[1].metric: unknown metric of task 'extract' 'groundd' (did you"]),
    ("metric: grounded", "metric: accuracy", ["clauses.yaml:35:54: checks[1].metric: unknown"]),
    ("[accuracy]", "[acuracy]",
     ["clauses.yaml:14:15: tasks[0].scorers[0]: unknown scorer 'acuracy' (did you mean"]),
    ("margin: 0.03", "method: exact",
     ["clauses.yaml:34:92: checks[0].method: the exact test needs independent rows"]),
    ("name: floor", "name: better",
     ["clauses.yaml:37:5: checks[3]: a second item 'classify.better' (the first is in line 36)"]),
    ("name: floor, task: classify, metric: accuracy", "name: conflict-1, task: extract, "
     "metric: grounded", ["clauses.yaml:37:5: checks[3]: a second item 'extract.conflict-1'"]),
    ("  - name: extract", "  - name: classify",
     ["clauses.yaml:15:11: tasks[1].name: a second task named 'classify'"]),
    ("scorers: [exact_match", "scorers: [exact_match, exact_match",
     ["clauses.yaml:19:28: tasks[1].scorers[1]: scorer 'exact_match' a second time"]),
    ("[accuracy]", "[accuracy, exact_match]",
     ["clauses.yaml:14:25: tasks[0].scorers[1]: scorer 'exact_match' reads a generated answer"]),
    ("[exact_match,", "[exact_match, accuracy,",
     ["clauses.yaml:19:28: tasks[1].scorers[1]: scorer 'accuracy' compares choices"]),
    ('    target: "{{ label }}"\n', "",
     ["clauses.yaml:13:15: tasks[0].scorers[0]: scorer 'accuracy' needs a target"]),
    ("    choices:", "    generate: {max_tokens: 1}\n    choices:",
     ["clauses.yaml:13:5: tasks[0].choices: either choices or generate; not both"]),
    ('    generate: {max_tokens: 12, stop: ["\\n"]}\n', "",
     ["clauses.yaml:15:5: tasks[1]: missing key 'choices', 'choices_from', 'generate' or "
      "'rolling'"]),
    ("force majeure", "indemnification",
     ["clauses.yaml:12:32: tasks[0].choices[1]: choice 'indemnification' a second time"]),
    ("input: {text:", "input: {txt:",
     ["clauses.yaml:23:12: cases[0].input: missing 'text', which the prompt of task 'extract'"]),
    ("Clause: {{ text }}\\nType", "{{ text }\\nType", ["clauses.yaml:11:13: tasks[0].prompt: not"]),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "problems"), REFERENCES, ids=[r[1] for r in REFERENCES])
def test_what_one_part_says_of_another_must_hold(
    write_suite: Write, right: str, wrong: str, problems: list[str]
) -> None:
    """Names that exist, once; scorers that fit; prompts that hand-written cases fill."""
    messages = told(write_suite((right, wrong)))

    assert [m for m in messages if m.startswith(problems[0])], messages


@pytest.mark.parametrize(
    ("check", "metric", "problem"),
    [
        ("max_per_cluster: 3", "exact_match", "max_per_cluster: 'data' names no cluster of which"),
        ("method: exact", "token_f1", "method: the exact test needs right-or-wrong scores"),
    ],
)
def test_what_a_check_asks_of_statistics_must_fit_its_data(
    write_suite: Write, check: str, metric: str, problem: str
) -> None:
    """Rows without clusters cannot be thinned, graded scores have no exact test."""
    messages = told(
        write_suite(
            ("  cluster: document\n", ""),
            ("metric: grounded, against: baseline, margin: 0.03", f"metric: {metric}, {check}"),
        )
    )

    assert len(messages) == 1
    assert problem in messages[0]


def test_a_prompt_variable_that_no_row_has_is_told_at_the_prompt(write_suite: Write) -> None:
    """Once, with the nearest field, and not again for every row."""
    messages = told(write_suite(("Clause: {{ text }}\\nType", "Clause: {{ txt }}\\nType")))

    assert messages == [
        "clauses.yaml:11:13: tasks[0].prompt: no row has field 'txt' (did you mean 'text'?)"
    ]


def test_a_scorer_s_field_that_no_row_has_is_told_at_the_scorer(write_suite: Write) -> None:
    """The source of groundedness is a field like any other."""
    messages = told(write_suite(("source: text", "source: sauce")))

    assert messages == [
        "clauses.yaml:19:49: tasks[1].scorers[2].grounded: no row has field 'sauce' "
        "(there is clause_type, document, id, label, length, state, text)"
    ]


def test_a_row_that_lacks_a_variable_is_told_by_line(write_suite: Write) -> None:
    """One row of two: the field exists, so the row is wrong."""
    (row, other) = rows("indemnification", "indemnification")
    del other["text"]

    messages = told(write_suite(rows=[row, other]))

    assert messages[0] == (
        "data/clauses.jsonl:2: cannot be rendered: 'text' is undefined (task 'classify', prompt)"
    )
    assert {m.split(": ")[0] for m in messages} == {"data/clauses.jsonl:2"}


def test_a_target_that_is_no_choice_is_told_with_the_nearest(write_suite: Write) -> None:
    """A label that no answer can equal would count as wrong for ever."""
    messages = told(write_suite(rows=rows("indemnification", "indemnifcation")))

    assert messages == [
        "data/clauses.jsonl:2: target 'indemnifcation' is not among the choices "
        "(did you mean 'indemnification'?) (task 'classify', choices)"
    ]


def test_many_rows_of_one_kind_are_counted_after_twenty(write_suite: Write) -> None:
    """A wrong label map is one mistake, not ten thousand messages."""
    messages = told(write_suite(rows=rows(*["nonsense"] * 1000)))

    assert len(messages) == 21
    assert "data/clauses.jsonl: 980 more rows like that of line 1" in messages


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("data/clases.jsonl", "no file 'data/clases.jsonl' (did you mean 'clauses.jsonl'?)"),
        ("dta/clauses.jsonl", "no file 'dta/clauses.jsonl' (there is no folder 'dta')"),
        ("/etc/passwd", "'/etc/passwd' is absolute; write it relative to this file"),
        ("../../secret.jsonl", "'../../secret.jsonl' leads out of the suite root"),
        ("data/link.jsonl", "'data/link.jsonl' leads out of the suite root"),
        ("data/inner.jsonl", None),
    ],
)
def test_data_stay_inside_the_suite_root(
    write_suite: Write, tmp_path: Path, given: str, why: str | None
) -> None:
    """No absolute path, no way upward, no link to elsewhere; a link within is fine."""
    path = write_suite(("data/clauses.jsonl", given), policy="alpha: 0.05\n")
    secret = tmp_path / "secret.jsonl"
    secret.write_text("secret\n")
    (path.parent / "data" / "link.jsonl").symlink_to(secret)
    (path.parent / "data" / "inner.jsonl").symlink_to(path.parent / "data" / "clauses.jsonl")

    if why is None:
        assert load_suite(path).rows == 6
    else:
        assert told(path) == [f"clauses.yaml:5:9: data.path: {why}"]


def test_without_a_policy_the_root_is_the_suite_s_own_folder(write_suite: Write) -> None:
    """So that data beside it are readable and the folder above is not."""
    path = write_suite(("data/clauses.jsonl", "../clauses.jsonl"))
    (path.parent.parent / "clauses.jsonl").write_text("")

    assert "leads out of the suite root" in told(path)[0]


def test_a_suite_of_cases_needs_no_data(write_suite: Write) -> None:
    """Checks and rubrics do."""
    path = write_suite()
    text = path.read_text()
    head, tail = text.split("data:\n")[0], "tasks:\n" + text.split("tasks:\n")[1]

    messages = told(write_suite(text=head + tail))
    assert len(messages) == 5
    assert messages[0].endswith("rubrics[0]: needs samples, and the suite has no 'data'")

    suite = load_suite(write_suite(text=head + tail.split("rubrics:\n")[0]))
    assert (suite.rows, suite.data, suite.data_digest) == (0, None, "")
    assert list(suite.samples()) == []


def test_a_suite_that_checks_nothing_is_refused(write_suite: Write) -> None:
    """Green because nothing ran is not green."""
    text = write_suite().read_text().split("cases:\n")[0]

    assert told(write_suite(text=text)) == [
        "clauses.yaml:1:1: nothing to check; add cases, mutations, rubrics or checks"
    ]


def test_a_plug_in_that_is_no_scorer_is_told(
    write_suite: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the place that names it, as a broken import is."""
    things = {"join": "posixpath:join", "ghost": "no_such_module:x"}
    monkeypatch.setattr("harness.suite.tasks.SCORERS", Registry("thing", things))

    messages = told(write_suite(("[accuracy]", "[join, ghost]")))

    assert "clauses.yaml:14:15: tasks[0].scorers[0]: 'join' is no BuiltScorer" in messages[0]
    assert "clauses.yaml:14:21: tasks[0].scorers[1]: thing 'ghost' stands for" in messages[1]


CHANGES = [
    ("prompt", lambda text: text.replace("Type:", "Kind:")),
    ("scorer", lambda text: text.replace("exact_match, ", "")),
    ("margin", lambda text: text.replace("margin: 0.03", "margin: 0.04", 1)),
    ("case", lambda text: text.replace("contains: conflict", "contains: conflicts")),
]


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[name for name, _ in CHANGES])
def test_what_is_measured_changes_the_digest(
    write_suite: Write, what: str, change: Callable[[str], str]
) -> None:
    """Prompt, scorers, claims and cases are part of a suite's identity."""
    before = load_suite(path := write_suite())

    after = load_suite(write_suite(text=change(path.read_text())))

    assert before.digest != after.digest


def test_data_and_scorer_versions_change_the_digest(
    write_suite: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scorer that judges otherwise is another measurement."""
    before = load_suite(write_suite()).digest
    other_data = load_suite(write_suite(rows=rows("indemnification"))).digest
    monkeypatch.setattr("harness.scorers.accuracy.Accuracy.version", "2")
    other_scorer = load_suite(write_suite()).digest

    assert len({before, other_data, other_scorer}) == 3


def test_layout_and_words_for_people_do_not_change_the_digest(write_suite: Write) -> None:
    """Comments, order of keys, description and owner, and saying a default."""
    path = write_suite()
    before = load_suite(path).digest

    after = load_suite(
        write_suite(
            ("suite: contracts/clauses\n", "# moved down\n"),
            ("owner: legal-ml\n", "owner: others\nsuite: contracts/clauses\n"),
            ("description: Which", "description: What"),
            ("  id: id\n", ""),
            ("min: 0.80", "min: 0.80, required: true"),
        )
    ).digest

    assert before == after


def test_data_that_change_after_loading_are_noticed(write_suite: Write) -> None:
    """The digest in the record is that of the rows that were asked."""
    path = write_suite()
    suite = load_suite(path)
    assert suite.data is not None
    row = json.loads(suite.data.read_text().splitlines()[0])
    suite.data.write_text(json.dumps(row) + "\n")

    with pytest.raises(SuiteError, match="has changed since the suite was loaded"):
        list(suite.samples())


def test_two_files_of_one_suite_name_are_told(write_suite: Write, tmp_path: Path) -> None:
    """Their cases would be the same cases."""
    path = write_suite()
    other = path.with_name("copy.yaml")
    other.write_text(path.read_text())
    suites = [load_suite(path), load_suite(other)]

    (problem,) = same_names(suites)

    assert str(problem).endswith(
        f"copy.yaml:1:8: suite: 'contracts/clauses' is also the name of {path}"
    )
    assert same_names(suites[:1]) == []


def test_loading_a_suite_imports_nothing_heavy(write_suite: Write) -> None:
    """Collection happens in every pytest run."""
    code = (
        "import sys; from pathlib import Path; from harness.suite.suite import load_suite\n"
        f"load_suite(Path({str(write_suite())!r}))\n"
        "heavy = {'torch', 'transformers', 'peft', 'duckdb', 'pyarrow', 'numpy', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_a_misspelt_key_does_not_hide_what_else_is_wrong(write_suite: Write) -> None:
    """Shape, references and data are all told in one go."""
    path = write_suite(
        ("margin: 0.03}", "margn: 0.03}"),
        ("max_words: 6", "max_wrds: 6, max_words: 6"),
        ("metric: grounded", "metric: groundd"),
        ("path: data/clauses.jsonl", "path: data/clause.jsonl"),
    )

    with pytest.raises(SuiteError) as caught:
        load_suite(path)

    told = str(caught.value)
    for word in ("margin", "max_words", "grounded", "clauses.jsonl"):
        assert f"did you mean '{word}'?" in told
    assert len(caught.value.problems) == 4


def test_a_rate_is_of_repeats(write_suite: Write) -> None:
    """One answer holds or does not."""
    path = write_suite(("    reason: two", "    rate: 0.8\n    reason: two"))
    (problem,) = told(path)
    assert "cases[0].rate: belongs to repeats, and task 'extract' has none" in problem


def test_a_critical_case_is_required(write_suite: Write) -> None:
    """Whoever calls it critical means it."""
    path = write_suite(
        ("    reason: two", "    severity: critical\n    required: false\n    reason: two")
    )
    (problem,) = told(path)
    assert "cases[0]: a critical case is always required" in problem
