"""The same text, a text within, a pattern."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.scorers.match import ExactMatch, Includes, PatternMatch
from harness.types import Case, Output

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("answer", "target", "value"),
    [
        ("Ohio", "Ohio", 1.0),
        (" New\n  York ", "New York", 1.0),
        ("ohio", "Ohio", 0.0),
        ("Ohio.", "Ohio", 0.0),
        ("é", "e\u0301", 0.0),
        ("", "", 1.0),
        (" ", "", 1.0),
        ("", "Ohio", 0.0),
    ],
)
def test_values(
    make_case: MakeCase, said: Callable[[str], Output], answer: str, target: str, value: float
) -> None:
    """Case, punctuation and Unicode form count; an empty answer may be the right one."""
    assert ExactMatch().score(make_case(target), said(answer)).value == value


def test_what_is_missing_is_unscored(make_case: MakeCase, said: Callable[[str], Output]) -> None:
    """No text and no target are no disagreement."""
    assert ExactMatch().score(make_case("x"), Output("k")).value is None
    assert ExactMatch().score(make_case(None), said("x")).value is None


@given(st.text(max_size=20), st.sampled_from([" ", "\n", "\t "]))
def test_white_space_never_matters(make_case: MakeCase, text: str, blank: str) -> None:
    """Around the answer and between its words."""
    spread = blank + blank.join(text.split()) + blank

    assert ExactMatch().score(make_case(text), Output("k", text=spread)).value == 1.0


@pytest.mark.parametrize(
    ("options", "answer", "target", "value"),
    [
        ({"ignore_case": True}, "STRASSE", "straße", 1.0),
        ({"ignore_case": True}, "Ohio.", "ohio", 0.0),
        ({"ignore_punctuation": True}, "“Ohio”, U.S. + $", "Ohio US", 1.0),
        ({"ignore_punctuation": True}, "ohio", "Ohio", 0.0),
        ({"ignore_punctuation": True, "ignore_case": True}, "ohio!", "Ohio", 1.0),
    ],
)
def test_options(
    make_case: MakeCase, options: dict[str, bool], answer: str, target: str, value: float
) -> None:
    """Case and punctuation count unless the suite says otherwise."""
    judged = ExactMatch(**options).score(make_case(target), Output("k", text=answer))

    assert judged.value == value


@given(st.text(string.printable + "éß漢", max_size=20), st.text(string.printable, max_size=20))
def test_punctuation_of_ascii_is_python_s(make_case: MakeCase, answer: str, target: str) -> None:
    """As in lm-eval and Hugging Face's evaluate, which leave out ``string.punctuation``."""
    bare = [text.translate(str.maketrans("", "", string.punctuation)) for text in (answer, target)]

    judged = ExactMatch(ignore_punctuation=True).score(make_case(target), Output("k", text=answer))

    assert judged.value == float(bare[0].split() == bare[1].split())


def test_any_of_several_answers_is_right(make_case: MakeCase) -> None:
    """A row may list further ones."""
    case = make_case("NYC", others=["New York", "Big Apple"])
    scorer = ExactMatch(also="others")

    assert [
        scorer.score(case, Output("k", text=text)).value
        for text in ("NYC", "Big Apple", "New York", "Boston")
    ] == [1.0, 1.0, 1.0, 0.0]
    assert scorer.score(make_case("NYC", others=[]), Output("k", text="NYC")).value == 1.0


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "missing"),
        ({"others": "Ohio"}, "'Ohio'"),
        ({"others": ["Ohio", 3]}, "a list"),
        ({"others": {"a": "b"}}, "a mapping"),
    ],
)
def test_what_is_no_list_of_answers_is_unscored(
    make_case: MakeCase, fields: dict[str, Any], found: str
) -> None:
    """Even where the target itself was written."""
    judged = ExactMatch(also="others").score(make_case("x", **fields), Output("k", text="x"))

    assert judged.value is None
    assert judged.reason == f"field 'others' should be a list of texts, not {found}"


def test_a_wrong_answer_is_quoted(make_case: MakeCase) -> None:
    """Cut where it is long."""
    judged = ExactMatch().score(make_case("Ohio"), Output("k", text="T" * 100))

    assert (judged.value, judged.reason) == (0.0, f"wrote '{'T' * 37}…'")


@pytest.mark.parametrize(
    ("options", "answer", "target", "value"),
    [
        ({}, "It is Ohio law.", "Ohio", 1.0),
        ({}, "It is New\nYork law.", "New York", 1.0),
        ({}, "ohio", "Ohio", 0.0),
        ({}, "Ohioan", "Ohio", 1.0),
        ({}, "", "Ohio", 0.0),
        ({}, "Ohio", "", 0.0),
        ({}, " ", "", 1.0),
        ({"ignore_case": True}, "in OHIO", "Ohio", 1.0),
        ({"whole_words": True}, "Ohioan", "Ohio", 0.0),
        ({"whole_words": True}, "Ohioan or Ohio", "Ohio", 1.0),
        ({"whole_words": True}, "(Ohio)", "Ohio", 1.0),
        ({"whole_words": True}, "1.250 or a+b", "a+b", 1.0),
        ({"whole_words": True}, "12", "1", 0.0),
        ({"whole_words": True}, "été", "t", 0.0),
    ],
)
def test_included(
    make_case: MakeCase, options: dict[str, bool], answer: str, target: str, value: float
) -> None:
    """An empty target is included in an empty answer only."""
    judged = Includes(**options).score(make_case(target), Output("k", text=answer))

    assert judged.value == value


@given(st.text(max_size=10), st.text(min_size=1, max_size=10), st.text(max_size=10))
def test_what_was_put_in_is_included(
    make_case: MakeCase, before: str, target: str, after: str
) -> None:
    """Between blanks it is a whole word, whatever it holds."""
    if not target.split():
        return
    output = Output("k", text=f"{before} {target} {after}")

    assert Includes().score(make_case(target), output).value == 1.0
    assert Includes(whole_words=True).score(make_case(target), output).value == 1.0


@pytest.mark.parametrize(
    ("options", "answer", "value"),
    [
        ({"pattern": r"\d+"}, "in 1999", 1.0),
        ({"pattern": r"\d+"}, "never", 0.0),
        ({"pattern": r"\d+", "full": True}, "in 1999", 0.0),
        ({"pattern": r"\d+", "full": True}, " 1999\n", 1.0),
        ({"pattern": "a|ab", "full": True}, "ab", 1.0),
        ({"pattern": "ohio"}, "Ohio", 0.0),
        ({"pattern": "ohio", "ignore_case": True}, "Ohio", 1.0),
    ],
)
def test_patterns(make_case: MakeCase, options: dict[str, Any], answer: str, value: float) -> None:
    """Found somewhere, or the whole answer."""
    assert PatternMatch(**options).score(make_case(), Output("k", text=answer)).value == value


def test_a_pattern_reads_a_chosen_answer(make_case: MakeCase) -> None:
    """As ``expect`` does."""
    case = make_case(choices=("yes", "no"))

    assert PatternMatch(pattern="^n").score(case, Output("k", logprobs=(-2.0, -1.0))).value == 1.0
    assert PatternMatch(pattern="n").score(case, Output("k", error="died")).reason == "died"


def test_a_pattern_that_never_ends_is_unscored(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off, which is no failure of the answer."""
    monkeypatch.setattr("harness.scorers.match.PATTERN_SECONDS", 0.2)
    scorer = PatternMatch(pattern="(?:a|aa)+$")

    judged = scorer.score(make_case(), Output("k", text="a" * 80 + "b"))

    assert (judged.value, judged.reason) == (None, "the pattern took more than 0.2 s")


def test_a_broken_pattern_is_refused() -> None:
    """When the suite is loaded, not when it runs."""
    with pytest.raises(ValidationError, match="not a regular expression"):
        PatternMatch(pattern="(")
