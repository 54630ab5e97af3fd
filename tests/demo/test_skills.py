"""General skills: every answer is right, by a rule that is not the generator's."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import pytest

from harness.demo.skills import PRACTICE, SKILLS, question


def _copied(text: str) -> str:
    return text.removeprefix("Copy: ")


def _reversed(text: str) -> str:
    return " ".join(reversed(text.removeprefix("Reverse: ").split()))


def _sorted(text: str) -> str:
    return " ".join(sorted(text.removeprefix("Sort: ").split()))


def _added(text: str) -> str:
    return str(sum(map(int, re.findall(r"\d", text))))


def _larger(text: str) -> str:
    return str(max(map(int, re.findall(r"\d\d", text))))


ORACLES: dict[str, Callable[[str], str]] = {
    "add": _added,
    "copy": _copied,
    "larger": _larger,
    "reverse": _reversed,
    "sort": _sorted,
}


@pytest.mark.parametrize("skill", ORACLES)
def test_the_answer_is_right(skill: str) -> None:
    """Recomputed from the question's text alone."""
    rng = Random(1)
    for _ in range(200):
        one = question(skill, rng)
        assert one.answer == ORACLES[skill](one.text)


@pytest.mark.parametrize("skill", sorted({"note", "pick", "agree"}))
def test_the_answer_stands_in_the_question(skill: str) -> None:
    """These skills read; they do not recall."""
    rng = Random(2)
    for _ in range(200):
        one = question(skill, rng)
        assert re.search(rf"\b{one.answer}\b", one.text)


def test_a_singular_subject_takes_the_singular_verb() -> None:
    """Whatever the noun between them says."""
    rng = Random(3)
    for _ in range(200):
        one = question("agree", rng)
        assert one.answer.endswith("s") == one.text.startswith(("One", "The")) & (
            not re.match(r"\w+ \w+s near", one.text)
        )


def test_every_skill_is_practised() -> None:
    """A skill that no model practises could not be forgotten."""
    assert set(PRACTICE) == set(SKILLS)
    assert all(weight > 0 for weight in PRACTICE.values())
