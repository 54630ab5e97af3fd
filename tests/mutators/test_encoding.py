"""Codes: decoded they are the text again."""

import base64
import codecs

from hypothesis import given

from harness.mutators.encoding import Base64, Leet, Rot13

from .conftest import TEXTS
from .making import texts


@given(TEXTS)
def test_base64_is_decoded_by_the_standard_library(text):
    for each in texts(Base64(announce=False), text):
        assert base64.b64decode(each).decode("utf-8", "surrogatepass") == text


@given(TEXTS)
def test_rot13_twice_is_the_text(text):
    for each in texts(Rot13(announce=False), text):
        assert codecs.decode(each, "rot13") == text


@given(TEXTS)
def test_leet_keeps_length_and_what_is_no_letter(text):
    for each in texts(Leet(), text):
        assert len(each) == len(text)
        for old, new in zip(text, each, strict=True):
            assert old == new or (old.isalpha() and new in "431057" + "8")


def test_a_code_is_named_in_front_where_it_is_announced():
    assert texts(Base64(), "Hi") == ["The following is base64: SGk="]
    assert texts(Rot13(), "Hi") == ["The following is ROT13: Uv"]
    assert texts(Leet(), "Elite Toast") == ["3l173 70457"]
    assert texts(Leet(announce=True), "Toast") == ["The following is leet: 70457"]
