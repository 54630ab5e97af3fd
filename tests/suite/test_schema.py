"""Every part of the suite language refuses what it does not know, at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite.load import parse
from harness.suite.model import Generate, Suite
from harness.suite.schema import keys_at, validated
from harness.suite.suite import load_suite

Write = Callable[..., Path]


def told(path: Path) -> list[str]:
    """The problems of a suite, without the folders before its file names."""
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    return [str(p).replace(f"{path.parent}/", "") for p in caught.value.problems]


MISSPELT = [
    ("owner:", "ownr:", "3:1: unknown key 'ownr' (did you mean 'owner'?)"),
    ("  cluster:", "  clutser:", "7:3: data: unknown key 'clutser' (did you mean 'cluster'?)"),
    ("max_tokens", "max_token", "17:16: tasks[1].generate: unknown key 'max_token' (did you mean"),
    (" target:", " targt:", "13:5: tasks[0]: unknown key 'targt' (did you mean 'target'?)"),
    ("source:", "sorce:", "19:50: tasks[1].scorers[2].grounded: unknown key 'sorce' (did you mean"),
    ("reason:", "reasn:", "25:5: cases[0]: unknown key 'reasn' (did you mean 'reason'?)"),
    ("contains:", "contans:", "24:15: cases[0].expect[0]: unknown key 'contans' (did you mean"),
    ("{contains: conflict}", "{matches: {patern: x}}",
     "24:25: cases[0].expect[0].matches: unknown key 'patern' (did you mean 'pattern'?)"),
    ("by:", "bye:", "30:5: rubrics[0]: unknown key 'bye' (did you mean 'by'?)"),
    ("scale:", "scle:", "29:26: rubrics[0].criteria.concise: unknown key 'scle' (did you mean"),
    ("margin:", "margn:", "34:84: checks[0]: unknown key 'margn' (did you mean 'margin'?)"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "problem"), MISSPELT, ids=[m[1] for m in MISSPELT])
def test_a_misspelt_key_is_told_with_the_right_one(
    write_suite: Write, right: str, wrong: str, problem: str
) -> None:
    """In every model of the language, at the line and column of the key."""
    messages = told(write_suite((right, wrong)))

    assert [m for m in messages if m.startswith(f"clauses.yaml:{problem}")], messages


WRONG = [
    ("suite: contracts/clauses", "suite: a b", "1:8: suite: should be made of letters, digits"),
    ("owner: legal-ml", "owner: 3", '3:8: owner: should be text (quote it: "…"), not 3'),
    ("  slices: [", "  slices: x #", "8:11: data.slices: should be a list, not 'x'"),
    ("[accuracy]", "[[accuracy]]", "14:15: tasks[0].scorers[0]: should be a mapping of keys to"),
    ("[accuracy]", "[{accuracy: 3}]", "14:26: tasks[0].scorers[0].accuracy: should be a mapping"),
    ("max_tokens: 12", "max_tokens: 0",
     "17:28: tasks[1].generate.max_tokens: should be at least 1, not 0"),
    ("max_tokens: 12", "max_tokens: '12'",
     "17:28: tasks[1].generate.max_tokens: should be a whole number, not '12'"),
    ("{contains: conflict}", "{}", "24:14: cases[0].expect[0]: expects nothing;"),
    ("{contains: conflict}", "{matches: '('}",
     "24:24: cases[0].expect[0].matches: not a regular expression: missing )"),
    ("{contains: conflict}", "{matches: '" + "(?:" * 240 + ")" * 240 + "'}",
     "24:24: cases[0].expect[0].matches: not a regular expression: nested too deep"),
    ("{contains: conflict}", "{any: [{contains: ''}]}",
     "24:32: cases[0].expect[0].any[0].contains: should not be empty"),
    ("by: assertions", "by: jugde", "30:9: rubrics[0].by: should be 'assertions', 'judge' or"),
    ("scale: {1:", "scale: {one:", "29:34: rubrics[0].criteria.concise.scale.one: should be a"),
    ("required: false", "required: no", "36:79: checks[2].required: should be true or false, not"),
    ("margin: 0.03", "margin: 3", "34:92: checks[0].margin: should be less than 1, not 3"),
    ("margin: 0.03", "sequential: 1", "34:96: checks[0].sequential: should be true or false, not"),
    ("margin: 0.03", "max_per_cluster: 0", "34:101: checks[0].max_per_cluster: should be at least"),
    ("margin: 0.03", "method: exakt", "34:92: checks[0].method: should be 'exact', not 'exakt'"),
    ("margin: 0.03", "method: exact, sequential: true",
     "34:5: checks[0]: either 'method: exact' or 'sequential'; not both"),
    ("claim: better", "claim: better, sequential: true",
     "36:5: checks[2]: the claim is better; 'sequential' belongs to not-worse only"),
    ("min: 0.80", "min: 0.80, method: exact",
     "37:5: checks[3]: the claim is min; 'method: exact' belongs to comparisons"),
    ("against: baseline", "against: bseline", "34:74: checks[0].against: should be 'base', 'basel"),
    ("min: 0.80", "min: 0.8, max: 0.9", "37:5: checks[3]: the claim is min, to which 'max' does"),
    ("min: 0.80", "claim: max, min: 0.8", "37:5: checks[3]: the claim is max, to which 'min' does"),
    ("min: 0.80", "claim: max", "37:5: checks[3]: the claim is max; missing key 'max'"),
    ("claim: better", "claim: better, margin: 0.1",
     "36:5: checks[2]: the claim is better, to which 'margin' does not belong"),
    ("min: 0.9\n", "min: 0.9\n    margin: 0.1\n", "27:5: rubrics[0]: either min, or against"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "problem"), WRONG, ids=[w[1] for w in WRONG])
def test_a_wrong_value_is_told_with_the_right_kind(
    write_suite: Write, right: str, wrong: str, problem: str
) -> None:
    """At the line and column of the value, in the words of the language."""
    messages = told(write_suite((right, wrong)))

    assert [m for m in messages if m.startswith(f"clauses.yaml:{problem}")], messages


def test_a_missing_key_is_told_where_it_should_be(write_suite: Write) -> None:
    """At the mapping that lacks it."""
    assert told(write_suite(("    by: assertions\n", ""))) == [
        "clauses.yaml:27:5: rubrics[0]: missing key 'by'"
    ]


def test_all_errors_of_a_file_come_at_once_and_in_order(write_suite: Write) -> None:
    """Typos, a duplicate key and a wrong type in one reading."""
    path = write_suite(
        ("owner:", "ownr:"), ("  id: id", "  id: id\n  id: other"), ("margin: 0.03", "margin: x")
    )

    assert [message.split(": ")[0] for message in told(path)] == [
        "clauses.yaml:3:1",
        "clauses.yaml:7:3",
        "clauses.yaml:35:92",
    ]


def test_where_the_yaml_is_wrong_only_that_is_said(write_suite: Write) -> None:
    """An alias leaves no value; that the value is missing is not told as well."""
    messages = told(write_suite(("owner: legal-ml", "owner: *team")))

    assert messages == ["clauses.yaml:3:8: alias '*team'; write the value out, there are none"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "suite", "3"])
def test_a_file_that_is_no_mapping_is_told(write_suite: Write, text: str) -> None:
    """An empty file is no suite either."""
    (message,) = told(write_suite(text=text))

    assert "should be a mapping of keys to values, not" in message


def test_an_unset_default_says_nothing(write_suite: Write) -> None:
    """What a later version measures may be written down as absent."""
    path = write_suite(("margin: 0.03", "margin: 0.03, sequential: false, method: null"))

    assert load_suite(path).spec.checks[0].margin == 0.03


def test_keys_are_found_through_lists_and_aliases() -> None:
    """What a suggestion is chosen from."""
    assert "not-contains" in keys_at(Suite, ("cases", 0, "expect", 2, "any", 1))
    assert keys_at(Suite, ("rubrics", 0, "criteria", "x")) == ["scale"]
    assert keys_at(Suite, ("tasks", 0, "prompt")) == []


def test_problems_stand_where_the_data_stand() -> None:
    """A part of a document is validated at its own place."""
    document = parse("a:\n  b: {max_tokens: x}\n", "a.yaml")

    _, problems = validated(Generate, document.data["a"]["b"], document, ("a", "b"))

    assert [str(p) for p in problems] == [
        "a.yaml:2:19: a.b.max_tokens: should be a whole number, not 'x'"
    ]
