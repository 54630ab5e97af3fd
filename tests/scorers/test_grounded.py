"""Facts of an answer that its source does not name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.facts import MONTHS, STATES, invented, read_source
from harness.scorers.grounded import Grounded
from harness.types import Case, Output

MakeCase = Callable[..., Case]
SOURCE = (
    "This Agreement, dated March 3, 2024, between Acme Corp. and Delta Holdings & Sons, is "
    "governed by the laws of the State of New York; fees of $1,500.00 (capped at 2 million) are "
    "due on 5/6/2025. See section 5.2.1. Borrower's duty to pay ends after thirty (30) days."
)


@pytest.mark.parametrize(
    "answer",
    [
        "", "  ", "New York", "new york", "NEW YORK", "March 3, 2024", "3 March 2024",
        "Mar. 3, 2024", "2024-03-03", "3/3/2024", "3rd of March 2024", "March 2024", "March 3",
        "2024", "May 6, 2025", "1500", "$1,500", "1,500.0", "2,000,000", "2 million", "30 days",
        "thirty days", "5.2.1", "Acme Corp", "ACME CORP.", "Acme's", "Delta Holdings",
        "Delta Holdings & Sons", "Borrower", "The Borrower", "Yes, Acme", "No",
        "Governing law is New York", "It is the State of New York", "conflict", "none of them",
    ],
)  # fmt: skip
def test_what_the_source_names_is_grounded(answer: str) -> None:
    """However a date, number or name is written; an answer without facts invents nothing."""
    assert invented(answer, read_source(SOURCE)) == []


@pytest.mark.parametrize(
    ("answer", "extra"),
    [
        ("Ohio", ["Ohio"]),
        ("ohio", ["ohio"]),
        ("New York and Ohio", ["Ohio"]),
        ("West Virginia", ["West Virginia"]),
        ("March 4, 2024", ["March 4, 2024"]),
        ("April 3", ["April 3"]),
        ("2024-03-04", ["2024-03-04"]),
        ("March 3, 2025", ["March 3, 2025"]),
        ("$1,501", ["1,501"]),
        ("15", ["15"]),
        ("3 million", ["3 million"]),
        ("5.2.2", ["5.2.2"]),
        ("Acme Holdings", ["Acme Holdings"]),
        ("Lender", ["Lender"]),
        ("the Lender and Acme", ["Lender"]),
        ("Yes. Borex must pay 40", ["40"]),
        ("Acme, Borex", ["Borex"]),
        ("Texas\nAcme\n7", ["7", "Texas"]),
        ("Ohio,7", ["7", "Ohio"]),
    ],
)
def test_what_it_does_not_name_is_invented(answer: str, extra: list[str]) -> None:
    """Each invention is named as the answer writes it; a mix of two names is a third."""
    assert invented(answer, read_source(SOURCE)) == extra


def test_a_lone_capitalised_word_that_opens_a_sentence_is_no_name() -> None:
    """Known limit: nothing tells "Borex must pay" from "Governing law is"; a state is told."""
    source = read_source(SOURCE)

    assert invented("Borex must pay", source) == []
    assert invented("Ohio law governs", source) == ["Ohio"]
    assert invented("Borex", source) == ["Borex"]


CLAUSE = (
    "5.2 Termination. Tenant may end this lease \u201con ninety days\u2019 written notice\u201d; "
    "see Section 4(a), Article VII and Exhibit B. The fee is due at once [3]. 6.1 Notices are in "
    "writing."
)


@pytest.mark.parametrize(
    "answer",
    [
        '"Tenant may end this lease"', "\u201ctenant may end this lease\u201d",
        "It says \u2018ninety days\u2019 written notice\u2019.",
        '"on ninety days\' written notice,"', '"Tenant ... may end this lease"',
        '"Tenant may end [the] lease"', '"tenant may\u2026 notice"',
        'It is a so-called "break" clause', 'The "fee"', '"" and "', 'the 4" pipe and the 4" tap',
        "Section 4(a)", "section 4 (a)", "\u00a7 4(a)", "\u00a74(a)", "Sec. 4(a)", "Section 4",
        "Article VII", "Art. VII", "article vii", "Exhibit B", "exhibit b", "Section 5.2",
        "\u00a7 5.2", "Clause 5.2", "clause 5", "Section 6.1", "[3]", "as note [3] says",
        "See Sections 4(a) and 5.2", "this section is short", "an article about it",
        "[see above]", "the clause is clear", "paragraph",
    ],
)  # fmt: skip
def test_a_quotation_or_citation_of_the_source(answer: str) -> None:
    """Quote marks, case and white space aside; a place may be wider; few words are no quotation."""
    assert invented(answer, read_source(CLAUSE)) == []


@pytest.mark.parametrize(
    ("answer", "extra"),
    [
        ('"Tenant must end this lease"', ['"Tenant must end this lease"']),
        ("\u201cend the lease\u201d", ["\u201cend the lease\u201d"]),
        ("\u2018sixty days\u2019", ["\u2018sixty days\u2019"]),
        ('"lease this end"', ['"lease this end"']),
        ('"Tenant ... may buy it"', ['"Tenant ... may buy it"']),
        ("Section 9", ["Section 9"]),
        ("Section 4(b)", ["Section 4(b)"]),
        ("Section 5.3", ["Section 5.3"]),
        ("\u00a7 4(c)", ["\u00a7 4(c)"]),
        ("Article 4(a)", ["Article 4(a)"]),
        ("Article VIII", ["Article VIII"]),
        ("Exhibit A", ["Exhibit A"]),
        ("Schedule B", ["Schedule B"]),
        ("[4]", ["[4]"]),
        ("Section 5.2 and Section 5.9", ["Section 5.9"]),
        ("Section 52", ["Section 52"]),
    ],
)
def test_a_quotation_or_citation_that_the_source_has_not(answer: str, extra: list[str]) -> None:
    """A place is told once, and its number not again."""
    assert invented(answer, read_source(CLAUSE)) == extra


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("names", "Borex Ltd"),
        ("numbers", "77"),
        ("dates", "May 7, 2031"),
        ("quotations", '"we pay in gold"'),
        ("citations", "Section 9.9"),
    ],
)
def test_each_kind_can_be_looked_for_alone(make_case: MakeCase, kind: str, extra: str) -> None:
    """Others are not told."""
    answer = 'to Borex Ltd are due 77 by May 7, 2031, "we pay in gold", under Section 9.9'
    case, output = make_case(text="Nothing."), Output("k", text=answer)
    judged = Grounded.model_validate({"source": "text", "kinds": [kind]}).score(case, output)
    assert judged.reason == f"not in the source: {extra}"


def test_the_score_names_what_was_invented(make_case: MakeCase) -> None:
    """1 or 0, with the reason."""
    case, scorer = make_case(text=SOURCE), Grounded(source="text")

    assert scorer.score(case, Output("k", text="Acme")).value == 1.0
    judged = scorer.score(case, Output("k", text="Borex, $7"))
    assert (judged.value, judged.reason) == (0.0, "not in the source: 7, Borex")


def test_what_is_missing_is_unscored(make_case: MakeCase) -> None:
    """A failed output, or a row without the source."""
    scorer = Grounded(source="text")

    assert scorer.score(make_case(text="x"), Output("k", error="died")).reason == "died"
    assert scorer.score(make_case(), Output("k", text="x")).value is None
    assert scorer.fields() == ("text",)


def test_every_state_and_month_is_a_fact() -> None:
    """In small letters as well, except where the source has it."""
    nothing = read_source("")

    for state in STATES:
        assert invented(f"in {state} it is", nothing) == [state]
    for number, month in enumerate(MONTHS, 1):
        assert invented(f"{month} 7", read_source(f"2024-{number:02}-07")) == []
        assert invented(f"{month} 7", read_source(f"2024-{number % 12 + 1:02}-07")) != []


TEXTS = st.lists(
    st.sampled_from(
        ["Acme", "Corp", "ohio", "New York", "March", "3,", "2024", "$1,000.50", "5.2.1", "the",
         "and", ".", "&", "\n", "2 million", "1/2/2024", "O'Neil's", "É", "漢字", "٣", "A-1", "²"]
    ) | st.text(max_size=6),
    max_size=12,
).map(" ".join)  # fmt: skip


@given(TEXTS)
def test_a_text_is_grounded_in_itself(text: str) -> None:
    """Copying invents nothing."""
    assert invented(text, read_source(text)) == []


@given(TEXTS, TEXTS, TEXTS)
def test_a_longer_source_never_supports_less(answer: str, source: str, more: str) -> None:
    """What is grounded stays grounded when the source goes on."""
    before = invented(answer, read_source(source))

    assert set(invented(answer, read_source(f"{source}\n\n{more}"))) <= set(before)
