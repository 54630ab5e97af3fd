"""Texts that look the same: what a reader sees stays, what a tokenizer sees does not."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.confusing import BIDI, INVISIBLE, LOOKALIKES, Bidi, Confusables, ZeroWidth

from .conftest import TEXTS
from .making import TEXT, texts

SEEDS = st.text(max_size=4)
BACK = {other: letter for letter, other in LOOKALIKES.items()}
MARKS = {mark for pair in BIDI for mark in pair}


def test_lookalikes_are_letters_of_another_script_and_of_the_same_case():
    for letter, other in LOOKALIKES.items():
        assert unicodedata.name(letter).startswith("LATIN")
        assert unicodedata.name(other).startswith(("CYRILLIC", "GREEK"))
        assert letter.isupper() == other.isupper()
    assert len(BACK) == len(LOOKALIKES)


@given(TEXTS, SEEDS)
def test_lookalikes_can_be_taken_back(text, seed):
    for each in texts(Confusables(rate=0.5), text, seed=seed):
        assert len(each) == len(text)
        assert "".join(BACK.get(c, c) for c in each) == "".join(BACK.get(c, c) for c in text)


def test_as_many_letters_as_the_rate_says():
    (some,) = texts(Confusables(rate=0.5), "aceo" * 10)
    (every,) = texts(Confusables(rate=1), "aceo" * 10)
    assert sum(c in BACK for c in some) == 20
    assert sum(c in BACK for c in every) == 40


@given(TEXTS, SEEDS)
def test_what_has_no_width_can_be_taken_out(text, seed):
    for each in texts(ZeroWidth(rate=0.5), text, seed=seed):
        assert _without(each, set(INVISIBLE)) == _without(text, set(INVISIBLE))


def test_what_has_no_width_has_none():
    assert {unicodedata.category(mark) for mark in INVISIBLE} == {"Cf"}
    for mark in INVISIBLE:
        assert unicodedata.bidirectional(mark) == "BN"


@given(TEXTS, SEEDS)
def test_each_turn_of_direction_is_ended_and_can_be_taken_out(text, seed):
    for each in texts(Bidi(rate=0.5), text, seed=seed):
        assert _without(each, MARKS) == _without(text, MARKS)


def test_a_turn_holds_one_word():
    (each,) = texts(Bidi(rate=1), TEXT)
    for piece in each.split():
        marks = [mark for mark in piece if mark in MARKS]
        assert not marks or tuple(marks) in BIDI


def _without(text, marks):
    return "".join(c for c in text if c not in marks)
