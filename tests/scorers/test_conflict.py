"""What flags a contradiction of the source, and what only has the word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.conflict import ConflictFlagged
from harness.types import Case, Output

MakeCase = Callable[..., Case]

FLAGS = [
    "Sections 4 and 9 conflict.",
    "Section 4 conflicts with Section 9.",
    "The two clauses conflict on the notice period.",
    "The provisions appear to conflict.",
    "There is a conflict between clause 3 and clause 7.",
    "There is a clear conflict in the text.",
    "The clauses are in direct conflict.",
    "The contract contradicts itself.",
    "The contract is self-contradictory.",
    "Clause 3 contradicts clause 7.",
    "The dates are contradictory.",
    "The document contains a contradiction.",
    "There are contradictions about the term.",
    "The contract is inconsistent.",
    "The notice periods are inconsistent with each other.",
    "Section 2 is inconsistent with Section 5.",
    "There is an inconsistency in the dates.",
    "There is a discrepancy between the figures.",
    "The contract has conflicting statements.",
    "Conflicting governing laws: Ohio and Texas.",
    "It is ambiguous which law applies.",
    "It is unclear which date counts.",
    "It is not clear which law governs.",
    "It isn't clear from the text which law governs.",
    "The contract names two different governing laws.",
    "There are two different dates.",
    "The agreement gives two different notice periods.",
    "Both Ohio and Texas are stated.",
    "Both Ohio and Texas are named as governing law.",
    "The contract names both Ohio and Texas as the governing law.",
    "Section 4 does not agree with Section 9.",
    "The schedule doesn't match the definition.",
    "The dates do not agree.",
    "The amounts do not match.",
    "Section 4 is not consistent with Section 9.",
    "The two statements cannot both be true.",
    "Clause 3 is at odds with clause 7.",
    "Clause 3 is incompatible with clause 7.",
    "There is no doubt that the clauses conflict.",
    "The clauses are not only vague but inconsistent.",
    "The conflict of laws clause names Ohio, which conflicts with section 9.",
    "Section 2 and 3 do not conflict, but section 4 contradicts section 9.",
    "There is no contradiction in section 2. Section 4 contradicts section 9.",
    "Section 4 says “30 days” and section 9 “60 days”; these conflict.",
]

NO_FLAGS = [
    "",
    "Ohio",
    "There is no conflict.",
    "There is no contradiction in the contract.",
    "The sections do not conflict.",
    "The sections don’t contradict each other.",
    "Section 4 can be read without conflict with Section 9.",
    "The clauses are not inconsistent.",
    "No inconsistency was found.",
    "I found no discrepancy between the figures.",
    "Neither clause contradicts the other.",
    "The contract is free of contradictions.",
    "A conflict between them does not exist.",
    "Contradictions: none.",
    "The clauses seem to conflict. On closer reading there is no contradiction.",
    "The clauses seem to conflict. In fact the two are consistent.",
    "Ohio law, without regard to conflict of laws principles.",
    "Ohio law applies, excluding its conflicts of law rules.",
    "Ohio law governs, notwithstanding any conflict-of-laws provision.",
    "The director has a conflict of interest.",
    "Conflicts of interest must be disclosed.",
    "The supplier reports on conflict minerals.",
    "Conflict resolution is by arbitration.",
    "A conflict between the parties goes to arbitration.",
    "In the event of a conflict between the schedules, this agreement prevails.",
    "If the schedules conflict with clause 3, clause 3 prevails.",
    "Any inconsistency is resolved in favour of the schedule.",
    "To the extent of an inconsistency, section 2 prevails.",
    "Do the sections conflict?",
    "The tenant may not act in a manner inconsistent with the lease.",
    "The tenant does not agree with the landlord.",
    "The parties do not agree to arbitrate.",
    "Both the landlord and the tenant are named.",
    "Both parties sign the contract.",
    "The contract is ambiguous.",
    "The answer is unclear.",
    "It covers two different buildings.",
    "The clause says “this agreement contradicts itself”.",
    "Assignment would conflict with section 4.",
    "The law of Ohio, which is stated in section 4.",
    "The law is consistent with section 4.",
    "It is clear which law applies.",
]

NEUTRAL = ["The sky is blue.", "Section 3 is about rent.", "It was signed in May."]


@pytest.mark.parametrize(
    ("text", "value"), [(each, 1.0) for each in FLAGS] + [(each, 0.0) for each in NO_FLAGS]
)
def test_values(make_case: MakeCase, text: str, value: float) -> None:
    """A flag is a finding about the source, and is not taken back."""
    judged = ConflictFlagged().score(make_case(), Output("k", text=text))

    assert judged.value == value, judged


def test_the_phrase_is_the_reason(make_case: MakeCase) -> None:
    """That of the last claim."""
    judged = ConflictFlagged().score(make_case(), Output("k", text="A. Clause 3 contradicts 7."))

    assert (judged.value, judged.reason) == (1.0, "says 'contradicts'")


@pytest.mark.parametrize(
    ("expected", "row", "flags", "silent"),
    [
        (None, {}, 1.0, 0.0),
        (False, {}, 0.0, 1.0),
        ("conflicting", {"conflicting": True}, 1.0, 0.0),
        ("conflicting", {"conflicting": False}, 0.0, 1.0),
        ("conflicting", {"conflicting": None}, None, None),
        ("conflicting", {"conflicting": "yes"}, None, None),
    ],
)
def test_whether_it_should(
    make_case: MakeCase,
    expected: bool | str | None,
    row: dict[str, Any],
    flags: float | None,
    silent: float | None,
) -> None:
    """Sound sources should not be flagged; a row that does not tell is unscored."""
    scorer, case = ConflictFlagged(expected=expected), make_case(**row)

    assert scorer.score(case, Output("k", text="The contract contradicts itself.")).value == flags
    assert scorer.score(case, Output("k", text="Ohio")).value == silent


def test_no_text_is_no_flag(make_case: MakeCase) -> None:
    """A failure is unscored."""
    judged = ConflictFlagged(expected=False).score(make_case(), Output("k", error="died"))

    assert (judged.value, judged.reason) == (None, "died")


@given(
    st.sampled_from(FLAGS + NO_FLAGS[1:]),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.lists(st.sampled_from(NEUTRAL)),
)
def test_case_and_what_follows_never_matter(
    make_case: MakeCase, text: str, change: Callable[[str], str], neutral: list[str]
) -> None:
    """However an answer is written and goes on."""
    scorer, case = ConflictFlagged(), make_case()
    before = scorer.score(case, Output("k", text=text)).value
    longer = "\n".join([change(text), *neutral])

    assert scorer.score(case, Output("k", text=longer)).value == before
