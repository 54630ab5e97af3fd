"""The same words in another dress: what is left when the dress is taken off."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.surface import Casing, Contractions, Fillers, Punctuation, Whitespace

from .conftest import TEXTS
from .making import TEXT, texts

SEEDS = st.text(max_size=4)


@given(TEXTS, st.sampled_from(["upper", "lower", "title"]))
def test_only_the_case_changes_and_every_letter_stays_in_its_place(text, how):
    for each in texts(Casing(how=how), text):
        assert len(each) == len(text)
        for old, new in zip(text, each, strict=True):
            assert {old.upper(), old.lower()} & {new.upper(), new.lower(), new}


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("upper", "DON'T LEAVE THE STRAßE, O’NEILL."),
        ("lower", "don't leave the straße, o’neill."),
        ("title", "Don't Leave The Straße, O’neill."),
    ],
)
def test_case_by_hand(how, wanted):
    assert texts(Casing(how=how), "Don't leave the Straße, O’Neill.") == [wanted]


@given(TEXTS, SEEDS)
def test_no_word_is_glued_to_another_and_none_is_lost(text, seed):
    for each in texts(Whitespace(rate=1), text, seed=seed):
        assert each.split() == text.split()


@given(TEXTS, SEEDS)
def test_without_marks_the_text_is_the_same(text, seed):
    for each in texts(Punctuation(rate=1), text, seed=seed):
        assert regex.sub(r"[.,;:!?]", "", each) == regex.sub(r"[.,;:!?]", "", text)


def test_numbers_addresses_and_codes_keep_their_marks():
    text = "Pay $40,000.50 at 3:30 to a.b@acme.com, see 4.2, please"
    for seed in "abcdefgh":
        (each,) = texts(Punctuation(rate=1), text, seed=seed)
        assert each in (text.replace("com,", "com"), text.replace("com,", "com,,"))


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("He does not go.", "He doesn't go."),
        ("It cannot be.", "It can't be."),
        ("It will not be.", "It won't be."),
        ("We are not and were not here.", "We aren't and weren't here."),
        ("WILL not", "Won't"),
    ],
)
def test_contractions_by_hand(full, short):
    assert texts(Contractions(), full) == [short]
    if full[0:4] != "WILL":
        assert texts(Contractions(), short) == [full]


@given(TEXTS)
def test_to_contract_is_undone_by_writing_out(text):
    for each in texts(Contractions(), text):
        assert _plain(each) == _plain(text)


def _plain(text):
    """Without any of the forms."""
    short = regex.sub(r"(?i)\bwon['’]t\b", "willnot", text)
    short = regex.sub(r"(?i)\bcan['’]t\b", "cannot", short)
    short = regex.sub(r"(?i)(?<=\w)n['’]t\b", "not", short)
    return regex.sub(r"(?i)\s?not\b", "not", short).lower()


@given(TEXTS, SEEDS)
def test_without_fillers_the_text_is_the_same(text, seed):
    fillers = r", (?:um|you know|basically|well|I mean|like|actually|so to speak), "
    for each in texts(Fillers(rate=1), text, seed=seed):
        assert regex.sub(fillers, " ", each) == regex.sub(fillers, " ", text)


def test_names_and_numbers_are_not_torn_apart():
    for seed in "abcdef":
        (each,) = texts(Fillers(rate=1), TEXT, seed=seed)
        for whole in ("Acme", "pay Birch $40,000 within 30 days", "of March 3, 2024. Mary"):
            assert whole in each
