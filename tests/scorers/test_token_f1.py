"""Words in common, as SQuAD counts them."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.token_f1 import SquadExactMatch, TokenF1
from harness.types import Case, Output

MakeCase = Callable[..., Case]


def squad(answer: str, target: str) -> float:
    """Written from the definition of SQuAD 2.0's script, without a multiset: the oracle."""

    def normal(text: str) -> list[str]:
        bare = "".join(char for char in text.lower() if char not in string.punctuation)
        return re.sub(r"\b(a|an|the)\b", " ", bare).split()

    said, wanted = normal(answer), normal(target)
    if not said or not wanted:
        return 1.0 if said == wanted else 0.0
    left, common = list(wanted), 0
    for word in said:
        if word in left:
            left.remove(word)
            common += 1
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def value(make_case: MakeCase, answer: str, target: str) -> float | None:
    """The score of one answer."""
    return TokenF1().score(make_case(target), Output("k", text=answer)).value


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("the State of Ohio", "Ohio", 0.5),
        ("The Ohio!", "ohio", 1.0),
        ("Texas", "Ohio", 0.0),
        ("a b b", "b b c", 0.8),
        ("", "", 1.0),
        ("the", "", 1.0),
        ("", "Ohio", 0.0),
        ("Ohio", "", 0.0),
    ],
)
def test_values(make_case: MakeCase, answer: str, target: str, expected: float) -> None:
    """Worked by hand: articles and punctuation do not count, repeated words do."""
    assert value(make_case, answer, target) == pytest.approx(expected, abs=1e-12)


WORDS = st.lists(
    st.sampled_from(["the", "Ohio", "ohio", "an", "law,", "-", "é", "漢字", "a.", "x" * 500, "İ"]),
    max_size=8,
).map(" ".join)


@given(WORDS | st.text(max_size=40), WORDS | st.text(max_size=40))
def test_it_is_squad_s(make_case: MakeCase, answer: str, target: str) -> None:
    """To 1e-12, over Unicode, empty, one-word and very long texts; and symmetric."""
    found = value(make_case, answer, target)

    assert found == pytest.approx(squad(answer, target), abs=1e-12)
    assert found == pytest.approx(value(make_case, target, answer), abs=1e-12)


@given(WORDS)
def test_a_text_agrees_with_itself(make_case: MakeCase, text: str) -> None:
    """The empty one too."""
    assert value(make_case, text, text) == 1.0


def test_what_is_missing_is_unscored(make_case: MakeCase) -> None:
    """A failed output shares no words, but that is not a score."""
    assert TokenF1().score(make_case("x"), Output("k", error="died")).value is None


@given(WORDS | st.text(max_size=40), WORDS | st.text(max_size=40))
def test_squad_s_exact_match(make_case: MakeCase, answer: str, target: str) -> None:
    """The script compares the normalised texts, joined by single blanks."""

    def normal(text: str) -> str:
        bare = "".join(char for char in text.lower() if char not in string.punctuation)
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())

    judged = SquadExactMatch().score(make_case(target), Output("k", text=answer))

    assert judged.value == float(normal(answer) == normal(target))


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("The  Ohio!", "ohio", 1.0),
        ("Ohio State", "Ohio", 0.0),
        ("a", "the", 1.0),
        ("", "Ohio", 0.0),
    ],
)
def test_squad_s_exact_match_by_hand(
    make_case: MakeCase, answer: str, target: str, expected: float
) -> None:
    """Case, punctuation and articles do not count."""
    judged = SquadExactMatch().score(make_case(target), Output("k", text=answer))

    assert judged.value == expected


@given(st.lists(WORDS, min_size=1, max_size=4), WORDS)
def test_of_several_answers_the_nearest_counts(
    make_case: MakeCase, targets: list[str], answer: str
) -> None:
    """SQuAD's maximum over the ground truths."""
    case, output = make_case(targets[0], others=targets[1:]), Output("k", text=answer)

    best = TokenF1(also="others").score(case, output).value
    exact = SquadExactMatch(also="others").score(case, output).value

    assert best == pytest.approx(max(squad(answer, target) for target in targets), abs=1e-12)
    assert exact == max(
        SquadExactMatch().score(make_case(target), output).value or 0.0 for target in targets
    )
