"""The most likely choice against the target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.accuracy import Accuracy
from harness.types import Case, Output

CHOICES = ("a", "b", "c")
MakeCase = Callable[..., Case]


def asked(case: Case) -> Case:
    """A case of a task with an unconditional prompt."""
    return replace(case, unconditional="Answer:")


@pytest.mark.parametrize(
    ("likelihoods", "value", "reason"),
    [
        ((-1.0, -0.5, -2.0), 1.0, ""),
        ((-0.1, -0.5, -2.0), 0.0, "chose 'a'"),
        ((-1.0, -0.5, -0.5), 1.0, ""),
        ((-0.5, -0.5, -1.0), 0.0, "chose 'a'"),
        ((0.0, float("nan"), -1.0), None, "log-likelihood of 'b' is nan"),
        ((float("-inf"), -1.0, -2.0), None, "log-likelihood of 'a' is -inf"),
        ((-1.0, -2.0), None, "2 log-likelihoods for 3 choices"),
        (None, None, "0 log-likelihoods for 3 choices"),
    ],
)
def test_values(
    make_case: MakeCase, likelihoods: tuple[float, ...] | None, value: float | None, reason: str
) -> None:
    """The first of equal choices is the answer; what is not finite is unscored, never 0."""
    judged = Accuracy().score(make_case("b", CHOICES), Output("k", logprobs=likelihoods))

    assert (judged.value, judged.reason) == (value, reason)


def test_a_failed_output_is_unscored_with_its_error(make_case: MakeCase) -> None:
    """The engine's reason reaches the report."""
    judged = Accuracy().score(make_case("b", CHOICES), Output("k", error="out of memory"))

    assert (judged.value, judged.reason) == (None, "out of memory")


@given(st.lists(st.floats(-50, 0), min_size=3, max_size=3), st.integers(0, 2))
def test_it_is_numpy_s_argmax(make_case: MakeCase, likelihoods: list[float], target: int) -> None:
    """Ties included."""
    judged = Accuracy().score(
        make_case(CHOICES[target], CHOICES), Output("k", logprobs=tuple(likelihoods))
    )

    assert judged.value == float(np.argmax(likelihoods) == target)


@pytest.mark.parametrize(
    ("normalise", "expected"),
    [
        ("none", "ja"),
        ("tokens", "nein, nie"),
        ("characters", "no way"),
        ("bytes", "ééééé"),
        ("unconditional", "no"),
    ],
)
def test_every_way_to_normalise_changes_the_answer(
    make_case: MakeCase, normalise: str, expected: str
) -> None:
    """One likelihood of each choice by another measure: summed, and over 1, 9, 6 and 10."""
    choices = ("ja", "nein, nie", "no way", "ééééé", "no")
    output = Output(
        "k",
        logprobs=(-2.0, -4.05, -2.4, -3.0, -2.2),
        lengths=(1, 9, 2, 2, 1),
        prior=(-1.0, -4.0, -2.0, -2.0, -9.0),
    )

    judged = [
        Accuracy(normalise=normalise).score(asked(make_case(target, choices)), output).value
        for target in choices
    ]

    assert judged == [float(choice == expected) for choice in choices]


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=8), st.floats(-50, 0), st.floats(-50, 0)),
        min_size=2,
        max_size=6,
        unique_by=lambda each: each[0],
    )
)
def test_they_are_lm_eval_s(make_case: MakeCase, rows: list[tuple[str, float, float]]) -> None:
    """acc_norm, acc_bytes and acc_mutual_info of lm_eval/api/task.py, written out."""
    choices, lls, lls_unconditional = zip(*rows, strict=True)
    output = Output("k", logprobs=lls, prior=lls_unconditional)
    completion_len = np.array([float(len(i)) for i in choices])
    byte_length = np.array([float(len(i.encode("utf-8"))) for i in choices])
    expected = {
        "characters": np.argmax(np.array(lls) / completion_len),
        "bytes": np.argmax(np.array(lls) / byte_length),
        "unconditional": np.argmax(
            [ll_c - ll_u for ll_c, ll_u in zip(lls, lls_unconditional, strict=True)]
        ),
    }

    for normalise, gold in expected.items():
        case = asked(make_case(choices[gold], choices))
        assert Accuracy(normalise=normalise).score(case, output).value == 1.0


@pytest.mark.parametrize(
    ("normalise", "known", "reason"),
    [
        ("tokens", {}, "0 counts of tokens for 3 choices"),
        ("unconditional", {}, "0 unconditional log-likelihoods for 3 choices"),
        (
            "unconditional",
            {"prior": (-1.0, float("nan"), -1.0)},
            "unconditional log-likelihood of 'b' is nan",
        ),
    ],
)
def test_what_cannot_be_normalised_is_unscored(
    make_case: MakeCase, normalise: str, known: dict[str, tuple[float, ...]], reason: str
) -> None:
    """The answer without it would be another one."""
    output = Output("k", logprobs=(-1.0, -2.0, -3.0), **known)

    judged = Accuracy(normalise=normalise).score(asked(make_case("b", CHOICES)), output)

    assert (judged.value, judged.reason) == (None, reason)


def test_a_task_without_an_unconditional_prompt_has_no_prior(make_case: MakeCase) -> None:
    """It is told what is missing."""
    output = Output("k", logprobs=(-1.0, -2.0, -3.0))

    judged = Accuracy(normalise="unconditional").score(make_case("b", CHOICES), output)

    assert (judged.value, judged.reason) == (None, "the task has no 'unconditional' prompt")
