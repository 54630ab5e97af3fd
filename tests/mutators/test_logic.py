"""Negations, orders of sentences, and what cannot be answered any more."""

from collections import Counter

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.logic import (
    AmbiguousReference,
    ClauseOrder,
    MissingText,
    Negation,
    negations,
)
from harness.mutators.sentences import join, split

from .conftest import TEXTS
from .making import TEXT, made, texts

SEEDS = st.text(max_size=4)


@pytest.mark.parametrize(
    ("text", "toggled"),
    [
        ("He shall pay.", "He shall not pay."),
        ("He shall not pay.", "He shall pay."),
        ("It can't be.", "It can be."),
        ("It won't do.", "It will do."),
        ("Cannot be.", "Can be."),
        ("He has signed.", "He has not signed."),
        ("He isn't here.", "He is here."),
    ],
)
def test_a_negation_is_put_in_or_taken_out(text, toggled):
    assert texts(Negation(), text) == [toggled]


@given(TEXTS, SEEDS)
def test_only_a_negation_changes(text, seed):
    for each in texts(Negation(), text, seed=seed):
        assert _without_negations(each) == _without_negations(text)


def _without_negations(text):
    whole = regex.sub(
        r"(?i)\bwo(?=n['’]t\b)", "will", regex.sub(r"(?i)\bca(?=n['’]t)", "can", text)
    )
    return regex.sub(r"(?i)n['’]t\b|(?<=\bcan)not\b|\s*\bnot\b", "", whole).casefold()


@given(TEXTS)
def test_every_place_of_a_negation_is_one_verb(text):
    for start, end, new in negations(text):
        assert text[start:end].strip() == "" or new.lower() in text[start:end].lower().replace(
            "won", "will"
        )


def test_what_is_right_then_is_what_the_suite_says():
    flip = Negation(targets={"yes": "no", "no": "yes"})
    assert made(flip, "He shall pay.", "yes")[0].target == "no"
    assert made(flip, "He shall pay.", "maybe") == ()
    assert made(Negation(), "He shall pay.", "yes")[0].target is None


def test_only_the_sentence_with_the_word_is_negated():
    text = "He may go. She must pay the fee. It is late."
    for seed in "abcdef":
        assert texts(Negation(within="FEE"), text, seed=seed) == [
            "He may go. She must not pay the fee. It is late."
        ]
    assert made(Negation(within="rent"), text) == ()


@given(TEXTS)
def test_sentences_joined_are_the_text(text):
    assert join(split(text)) == text


@pytest.mark.parametrize(
    "text", ["Mr. Smith paid.", "See No. 4, e.g. here.", "J. R. Ewing left.", "It costs 3.5 units."]
)
def test_abbreviations_end_no_sentence(text):
    assert len(split(text)) == 1


@given(TEXTS, SEEDS)
def test_another_order_has_the_same_words(text, seed):
    for each in texts(ClauseOrder(), text, seed=seed):
        assert Counter(each.split()) == Counter(text.split())


def test_a_sentence_that_leans_on_another_stays_behind_it():
    text = "Acme pays. It pays soon. Birch waits. However, he complains. Mary left."
    for seed in "abcdefgh":
        (each,) = texts(ClauseOrder(), text, seed=seed)
        assert "Acme pays. It pays soon." in each
        assert "Birch waits. However, he complains." in each


def test_of_a_missing_text_nothing_is_left():
    assert texts(MissingText(), TEXT) == ["[The document is empty.]"]
    assert made(MissingText(), TEXT)[0].target is None
    assert made(MissingText(), " \n ") == ()


def test_nobody_can_tell_who_is_meant():
    for seed in "abcdefgh":
        (each,) = texts(AmbiguousReference(), TEXT, seed=seed)
        assert "Ohio" not in each
        assert each.lower().count("the party") == 2
    assert made(AmbiguousReference(), "Acme pays.") == ()


def test_a_sentence_still_begins_with_a_capital():
    each = texts(AmbiguousReference(instead="one of them"), "Acme pays Birch. Birch waits.", None)
    assert each == ["One of them pays one of them. One of them waits."]
