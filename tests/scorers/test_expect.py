"""The words of ``expect:``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.expect import Expect, unmet
from harness.suite.model import Expectation
from harness.types import Case, Kind, Output

MakeCase = Callable[..., Case]


def expectation(**words: Any) -> Expectation:
    """One expectation, its words written with underscores."""
    plain = {"max_words", "min_words"}
    return Expectation.model_validate(
        {key if key in plain else key.replace("_", "-"): value for key, value in words.items()}
    )


WORDS: list[tuple[dict[str, Any], str, str]] = [
    ({"contains": "Ohio"}, "in Ohio law", "ohio"),
    ({"not_contains": "Ohio"}, "ohio", "Ohio"),
    ({"icontains": "STRASSE"}, "straße", "strase"),
    ({"not_icontains": "ohio"}, "Texas", "OHIO"),
    ({"equals": "New York"}, " New  York\n", "new york"),
    ({"equals": ""}, " ", "x"),
    ({"not_equals": "yes"}, "Yes", "yes "),
    ({"starts_with": "No"}, "\n No.", "Oh No"),
    ({"not_starts_with": "No"}, "Oh No", " No."),
    ({"ends_with": "law."}, "Ohio law.\n", "Ohio law"),
    ({"not_ends_with": "?"}, "Yes.", "Yes? "),
    ({"is_json": True}, ' {"a": [1]}\n', "{'a': 1}"),
    ({"is_json": False}, "state: Ohio", "[]"),
    ({"matches": r"^\d+$"}, " 12\n", "a12"),
    ({"matches": {"pattern": "ohio", "ignore_case": True}}, "OHIO", "Oio"),
    ({"not_matches": "[A-Z]"}, "abc", "aBc"),
    ({"refuses": True}, "I can't help with that.", "Of course."),
    ({"refuses": False}, "Of course.", "I can't help with that."),
    ({"asks_back": True}, "Which party do you mean?", "The buyer."),
    ({"asks_back": False}, "The buyer.", "Which party do you mean?"),
    ({"flags_conflict": True}, "Sections 4 and 9 conflict.", "Ohio"),
    ({"flags_conflict": False}, "Ohio", "Sections 4 and 9 conflict."),
    ({"max_words": 2}, "one two", "one two three"),
    ({"max_words": 0}, " ", "one"),
    ({"min_words": 2}, "one two", "one"),
    ({"any": [{"contains": "a"}, {"contains": "b"}]}, "b", "c"),
    ({"all": [{"contains": "a"}, {"contains": "b"}]}, "ab", "a"),
    ({"any": [{"all": [{"contains": "a"}, {"contains": "b"}]}, {"equals": "c"}]}, "ab", "b"),
    ({"contains": "a", "max_words": 1}, "a", "a b"),
]


@pytest.mark.parametrize(("words", "met", "failed"), WORDS, ids=[str(w) for w, _, _ in WORDS])
def test_every_word(words: dict[str, Any], met: str, failed: str) -> None:
    """One text that meets it, one that does not."""
    assert list(unmet(expectation(**words), met)) == []
    assert list(unmet(expectation(**words), failed)) != []


def test_every_word_of_the_language_is_tested() -> None:
    """A new word comes with a row above."""
    tested = {name for words, _, _ in WORDS for name in words}

    assert tested == set(Expectation.model_fields) - {"weight"}


def test_reasons_name_what_was_expected(make_case: MakeCase) -> None:
    """In the words of the suite, all of them."""
    expect = Expect(
        (
            expectation(contains="conflict", max_words=1),
            expectation(any=[{"starts-with": "No"}, {"matches": "^n/a$"}]),
        )
    )

    judged = expect.score(make_case(), Output("k", text="Delaware law"))

    assert judged.value == 0.0
    assert judged.reason == (
        "contains conflict; max_words 1; none of: starts-with No / matches ^n/a$"
    )


@pytest.mark.parametrize(
    ("threshold", "text", "value", "reason"),
    [
        (None, "a b", 0.0, "contains c"),
        (0.75, "a b", 1.0, ""),
        (0.8, "a b", 0.0, "75% held; contains c"),
        (0.75, "b c", 0.0, "50% held; contains a"),
        (1.0, "a b c", 1.0, ""),
    ],
)
def test_weights_and_a_threshold(
    make_case: MakeCase, threshold: float | None, text: str, value: float, reason: str
) -> None:
    """Of weights 2, 1 and 1 those that hold, as promptfoo counts."""
    words = [{"contains": "a", "weight": 2 if threshold else None}, {"contains": "b"}]
    expected = tuple(expectation(**each) for each in (*words, {"contains": "c"}))
    judged = Expect(expected, threshold).score(make_case(), Output("k", text=text))
    assert (judged.value, judged.reason) == (value, reason)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1), st.integers(1, 100))
def test_a_threshold_is_of_the_weights(held: list[tuple[bool, int]], percent: int) -> None:
    """Against whole numbers."""
    expected = tuple(
        expectation(**{"contains": "a" if holds else "b", "weight": float(weight)})
        for holds, weight in held
    )
    case = Case("c", "s", "t", "1", Kind.CASE, "p", (), None, None, "1", {}, {}, "i")
    judged = Expect(expected, percent / 100).score(case, Output("k", text="a"))
    kept, total = sum(w for holds, w in held if holds), sum(w for _, w in held)
    assert (judged.value == 1.0) == (100 * kept >= percent * total)


def test_a_chosen_answer_is_the_choice(make_case: MakeCase) -> None:
    """Expectations hold for tasks by choices as well."""
    case = make_case(choices=("yes", "no"))
    expect = Expect((expectation(equals="no"),))

    assert expect.score(case, Output("k", logprobs=(-2.0, -1.0))).value == 1.0
    assert expect.score(case, Output("k", logprobs=(-1.0, -2.0))).value == 0.0
    assert expect.score(case, Output("k", logprobs=(float("nan"), -2.0))).value is None


def test_without_an_answer_it_is_unscored(make_case: MakeCase) -> None:
    """Even where nothing is what was expected."""
    judged = Expect((expectation(not_contains="x"),)).score(make_case(), Output("k", error="died"))

    assert (judged.value, judged.reason) == (None, "died")


def test_a_pattern_that_never_ends_is_an_error_and_not_a_failure(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catastrophic backtracking is cut off."""
    monkeypatch.setattr("harness.scorers.expect.PATTERN_SECONDS", 0.2)
    expect = Expect((expectation(matches="(?:a|aa)+$"),))
    start = time.perf_counter()

    judged = expect.score(make_case(), Output("k", text="a" * 80 + "b"))

    assert (judged.value, judged.reason) == (None, "a pattern took more than 0.2 s")
    assert time.perf_counter() - start < 5


TEXT = st.text(max_size=12)


@given(TEXT, TEXT.filter(bool))
def test_a_word_and_its_negation_never_agree(text: str, part: str) -> None:
    """Exactly one of each pair holds."""
    for word in ("contains", "icontains", "equals"):
        both = [expectation(**{word: part}), expectation(**{f"not_{word}": part})]
        assert [bool(list(unmet(each, text))) for each in both].count(True) == 1


@given(TEXT, st.lists(TEXT.filter(bool), min_size=1, max_size=3))
def test_any_and_all_are_pythons(text: str, parts: list[str]) -> None:
    """Over the same alternatives."""
    each = [{"contains": part} for part in parts]

    assert (not list(unmet(expectation(any=each), text))) == any(part in text for part in parts)
    assert (not list(unmet(expectation(all=each), text))) == all(part in text for part in parts)
