"""The demo's suite files: they load, and each item can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.demo.data import ANSWER, CLASSIFY, EXTRACT
from harness.demo.grammar import TYPES
from harness.scorers.expect import unmet
from harness.suite.cases import cases
from harness.suite.policy import load_policy
from harness.suite.suite import LoadedSuite, load_suite
from harness.types import Kind

SUITES = Path(__file__).parents[2] / "suites"
PLANTED = {
    "conflict-1": "Delaware",
    "seat-is-no-law": "Nevada",
    "none-at-all": "Ohio",
    "seat-and-law": "Texas",
    "topic-elsewhere-1": "payment",
    "topic-elsewhere-2": "confidentiality",
}
"""Hand-written case → the wrong answer that it is there to catch."""


@pytest.fixture(scope="module")
def clauses() -> LoadedSuite:
    return load_suite(SUITES / "demo" / "clauses.yaml")


@pytest.fixture(scope="module")
def general() -> LoadedSuite:
    return load_suite(SUITES / "demo" / "general.yaml")


def test_suites_ask_as_the_adapters_were_trained(
    clauses: LoadedSuite, general: LoadedSuite
) -> None:
    """The prompts in the YAML are the templates of the training rows."""
    asked = {name: loaded.task.prompt for name, loaded in clauses.tasks.items()}
    assert asked == {"classify": CLASSIFY, "extract": EXTRACT}
    assert general.tasks["answer"].task.prompt == ANSWER
    assert clauses.tasks["classify"].task.choices == TYPES


def test_the_policy_protects_general_skill_at_five_points() -> None:
    """Against base, so that no chain of releases can lose it bit by bit."""
    policy = load_policy(SUITES)
    assert policy.alpha == 0.05
    assert policy.margin("general/skills") == 0.05
    assert policy.margin("contracts/clauses") == 0.03
    assert policy.against("general/skills") == "base"


@pytest.mark.parametrize("name", PLANTED)
def test_each_hand_written_case_catches_its_wrong_answer(clauses: LoadedSuite, name: str) -> None:
    """The planted answer does not meet what the case expects."""
    case = next(case for case in clauses.spec.cases if case.id == name)
    assert [why for each in case.expect for why in unmet(each, PLANTED[name])]


def test_every_hand_written_case_has_a_planted_failure(clauses: LoadedSuite) -> None:
    """Nothing is in the suite that could not fail; four to eight cases, each with a reason."""
    assert {case.id for case in clauses.spec.cases} == set(PLANTED)
    assert 4 <= len(clauses.spec.cases) <= 8
    assert all(case.reason for case in clauses.spec.cases)


def test_hand_written_cases_are_no_sample_of_the_data(clauses: LoadedSuite) -> None:
    """They add something."""
    prompts = {kind: {c.prompt for c in cases(clauses) if c.kind is kind} for kind in Kind}
    assert prompts[Kind.CASE]
    assert not prompts[Kind.CASE] & prompts[Kind.CHECK]


def test_the_rubric_fails_an_answer_that_rambles(clauses: LoadedSuite) -> None:
    """And passes one that does not."""
    [rubric] = clauses.spec.rubrics
    rambling = "the clause is governed by the law of Ohio"
    assert [why for each in rubric.assertions for why in unmet(each, rambling)]
    assert not [why for each in rubric.assertions for why in unmet(each, "Ohio")]
