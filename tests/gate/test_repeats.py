"""Several answers to a case are one score, by the rule of its task."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gate.noise import measure_noise
from harness.gate.repeats import MEAN, answers, reduced
from harness.suite.model import Reduce
from harness.types import Generation, Score


@pytest.fixture
def case(declare):
    """A case that is answered four times."""
    (one,) = declare(1).cases
    return replace(one, generation=Generation(5, temperature=1.0, repeats=4))


def scores(*values: float | None, said: str = "") -> list[Score]:
    """Scores of these values; ``said`` has a letter for each answer."""
    names = said or "a" * len(values)
    return [
        Score("case-0", "v2-arm", "accuracy", value, "" if value is not None else "cut", at, name)
        for at, (value, name) in enumerate(zip(values, names, strict=True))
    ]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (MEAN, 0.5),
        (Reduce(how="first"), 0.0),
        (Reduce(how="majority"), 1.0),
        (Reduce(how="pass_at", k=1), 0.5),
        (Reduce(how="pass_at", k=2), 1 - 1 / 6),  # of six pairs one has no right answer
        (Reduce(how="at_least", k=2), 1.0),
        (Reduce(how="at_least", k=3), 0.0),
    ],
)
def test_rules(case, how, expected):
    assert reduced(case, scores(0, 1, 1, 0, said="abbc"), how) == pytest.approx(expected)


@pytest.mark.parametrize("how", [MEAN, Reduce(how="first"), Reduce(how="at_least", k=1)])
def test_one_that_is_unscored_leaves_the_case_unscored(case, how):
    assert reduced(case, scores(1, 1, None, 1), how) is None
    assert reduced(case, [], how) is None


def test_a_baseline_run_twice_has_no_more_tries(case):
    """Else it would pass more often than its candidate."""
    twice = scores(0, 0, 0, 0, 1, 1, 1, 1)
    assert reduced(case, twice, Reduce(how="pass_at", k=4)) == 0
    assert reduced(case, twice, MEAN) == 0.5


def test_noise_is_between_the_first_answers_and_as_many_more(declare, arms, case):
    declared = replace(declare(1), cases=(case,), reduce=Reduce(how="majority"))
    key = (case.digest, arms[1].digest, "accuracy")

    def noise(*values: float, said: str):
        return measure_noise(declared, arms[1], {key: scores(*values, said=said)})

    assert noise(1, 1, 0, 0, 1, 0, 1, 1, said="aabcabaa").flips == 0
    assert noise(1, 1, 0, 0, 1, 0, 0, 1, said="aabcabba").flips == 0  # a tie: a came first
    assert noise(1, 1, 0, 0, 0, 0, 1, 1, said="aabcbbaa").flips == 1
    assert noise(1, 1, 0, 0, said="aabc") is None


def test_how_many_answers_are_asked_for(declare, case):
    assert answers(case) == 4
    assert answers(declare(1).cases[0]) == 1
