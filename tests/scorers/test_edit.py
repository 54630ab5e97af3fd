"""How few characters would have to change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.edit import EditSimilarity
from harness.types import Case, Output

MakeCase = Callable[..., Case]


def levenshtein(one: str, other: str) -> int:
    """The table of Wagner and Fischer 1974, row by row: the oracle."""
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        above, row = row, [i]
        for j, against in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (char != against)))
    return row[-1]


def value(make_case: MakeCase, answer: str, target: str) -> float | None:
    """The score of one answer."""
    return EditSimilarity().score(make_case(target), Output("k", text=answer)).value


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("kitten", "sitting", 1 - 3 / 7),
        ("Saturday", "Sunday", 1 - 3 / 8),
        ("", "", 1.0),
        (" a  b\n", "a b", 1.0),
        ("", "abc", 0.0),
        ("ABC", "abc", 0.0),
        ("漢字", "漢", 0.5),
        ("x" * 5000, "x" * 4000, 0.8),
    ],
)
def test_values(make_case: MakeCase, answer: str, target: str, expected: float) -> None:
    """Distances that every textbook has, over the longer length."""
    assert value(make_case, answer, target) == pytest.approx(expected, abs=1e-12)


TEXT = st.text("ab cé漢", max_size=12) | st.text(max_size=12)


@given(TEXT, TEXT)
def test_it_is_levenshtein_s(make_case: MakeCase, answer: str, target: str) -> None:
    """Of the texts with single blanks; symmetric."""
    one, other = " ".join(answer.split()), " ".join(target.split())
    longer = max(len(one), len(other))
    expected = 1 - levenshtein(one, other) / longer if longer else 1.0

    assert value(make_case, answer, target) == pytest.approx(expected, abs=1e-9)
    assert value(make_case, target, answer) == pytest.approx(expected, abs=1e-9)


def test_options(make_case: MakeCase) -> None:
    """Case may not count, and the nearest of several targets does."""
    case, output = make_case("abc", others=["xyz"]), Output("k", text="XYz")

    assert EditSimilarity(ignore_case=True, also="others").score(case, output).value == 1.0
    assert EditSimilarity(also="others").score(case, output).value == pytest.approx(1 / 3)
    assert EditSimilarity(ignore_case=True).score(case, output).reason == "wrote 'XYz'"


def test_what_is_missing_is_unscored(make_case: MakeCase) -> None:
    """A failed output is far from nothing."""
    assert EditSimilarity().score(make_case("x"), Output("k", error="died")).value is None
    assert EditSimilarity().score(make_case(None), Output("k", text="x")).value is None
