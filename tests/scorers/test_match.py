"""The same text, white space aside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.match import ExactMatch
from harness.types import Case, Output

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("answer", "target", "value"),
    [
        ("Ohio", "Ohio", 1.0),
        (" New\n  York ", "New York", 1.0),
        ("ohio", "Ohio", 0.0),
        ("Ohio.", "Ohio", 0.0),
        ("é", "e\u0301", 0.0),
        ("", "", 1.0),
        (" ", "", 1.0),
        ("", "Ohio", 0.0),
    ],
)
def test_values(
    make_case: MakeCase, said: Callable[[str], Output], answer: str, target: str, value: float
) -> None:
    """Case, punctuation and Unicode form count; an empty answer may be the right one."""
    assert ExactMatch().score(make_case(target), said(answer)).value == value


def test_what_is_missing_is_unscored(make_case: MakeCase, said: Callable[[str], Output]) -> None:
    """No text and no target are no disagreement."""
    assert ExactMatch().score(make_case("x"), Output("k")).value is None
    assert ExactMatch().score(make_case(None), said("x")).value is None


@given(st.text(max_size=20), st.sampled_from([" ", "\n", "\t "]))
def test_white_space_never_matters(make_case: MakeCase, text: str, blank: str) -> None:
    """Around the answer and between its words."""
    spread = blank + blank.join(text.split()) + blank

    assert ExactMatch().score(make_case(text), Output("k", text=spread)).value == 1.0
