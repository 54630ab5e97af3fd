"""Contradictions that are flagged, denied, or only terms of art."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.conflict import ConflictFlagged
from harness.types import Case, Output

MakeCase = Callable[..., Case]
FLAGGED = [
    "conflict", "Conflict: Delaware and Ohio", "The two clauses conflict.",
    "These provisions are in conflict.", "The clause contradicts itself.", "This is contradictory.",
    "There is a contradiction.", "There are contradictions in the text.",
    "The statements contradict each other.", "The source is self-contradictory.",
    "The governing law is inconsistent.", "An inconsistency: two states.",
    "There are inconsistencies.", "There is a discrepancy between both dates.",
    "The clause is ambiguous.", "There is some ambiguity.", "It is unclear which law governs.",
    "It is not clear whether Ohio or Texas.", "It is uncertain which date holds.",
    "Two different governing laws are stated.", "Two states are named.",
    "Different dates are given.", "Multiple amounts are mentioned.",
    "Three jurisdictions are listed.", "The sentences do not agree with each other.",
    "The first sentence does not match the second.", "Both Delaware and Ohio are named.",
    "Both $40 and $50 are given.", "It says both Ohio and Texas.", "It names two different states.",
    "The clauses are incompatible.", "They are irreconcilable.", "The sentences disagree.",
    "The two dates are at odds.", "The laws are not only inconsistent but void.",
    "The dates are not consistent.", "conflicting laws", "CONFLICTED", "Conflicting: no answer",
    "The clause doesn't say; its sentences contradict one another.",
]  # fmt: skip
NONE = [
    "", "Ohio", "none", "There is no conflict.", "no contradiction", "The clauses do not conflict.",
    "There isn't any inconsistency.", "It doesn't contradict the first sentence.",
    "Nothing here is ambiguous.", "Without any contradiction, Ohio.", "It is never inconsistent.",
    "Neither clause contradicts the other.", "The clause is free of ambiguity.",
    "It is not ambiguous.", "There are no discrepancies.", "They don't disagree.",
    "without regard to conflict of laws principles", "its conflicts of law rules",
    "a conflict of interest must be disclosed", "This clause shall not conflict with Section 2.",
    "Nothing may contradict the lease.", "In the event of a conflict, Section 2 prevails.",
    "In the event of any inconsistency the order form prevails.",
    "If there is a conflict, English prevails.", "Where there are inconsistencies, ask.",
    "The clause is clear.", "It is clear which law governs: Ohio.", "The dates agree.",
    "Both parties must pay.", "Two parties sign.", "Different fees apply.", "It matches.",
    "consistent", "It is Ohio, as both sentences say.", "The parties agree.",
]  # fmt: skip


@pytest.mark.parametrize("text", FLAGGED)
def test_flagged(make_case: MakeCase, text: str) -> None:
    """In one word or in a sentence."""
    judged = ConflictFlagged().score(make_case(), Output("k", text=text))
    assert judged.value == 1.0, text


@pytest.mark.parametrize("text", NONE)
def test_not_flagged(make_case: MakeCase, text: str) -> None:
    """Denied, conditional, or words of contracts."""
    assert ConflictFlagged().score(make_case(), Output("k", text=text)).value == 0.0, text


def test_it_should_be_flagged_where_the_row_says_so(make_case: MakeCase) -> None:
    """And nowhere else."""
    scorer = ConflictFlagged(expected="contradictory")
    for contradictory in (True, False):
        case = make_case(contradictory=contradictory)
        assert scorer.score(case, Output("k", text="conflict")).value == float(contradictory)
        assert scorer.score(case, Output("k", text="Ohio")).value == float(not contradictory)


@given(st.sampled_from(FLAGGED), st.sampled_from(["The fee is due.", "It rains.", "Ohio."]))
def test_more_text_takes_nothing_back(text: str, more: str) -> None:
    """Before or after it, in letters of any size."""
    found = ConflictFlagged().found
    assert found(f"{text}\n{more}") is not None
    assert found(f"{more}\n{text}".upper()) is not None
