"""Misspelt words: letters of a few words change, and nothing else."""

from collections import Counter

import pytest
from hypothesis import given, settings

from harness.mutators.slips import Keyboard, Ocr, Typos
from harness.suite.mutating import Draw, Seed

from .conftest import TEXTS

TEXT = "Acme shall indemnify Birch before March 3, 2024, up to $40,000 (clause A12b)."


def _made(mutator, text=TEXT, seed="x"):
    return [one.text for one in mutator.mutate(Seed(text, "t"), Draw(seed))]


@pytest.mark.parametrize("mutator", [Typos(rate=1), Keyboard(rate=1), Ocr(rate=1)])
@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_numbers_codes_and_blanks_stay(mutator, text):
    """Of words with a digit or an odd letter nothing changes."""
    for made in _made(mutator, text):
        assert len(made.split()) == len(text.split())
        for old, new in zip(text.split(), made.split(), strict=True):
            if not any("a" <= letter.lower() <= "z" for letter in old) or any(
                letter.isdigit() for letter in old
            ):
                assert old == new


@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_a_swap_keeps_every_letter(text):
    for made in _made(Typos(rate=0.5), text):
        assert Counter(made) == Counter(text)
        assert len(made) == len(text)


@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_a_key_beside_keeps_length_and_case(text):
    for made in _made(Keyboard(rate=1), text):
        assert len(made) == len(text)
        assert [c.isupper() for c in made] == [c.isupper() for c in text]


def test_a_swap_is_within_the_word():
    assert Typos().slips("shall") == ["sahll", "shlal"]


def test_what_a_scanner_takes_for_another_letter():
    assert Ocr().slips("modern") == ["modem", "rnodern", "moclern"]
    assert Ocr().slips("Will") == ["Wi1l", "Wil1"]


def test_as_many_words_as_the_rate_says():
    text = "alpha bravo charlie delta foxtrot hotel india juliet kilos limas"
    for rate, n in ((0.1, 1), (0.5, 5), (1, 10)):
        (made,) = _made(Typos(rate=rate), text)
        changed = zip(text.split(), made.split(), strict=True)
        assert sum(old != new for old, new in changed) == n


def test_the_same_on_every_machine():
    assert _made(Typos(rate=0.5)) == [
        "Amce sahll indemnify Bicrh befroe March 3, 2024, up to $40,000 (clause A12b)."
    ]
