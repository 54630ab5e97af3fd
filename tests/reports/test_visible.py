"""Text made inert: nothing that steers a terminal, a browser or an eye survives unseen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reports.visible import pieces, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("a\nb\tc", "a↵b⇥c"),
        ("\x1b[31mred\x1b[0m", "⟨ESC⟩[31mred⟨ESC⟩[0m"),
        ("\u202eabc\u202c", "⟨U+202E⟩abc⟨U+202C⟩"),
        ("nul\0bell\a", "nul⟨NUL⟩bell⟨BEL⟩"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("no\u00a0break", "no⟨U+00A0⟩break"),
        ("\ud800", "⟨U+D800⟩"),
        ("\u3164", "⟨U+3164⟩"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        (" ends ", "·ends·"),
        ("two  spaces", "two··spaces"),
        ("naïve Việt 日本 العربية", "naïve Việt 日本 العربية"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(text, shown):
    assert visible(text) == shown


def test_towers_of_marks_are_cut_down():
    """Two marks on a letter are a language, two hundred are an attack on the lines above."""
    assert visible("e\u0323\u0302") == "e\u0323\u0302"
    assert visible("e" + "\u0301" * 200).count("\u0301") == 2


@given(st.text(alphabet=st.characters(codec=None)))
def test_result_is_one_printable_line(text):
    """For any text: no control, format or separator character, no lone surrogate is left."""
    shown = visible(text)
    shown.encode()
    for char in shown:
        assert char == " " or unicodedata.category(char)[0] not in "CZ", hex(ord(char))


@given(st.text(max_size=80), st.integers(4, 40))
def test_pieces_say_the_same_and_count_what_they_leave_out(text, limit):
    """Joined, the pieces are the visible text; longer text keeps its ends and says its loss."""
    found = pieces(text, limit)
    joined = "".join(piece.text for piece in found if piece.text != "\n")
    if len(text) <= limit:
        assert joined == visible(text)
    else:
        assert f" … {len(text) - limit:,} more characters … " in joined


def test_shortened_cuts_with_an_ellipsis():
    assert shortened("abcdef", 3) == "abc…"
    assert shortened("abc", 3) == "abc"
