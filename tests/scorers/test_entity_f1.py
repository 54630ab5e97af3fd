"""Entities that an answer names, against those it should."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.entity_f1 import Entity, EntityF1, EntityF1Micro, credit, entities
from harness.types import Case, Output

MakeCase = Callable[..., Case]


def listed(*found: tuple[str, str]) -> str:
    """A JSON list of entities with types."""
    return json.dumps([{"type": kind, "text": text} for kind, text in found])


SEMEVAL = (
    listed(
        ("BRAND", "healthy"), ("DRUG", "of warfarin"), ("BRAND", "propranolol"),
        ("DRUG", "phenytoin"), ("DRUG", "theophylline"), ("DRUG", "oral contraceptives"),
    ),
    listed(
        ("BRAND", "tikosyn"), ("DRUG", "warfarin"), ("DRUG", "propranolol"),
        ("DRUG", "phenytoin"), ("DRUG", "theophylline"), ("GROUP", "contraceptives"),
    ),
)  # fmt: skip
"""The worked example of Batista's "Named-Entity evaluation" (2018), which nervaluate follows."""


@pytest.mark.parametrize(("match", "right"), [("strict", 2.0), ("exact", 3.0), ("partial", 4.0)])
def test_the_published_example(
    make_case: MakeCase, match: Literal["strict", "exact", "partial"], right: float
) -> None:
    """F1 0.33, 0.5 and 0.66: six named, six wanted."""
    judged = EntityF1Micro(match=match).score(make_case(SEMEVAL[1]), Output("k", text=SEMEVAL[0]))

    assert judged.value == pytest.approx(right / 6, abs=1e-12)
    assert judged.parts == ((0, right), (1, 6.0), (2, 6.0))
    assert judged.reason == f"{right:g} right of 6 named and 6 wanted"


@pytest.mark.parametrize(
    ("options", "answer", "target", "expected"),
    [
        ({}, "Acme; Beta", "Beta\nAcme", 1.0),
        ({}, "Acme", "Acme; Beta", 2 / 3),
        ({}, "Acme; Acme", "Acme", 2 / 3),
        ({}, '["Acme", "Beta"]', "Acme;Beta", 1.0),
        ({}, " Acme   Inc. ;;\n", "Acme Inc.", 1.0),
        ({}, "", "", 1.0),
        ({}, "[]", "", 1.0),
        ({}, "", "Acme", 0.0),
        ({}, "Acme", "", 0.0),
        ({}, "acme", "Acme", 0.0),
        ({"ignore_case": True}, "acme", "Acme", 1.0),
        ({"separator": ","}, "Acme, Beta", "Beta,Acme", 1.0),
        ({"separator": ","}, "Acme; Beta", "Beta,Acme", 0.0),
        ({}, listed(("ORG", "Acme")), '["Acme"]', 0.0),
        ({"match": "exact"}, listed(("ORG", "Acme")), '["Acme"]', 1.0),
        ({"match": "partial"}, "Acme Inc", "Acme", 0.5),
        ({"match": "partial"}, "the Acme", "acme", 0.5),
        ({"match": "partial"}, "the", "the a", 0.0),
        ({}, '[{"text": "Acme", "start": 3}]', "Acme", 1.0),
    ],
)
def test_values(
    make_case: MakeCase, options: dict[str, Any], answer: str, target: str, expected: float
) -> None:
    """Worked by hand; entities that are named twice count twice."""
    judged = EntityF1(**options).score(make_case(target), Output("k", text=answer))

    assert judged.value == pytest.approx(expected, abs=1e-12)
    assert bool(judged.reason) == (expected < 1)


@pytest.mark.parametrize(
    "text", ['["Acme"', "[Acme]", "[1]", '[{"name": "x"}]', '[{"text": "x", "type": 1}]', "[[]]"]
)
def test_a_broken_list_is_the_answer_s_fault_or_the_data_s(make_case: MakeCase, text: str) -> None:
    """A wrong answer still misses what was wanted; a wrong target leaves the case unscored."""
    wrong = EntityF1Micro().score(make_case("Acme;Beta"), Output("k", text=text))
    unscored = EntityF1Micro().score(make_case(text), Output("k", text="Acme"))

    assert (wrong.value, wrong.parts) == (0.0, ((0, 0.0), (1, 0.0), (2, 2.0)))
    assert wrong.reason.startswith("no list of entities: ")
    assert unscored.value is None
    assert unscored.reason.startswith("the target is no list of entities: ")


def test_what_is_missing_is_unscored(make_case: MakeCase) -> None:
    """No text and no target."""
    assert EntityF1().score(make_case("x"), Output("k", error="died")).value is None
    assert EntityF1().score(make_case(None), Output("k", text="x")).value is None


def test_the_micro_f1_weighs_entities_and_not_cases(make_case: MakeCase) -> None:
    """Two cases, F1 1 and 0, of one entity and of four."""
    scorer = EntityF1Micro()
    sums = np.zeros((1, scorer.size(())))
    for answer, target in (("a", "a"), ("w;x;y;z", "a;b;c;d")):
        judged = scorer.score(make_case(target), Output("k", text=answer))
        for index, amount in judged.parts:
            sums[0, index] += amount

    assert scorer.combine(sums)[0] == pytest.approx(2 / 10)
    assert np.isnan(scorer.combine(np.zeros(3)))


NAMES = st.lists(
    st.sampled_from(["Acme", "Acme Inc", "Acme Beta", "Beta", "Beta Inc", "the", "Ölwerk"]),
    max_size=5,
)


def best(said: Sequence[str], wanted: Sequence[str]) -> float:
    """The largest credit over all ways to pair two lists: the oracle."""

    def worth(one: str, other: str) -> float:
        words = [set(text.lower().split()) - {"the"} for text in (one, other)]
        return 1.0 if one == other else 0.5 if words[0] & words[1] else 0.0

    short, long = sorted((list(said), list(wanted)), key=len)
    return max(
        sum(worth(one, other) for one, other in zip(short, order, strict=False))
        for order in itertools.permutations(long)
    )


@given(NAMES, NAMES)
def test_partial_credit_is_the_best_there_is(said: list[str], wanted: list[str]) -> None:
    """Whatever the order in which entities are named."""
    found = credit(entities(";".join(said)), entities(";".join(wanted)), partial=True)

    assert found == best(said, wanted)


@given(NAMES, NAMES)
def test_exact_credit_is_what_both_lists_have(said: list[str], wanted: list[str]) -> None:
    """As multisets."""
    left, common = list(wanted), 0
    for name in said:
        if name in left:
            left.remove(name)
            common += 1

    assert credit([Entity(x) for x in said], [Entity(x) for x in wanted], False) == common


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gets_a_score_or_a_reason(make_case: MakeCase, answer: str, target: str) -> None:
    """Unicode, brackets and nothing at all."""
    for match in ("strict", "partial"):
        judged = EntityF1(match=match).score(make_case(target), Output("k", text=answer))
        assert judged.reason or judged.value == 1.0
