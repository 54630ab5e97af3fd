"""Filters: one expression of the templates' language, true or false of a row."""

from __future__ import annotations

from typing import Any

import pytest

from harness.suite.filter import compile_filter
from harness.suite.template import UnusableTemplateError

ROW: dict[str, Any] = {
    "lang": "en", "words": 4, "score": "0.5", "kept": False, "gone": None, "tags": ["a", "b"]
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "keeps"),
    [
        ("lang == 'en' and words > 3", True),
        ("lang == 'en' and words > 4", False),
        ("lang in ['de', 'fr'] or not kept", True),
        ("score|float >= 0.5", True),
        ("'b' in tags", True),
        ("tags|length == 3", False),
        ("gone is none", True),
        ("missing is defined", False),
        ("kept", False),
    ],
)
def test_an_expression_keeps_a_row_or_does_not(expression: str, keeps: bool) -> None:
    """With the comparisons, filters and tests that prompts have."""
    assert compile_filter(expression).keeps(ROW) is keeps


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("missing == 1", "'missing' is undefined"),
        ("words > lang", "not supported between instances of 'int' and 'str'"),
        ("words", "gives '4', neither true nor false"),
        ("lang == 'en' and words", "gives '4', neither true nor false"),
        ("lang == 'en', kept", "prints a tuple"),
        ("gone", "prints a field that is null"),
        ("kept if kept", "neither true nor false"),
    ],
)
def test_what_is_neither_true_nor_false_is_told(expression: str, reason: str) -> None:
    """Rather than guessed: a comma would keep every row, and a null none."""
    with pytest.raises(UnusableTemplateError, match=reason):
        compile_filter(expression).keeps(ROW)


@pytest.mark.parametrize(
    "expression",
    [
        "", " ", "words =", "words = 3", "words > 3 }}{{ kept", "words > 3 %}", "x.__class__.y()",
        "range(9)", "'a' * 9", "{% if kept %}", "set x = 1", "kept -}} text",
        "('a'|replace('', tags))",
    ],
)  # fmt: skip
def test_only_an_expression_is_one(expression: str) -> None:
    """No statement, no call, and no way out of it into the template around it."""
    with pytest.raises(UnusableTemplateError):
        compile_filter(expression)
