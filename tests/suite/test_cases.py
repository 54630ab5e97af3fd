"""Rows × tasks and hand-written cases as questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.suite.cases import cases
from harness.suite.digest import input_digest
from harness.suite.suite import load_suite
from harness.types import Case, Generation, Kind

Write = Callable[..., Path]


def expand(path: Path) -> list[Case]:
    """All cases of a suite."""
    return list(cases(load_suite(path)))


def test_every_row_is_asked_in_every_task(write_suite: Write) -> None:
    """And every hand-written case in its own."""
    found = expand(write_suite())

    assert [(c.sample, c.task, c.kind) for c in found[:3]] == [
        ("s0", "classify", Kind.CHECK),
        ("s0", "extract", Kind.CHECK),
        ("s1", "classify", Kind.CHECK),
    ]
    assert (found[-1].sample, found[-1].task, found[-1].kind) == (
        "conflict-1", "extract", Kind.CASE,
    )  # fmt: skip
    assert len(found) == 6 * 2 + 1


def test_a_case_says_everything_that_an_engine_and_a_scorer_need(write_suite: Write) -> None:
    """Prompt, choices or generation, target, cluster, slices and the row."""
    classify, extract = expand(write_suite())[2:4]

    assert classify.prompt == "Clause: Clause 1 of Acme Corp is governed by Ohio law.\nType:"
    assert classify.choices == ("indemnification", "force majeure", "governing law")
    assert (classify.target, classify.generation) == ("governing law", None)
    assert (extract.target, extract.choices) == ("Ohio", ())
    assert extract.generation == Generation(12, ("\n",))
    assert (extract.cluster, dict(extract.slices)) == ("d0", {"clause_type": "law", "length": "1"})
    assert extract.fields["label"] == "governing law"


def test_a_hand_written_case_is_its_own_cluster_and_has_no_target(write_suite: Write) -> None:
    """Its expectations judge it."""
    case = expand(write_suite())[-1]

    assert (case.cluster, case.target, dict(case.slices)) == ("conflict-1", None, {})
    assert case.expect == ("contains conflict",)


def test_expectations_are_spoken_as_they_are_written(write_suite: Write) -> None:
    """The report shows them beside the answer."""
    written = """[{not-contains: Ohio, max_words: 3}, {any: [{equals: a}, {matches: "^b"}]}]"""
    path = write_suite(("[{contains: conflict}]", written))

    assert expand(path)[-1].expect == (
        "not-contains Ohio", "max_words 3", "any of: equals a / matches ^b",
    )  # fmt: skip


def test_cases_have_different_digests_and_the_same_ones_every_time(write_suite: Write) -> None:
    """The key under which arms are paired."""
    path = write_suite()

    found = [case.digest for case in expand(path)]

    assert len(set(found)) == len(found)
    assert found == [case.digest for case in expand(path)]


def test_what_the_model_is_asked_changes_the_digest(write_suite: Write) -> None:
    """Prompt, choices, target and generation; not the scorers, clusters or other fields."""
    before = expand(write_suite())[1].digest

    assert before != expand(write_suite(("Governing state:", "State:")))[1].digest
    assert before != expand(write_suite(("max_tokens: 12", "max_tokens: 13")))[1].digest
    assert (
        before != expand(write_suite(('target: "{{ state }}"', 'target: "{{ text }}"')))[1].digest
    )
    assert before == expand(write_suite(("exact_match, token_f1", "token_f1")))[1].digest
    assert before == expand(write_suite(("  cluster: document\n", "")))[1].digest


def test_the_input_digest_is_of_the_fields_that_the_prompt_uses(write_suite: Write) -> None:
    """As a training row with the same input has it, whatever else it holds."""
    classify, extract = expand(write_suite())[:2]
    text = classify.fields["text"]

    assert classify.input_digest == extract.input_digest == input_digest({"text": text})
