"""What a judge wrote, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.judging import read_choice, read_grade, share

SCALE = (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("4", 4), (" 4\n", 4), ("Grade: 3.", 3), ("**5**", 5), ("4/5", 4), ("a 2, sadly", 2),
        ("", None), ("four", None), ("7", None), ("4.5", None), ("1,5", None), ("v2", None),
        ("-1", None), ("10", None), ("between 0 and 5", None),
    ],
)  # fmt: skip
def test_the_first_whole_number_is_the_grade(text, grade):
    """A number that is no grade is none; nothing is rounded or guessed."""
    assert read_grade(text, SCALE) == grade


@pytest.mark.parametrize(
    ("text", "choice"),
    [("A", "A"), (" B.", "B"), ("tie", "tie"), ("Answer B is better", "B"), ("", None),
     ("A or B", None), ("a", None), ("ABBA", None), ("**A**", "A")],
)  # fmt: skip
def test_one_choice_is_a_choice_and_two_are_none(text, choice):
    assert read_choice(text) == choice


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_is_too_odd_to_be_read(text):
    assert read_grade(text, SCALE) in (None, *SCALE)
    assert read_choice(text) in (None, "A", "B", "tie")


def test_a_grade_as_a_score_has_the_scales_ends_at_0_and_1():
    assert [share(grade, SCALE) for grade in SCALE] == [0, 0.25, 0.5, 0.75, 1]
    assert share(0, (-1, 1)) == 0.5
