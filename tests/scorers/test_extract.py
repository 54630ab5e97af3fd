"""Extraction steps: the part of a text that is the answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.scorers.extract import (
    Casefold,
    ChoiceLetter,
    FirstLine,
    FirstNumber,
    JsonPath,
    LastNumber,
    Regex,
    Strip,
)

PUZZLE = "We add 3 and 4.\nSo the answer is 1,234.50. Answer: (B)\n"


@pytest.mark.parametrize(
    ("step", "text", "found"),
    [
        (Regex(pattern="answer is"), PUZZLE, "answer is"),
        (Regex(pattern=r"answer is ([\d,.]+)\."), PUZZLE, "1,234.50"),
        (Regex(pattern=r"(\w+) is (\S+)", group=2), PUZZLE, "1,234.50."),
        (Regex(pattern=r"(a|b)?x", group=1), "x", None),
        (Regex(pattern=r"\d", last=True), "1 2 3", "3"),
        (Regex(pattern="ANSWER", ignore_case=True), PUZZLE, "answer"),
        (Regex(pattern="nowhere"), PUZZLE, None),
        (FirstNumber(), PUZZLE, "3"),
        (LastNumber(), PUZZLE, "1234.50"),
        (LastNumber(), "from 7 to \u221212", "-12"),
        (LastNumber(), "+5", "5"),
        (FirstNumber(), ".5 of it", ".5"),
        (FirstNumber(), "version 1.2.3 of x4", None),
        (FirstNumber(), "on 2024-05-06", "2024"),
        (FirstNumber(), "$12, or 12%", "12"),
        (FirstNumber(), "none", None),
        (ChoiceLetter(), PUZZLE, "B"),
        (ChoiceLetter(), "A. because", "A"),
        (ChoiceLetter(last=True), "Not A but (C).", "C"),
        (ChoiceLetter(), "BAD", None),
        (ChoiceLetter(letters="XY"), "A or Y", "Y"),
        (Strip(), "  a b \n", "a b"),
        (Strip(characters='."'), ' "yes." ', "yes"),
        (Casefold(), "STRASSE Straße", "strasse strasse"),
        (FirstLine(), "\n  one \ntwo", "one"),
        (FirstLine(), " \n", None),
        (JsonPath(path="a.b[1]"), 'so {"a": {"b": [1, 2]}} it is', "2"),
        (JsonPath(path="name"), '{"name": "x y"}', "x y"),
        (JsonPath(path="[0]"), '[{"k": null}]', '{"k": null}'),
        (JsonPath(path="a"), "{not json} {\"a\": true}", "true"),
        (JsonPath(path="a.c"), '{"a": {"b": 1}}', None),
        (JsonPath(path="a[3]"), '{"a": [1]}', None),
        (JsonPath(path="a"), "no json", None),
    ],
)  # fmt: skip
def test_what_is_found(step, text, found, make_case):
    assert step.extract(text, make_case()) == found


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (Regex, {"pattern": "("}),
        (Regex, {"pattern": "(a)", "group": 2}),
        (Regex, {"pattern": ""}),
        (JsonPath, {"path": "a..b"}),
        (JsonPath, {"path": "a[x]"}),
        (ChoiceLetter, {"letters": "A"}),
        (ChoiceLetter, {"letters": "A-D"}),
    ],
)
def test_options_that_make_no_sense_are_refused(model, options):
    with pytest.raises(ValidationError):
        model(**options)


def test_a_pattern_that_backtracks_for_ever_is_stopped(make_case, monkeypatch):
    monkeypatch.setattr("harness.scorers.extract.PATTERN_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        Regex(pattern=r"(a|aa)+$").extract("a" * 60 + "b", make_case())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.text(alphabet="abc \n:,."), st.text())
def test_a_json_value_is_found_in_any_text(value, before, after):
    text = f"{before}{json.dumps({'answer': value})}{after}"
    found = JsonPath(path="answer").extract(text, None)
    assert found == (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@given(st.integers(-(10**12), 10**12), st.sampled_from(["", "about ", "is: ", "= "]))
def test_a_whole_number_is_found_however_it_is_grouped(number, before):
    for written in (str(number), f"{number:,}"):
        assert FirstNumber().extract(f"{before}{written}.", None) == str(number)
        assert LastNumber().extract(f"{before}{written}.", None) == str(number)
