"""Metrics of labels, chosen and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.metrics import f1_score, matthews_corrcoef

from harness.scorers.labels import Labelling, MacroF1, Mcc, MicroF1, WeightedF1
from harness.types import Case, Output

MakeCase = Callable[..., Case]
LABELS = ("yes", "no", "don't know")
SCORERS = [MacroF1, MicroF1, WeightedF1, Mcc]


def metric(
    scorer: Labelling, choices: tuple[str, ...], judged: Sequence[tuple[Case, Output]]
) -> float:
    """Of the sums of the cases' parts."""
    sums = np.zeros(scorer.size(choices))
    for case, output in judged:
        for index, amount in scorer.score(case, output).parts:
            sums[index] += amount
    return float(scorer.combine(sums))


def theirs(scorer: Labelling, targets: Sequence[str], answers: Sequence[str]) -> float:
    """What scikit-learn has for the labels that occur, what is none being one class of its own."""
    answers = [answer if answer in LABELS else "none of them" for answer in answers]
    if isinstance(scorer, Mcc):
        return float(matthews_corrcoef(targets, answers))
    average = {MacroF1: "macro", MicroF1: "micro", WeightedF1: "weighted"}[type(scorer)]
    labels = [label for label in LABELS if label in {*targets, *answers}]
    return float(f1_score(targets, answers, labels=labels, average=average, zero_division=0))


ASKED = st.lists(st.sampled_from(LABELS), min_size=2, max_size=20).filter(
    lambda targets: len(set(targets)) > 1
)


@pytest.mark.parametrize("kind", SCORERS)
@given(targets=ASKED, data=st.data())
def test_written_labels_are_scikit_learn_s(
    make_case: MakeCase, kind: type[Any], targets: list[str], data: st.DataObject
) -> None:
    """Answers that are no label among them."""
    size = len(targets)
    said = st.sampled_from([*LABELS, "maybe", "", "нет"])
    answers = data.draw(st.lists(said, min_size=size, max_size=size))
    scorer = kind(labels=list(LABELS))
    judged = [
        (make_case(target), Output("k", text=f" {answer}\n"))
        for target, answer in zip(targets, answers, strict=True)
    ]

    assert metric(scorer, (), judged) == pytest.approx(theirs(scorer, targets, answers), abs=1e-9)


@pytest.mark.parametrize("kind", SCORERS)
@given(targets=ASKED, data=st.data())
def test_chosen_labels_are_scikit_learn_s(
    make_case: MakeCase, kind: type[Any], targets: list[str], data: st.DataObject
) -> None:
    """The most likely choice is the answer."""
    likelihoods = st.tuples(*[st.floats(-9, 0)] * len(LABELS))
    size = len(targets)
    found = data.draw(st.lists(likelihoods, min_size=size, max_size=size))
    answers = [LABELS[int(np.argmax(row))] for row in found]
    judged = [
        (make_case(target, LABELS), Output("k", logprobs=row))
        for target, row in zip(targets, found, strict=True)
    ]

    assert metric(kind(), LABELS, judged) == pytest.approx(
        theirs(kind(), targets, answers), abs=1e-9
    )


@pytest.mark.parametrize(
    ("answer", "value", "reason"),
    [
        ("yes", 1.0, ""),
        (" don't  know\n", 0.0, "answered 'don't know'"),
        ("Yes", 0.0, "answered no label: 'Yes'"),
        ("", 0.0, "answered no label: ''"),
    ],
)
def test_a_case_is_right_or_wrong(
    make_case: MakeCase, answer: str, value: float, reason: str
) -> None:
    """Case counts, white space does not."""
    judged = MacroF1(labels=list(LABELS)).score(make_case("yes"), Output("k", text=answer))

    assert (judged.value, judged.reason) == (value, reason)


@pytest.mark.parametrize(
    ("options", "target", "output", "reason"),
    [
        ({"labels": list(LABELS)}, "yes", Output("k", error="died"), "died"),
        ({"labels": list(LABELS)}, None, Output("k", text="yes"), "the case has no target"),
        (
            {"labels": list(LABELS)},
            "perhaps",
            Output("k", text="yes"),
            "target 'perhaps' is no label",
        ),
        ({}, "yes", Output("k", text="yes"), "no labels; the scorer of a written answer needs"),
    ],
)
def test_what_cannot_be_compared_is_unscored(
    make_case: MakeCase, options: dict[str, Any], target: str | None, output: Output, reason: str
) -> None:
    """A failure is no wrong answer, and adds nothing to the sums."""
    judged = Mcc(**options).score(make_case(target), output)

    assert judged.value is None
    assert judged.reason.startswith(reason)
    assert judged.parts == ()


def test_without_labels_there_is_nothing_to_sum() -> None:
    """A suite can be told so before anything is run."""
    assert MacroF1().size(()) == 0
    assert MacroF1().size(LABELS) == MacroF1(labels=list(LABELS)).size(()) == 12


@pytest.mark.parametrize("kind", SCORERS)
def test_an_empty_corpus_has_no_metric(kind: type[Any]) -> None:
    """Neither 0 nor 1."""
    assert np.isnan(metric(kind(), LABELS, []))


@pytest.mark.parametrize(
    ("labels", "reason"),
    [(["yes"], "at least 2"), (["yes", "no", "yes "], "label 'yes ' a second time")],
)
def test_labels_can_be_told_apart(labels: list[str], reason: str) -> None:
    """And there are two of them."""
    with pytest.raises(ValidationError, match=reason):
        MacroF1(labels=labels)
