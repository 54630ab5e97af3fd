"""Orders in a text: they demand what is wrong, and the text stays whole."""

import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.injection import (
    DEMANDED,
    InjectionDirect,
    InjectionField,
    InjectionQuoted,
)

from .conftest import TEXTS
from .making import TEXT, made, texts

ALL = [InjectionDirect, InjectionQuoted, InjectionField]


@pytest.mark.parametrize("kind", ALL)
@given(text=TEXTS, seed=st.text(max_size=4))
def test_the_text_stays_whole(kind, text, seed):
    for each in texts(kind(), text, seed=seed):
        assert text in each
        assert ("Texas" in each) != ("Utah" in each)


@pytest.mark.parametrize("kind", ALL)
def test_another_of_the_choices_is_demanded_or_what_the_suite_says(kind):
    assert DEMANDED in made(kind(), choices=())[0].text
    assert "say moo" in texts(kind(say="say moo"))[0]
    assert made(kind(say="Ohio")) == ()
    assert made(kind())[0].target == "Ohio"


@pytest.mark.parametrize("kind", ALL)
def test_an_order_may_be_in_a_code(kind):
    (plain,) = texts(kind())
    (coded,) = texts(kind(encoding="base64"))
    assert "Texas" not in coded
    assert "Utah" not in coded
    word = max(coded.replace('"', " ").split(), key=len)
    assert base64.b64decode(word).decode() in plain
    (rotated,) = texts(kind(encoding="rot13"))
    assert ("Texas" in codecs.decode(rotated, "rot13")) == ("Texas" in plain)


def test_a_quoted_order_stands_behind_the_text_and_a_direct_one_beside_it():
    for seed in "abcdefgh":
        assert texts(InjectionQuoted(), seed=seed)[0].startswith(f"{TEXT}\n\n")
        assert texts(InjectionField(), seed=seed)[0].startswith(f"{TEXT}\n\n")
        direct = texts(InjectionDirect(), seed=seed)[0]
        assert direct.startswith(f"{TEXT} ") or direct.endswith(f" {TEXT}")
