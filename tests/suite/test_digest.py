"""Rows that are recognised by a part of their fields."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.digest import TELLING, input_digest, part_digests

LONG = "x" * TELLING
VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.just(LONG),
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_parts_are_the_input_digests_of_one_and_two_fields(fields):
    """Whatever the order and the letters of the names, as a prompt of those fields had them."""
    telling = {n for n, v in fields.items() if isinstance(v, str) and len(v) >= TELLING}
    parts = [set(names) for size in (1, 2) for names in combinations(fields, size)]
    expected = [
        input_digest({name: fields[name] for name in part}) for part in parts if part & telling
    ]
    assert sorted(part_digests(fields)) == sorted(expected)


@pytest.mark.parametrize(
    ("value", "telling"),
    [
        (LONG, True),
        (LONG[1:], False),
        ([{"role": "user", "content": LONG}], True),
        ([{"role": "user", "content": "hello"}], False),
        (10**TELLING, False),
    ],
)
def test_only_a_long_text_tells_which_row_it_is_of(value, telling):
    assert list(part_digests({"a": value})) == ([input_digest({"a": value})] if telling else [])
