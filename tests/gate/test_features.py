"""The table of features: what is in it, against reading each case by itself."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gate.features import LEAST, MOST_TEXT, Feature, Trait, tabulate
from harness.types import Case, Kind


def cases(prompts):
    return [
        Case(
            digest=str(i),
            suite="s",
            task="t",
            sample=str(i),
            kind=Kind.CHECK,
            prompt=prompt,
            choices=(),
            generation=None,
            target=None,
            cluster=str(i),
            slices={"third": str(i % 3)},
            fields={},
            input_digest="",
        )
        for i, prompt in enumerate(prompts)
    ]


def held(table):
    """Feature → the cases that it holds for."""
    return {feature: table.cases(i) for i, feature in enumerate(table.features)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abc  ", max_size=30), min_size=1, max_size=30))
def test_words_and_phrases_are_those_of_each_prompt(texts):
    """Every word, and two in a row, of enough prompts but not of all; no pair twice."""
    prompts = [f"{'xy'[i % 2]} {text}" for i, text in enumerate(texts)]
    table = tabulate(cases(prompts), {})
    expected: dict[Feature, set[int]] = {}
    for i, prompt in enumerate(prompts):
        words = prompt.split()
        for word in words:
            expected.setdefault(Feature(Trait.WORD, word), set()).add(i)
        for one, other in itertools.pairwise(words):
            expected.setdefault(Feature(Trait.PHRASE, f"{one} {other}"), set()).add(i)
    found = {f: rows for f, rows in held(table).items() if f.trait in (Trait.WORD, Trait.PHRASE)}
    assert found == {f: rows for f, rows in expected.items() if LEAST <= len(rows) < len(prompts)}
    assert len(set(zip(table.rows, table.columns, strict=True))) == len(table.rows)


def test_sums_are_over_the_cases_of_a_feature():
    """Weights of the cases that a feature holds for, and of no other."""
    table = tabulate(cases(["net", "net", "due", "net", "due", "due", "net"]), {})
    weights = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    sums = table.sums(np.array(weights))
    for column in range(len(table.features)):
        assert sums[column] == sum(weights[row] for row in table.cases(column))


def test_what_all_prompts_begin_with_is_no_feature():
    """The template before the text is not read, nor cut within a word."""
    words = {f.name for f in tabulate(cases(["Read the dogs"] * 4 + ["Read the dots"] * 4), {})
             .features if f.trait is Trait.WORD}  # fmt: skip
    assert words == {"dogs", "dots"}


def test_work_is_bounded():
    """Of a long prompt the beginning is read."""
    long = [f"{i % 2} {'x ' * MOST_TEXT} late{i % 2}" for i in range(12)]
    names = {feature.name for feature in tabulate(cases(long), {}).features}
    assert {"0", "1"} <= names
    assert not names & {"late0", "late1"}


def test_no_case_is_no_feature():
    assert tabulate([], {}).features == ()
