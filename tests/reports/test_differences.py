"""Which words two texts do not share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.reports.differences import differences
from harness.reports.visible import pieces

TEXTS = st.text(st.sampled_from("ab \n.,é\u200b\t"), max_size=30)


def _text(stretches, own=None):
    return "".join(
        piece.text for one in stretches if own in (None, one.own) for piece in one.pieces
    )


def _marked(reference, candidate):
    return tuple(
        [_text([one]) for one in side if one.own] for side in differences(reference, candidate, 500)
    )


def test_changed_words_are_marked_on_their_side():
    assert _marked("due in ten days", "due in thirty days") == (["ten"], ["thirty"])
    assert _marked("the fee is due", "the fee is not due") == ([], ["not "])


def test_white_space_is_a_difference_that_can_be_seen():
    """A second space, a line break at the end, a tab for a space."""
    assert _marked("a  b", "a b") == (["··"], [" "])
    assert _marked("a", "a\n") == ([], ["↵\n"])
    assert _marked("a b", "a\tb") == ([" "], ["⇥"])


def test_texts_with_nothing_in_common_are_not_marked():
    """All of it would be."""
    assert _marked("governing law", "termination") == ([], [])
    assert _marked("", "termination") == ([], [])


@given(TEXTS, TEXTS)
def test_nothing_is_lost_and_what_is_shared_is_the_same(reference, candidate):
    """Both sides read as they are; without the marks they are equal, if there are any marks."""
    sides = differences(reference, candidate, 500)
    for text, side in zip((reference, candidate), sides, strict=True):
        assert _text(side) == "".join(piece.text for piece in pieces(text, 500))
    if any(one.own for side in sides for one in side):
        assert _text(sides[0], own=False) == _text(sides[1], own=False)


@given(TEXTS)
def test_a_text_has_no_difference_to_itself(text):
    assert _marked(text, text) == ([], [])
