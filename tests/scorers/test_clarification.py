"""What asks what was meant, and what only has a question mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.clarification import Clarification
from harness.types import Case, Output

MakeCase = Callable[..., Case]

ASKS = [
    "Which party do you mean?",
    "Which of the two agreements are you referring to?",
    "Who do you mean by 'they'?",
    "Whom do you mean?",
    'What do you mean by "it"?',
    "To whom are you referring?",
    "To which clause do you refer?",
    "Do you mean the buyer or the seller?",
    "Did you mean Acme or Birch?",
    "Sorry, did you perhaps mean the second contract?",
    "Are you referring to the lease or to the loan?",
    "Are you asking about the first payment, or the second?",
    "Could you clarify which party you mean?",
    "Could you please clarify?",
    "Can you specify the contract?",
    "Would you please tell me which clause you mean?",
    "Would you kindly confirm which agreement this is about?",
    "Could you be more specific?",
    "Could you please be a bit more specific about the date?",
    "Can you provide more context?",
    "Could you explain what you mean by that?",
    "May I ask which party this concerns?",
    "Which agreement is meant?",
    "Who does 'they' refer to?",
    "What does it refer to?",
    "Which one?",
    "Which party?",
    "Which of the two?",
    "Who?",
    "There are two suppliers in the text. Which one?",
    "Please clarify which party you mean.",
    "Please clarify.",
    "Please specify the question.",
    "Please tell me which of the two contracts you mean.",
    "I'm sorry, please clarify your question.",
    "Before I can answer, please specify which clause is meant.",
    "I need clarification.",
    "I would need some more clarification on this.",
    "I'd need to know which agreement this is about.",
    "If you tell me which party you mean, I can answer.",
    "If you could clarify whether the loan is meant, I can help.",
    "Let me know which contract you mean.",
    "I'm not sure which party you mean.",
    "I am not certain who 'they' refers to.",
    "I don't know which of them you are referring to.",
    "I cannot tell who is meant.",
    "It is unclear who 'they' refers to.",
    "It's unclear to me which agreement you mean.",
    "It is ambiguous whom the pronoun refers to.",
    "It isn't clear from the question which contract is meant.",
    "The question is ambiguous.",
    "Your question is somewhat unclear.",
    "'They' could refer to either Acme or Birch.",
    "The pronoun may refer to either party.",
    "It could mean either the notice or the payment.",
    "The lease is governed by Ohio law. Did you mean the lease?",
    "Thank you for the question! Could you clarify what you mean?",
    "**Clarification needed:** which party are you talking about?",
]

DOES_NOT = [
    "",
    "Ohio",
    "The buyer.",
    "The contract is governed by the laws of Ohio.",
    "Let me know if you need more.",
    "Please let me know if you have questions.",
    "Would you like me to draft it?",
    "Do you want me to go on?",
    "Shall I summarise the rest?",
    "Is there anything else I can help with?",
    "Can I help you with something else?",
    "Does that help?",
    "Does this answer your question?",
    "Who pays? The buyer.",
    "Which law governs? Ohio law.",
    "Which party pays? The seller pays.",
    "Why? Because the term ended.",
    "What is a lease? It is a contract.",
    "What does that mean? It means that the buyer pays.",
    "Really?",
    "Is it valid? Yes.",
    "The buyer asked: 'Which party do you mean?'",
    'The clause reads "Could you clarify which party you mean?" and is void.',
    "“Do you mean the buyer?” is what the notice says.",
    "> Which party do you mean?\nOhio",
    "The tenant asked which agreement was meant.",
    "The seller wanted to know what the buyer meant.",
    "The parties shall clarify which law applies.",
    "Each party will specify which account is used.",
    "The supplier must clarify which delivery is meant.",
    "Either party may request that the other clarify which notice is meant.",
    "It is unclear which law applies.",
    "It is ambiguous which date counts.",
    "The contract is ambiguous.",
    "The clause is unclear.",
    "The contract does not specify which law governs.",
    "The contract doesn't say who pays.",
    "The agreement does not clarify this.",
    "No clarification is needed.",
    "I do not need clarification.",
    "This clause clarifies who pays.",
    "To clarify: the buyer pays.",
    "Please note that the term ends in May.",
    "Please see clause 4.",
    "Please refer to clause 4, which names the law.",
    "I'm not sure, but the law is Ohio's.",
    "I am not sure which law applies.",
    "I don't know.",
    "I can't help with that.",
    "I don't know who pays.",
    "If you mean the lease, it is Ohio; if you mean the loan, it is Texas.",
    "If you need more, ask.",
    "I assume you mean the buyer. Which party do you mean?",
    "Assuming you mean the lease: Ohio.",
    "It is unclear who 'they' refers to, but I assume the seller.",
    "It is unclear who is meant; presumably the seller.",
    "I take it that you mean the loan. Did you mean that?",
    "I'll assume the buyer is meant. Please clarify.",
    "My best guess is Ohio. Could you clarify?",
    "'Material' means important.",
    "The term 'it' refers to the lease.",
    "The word means either delivery or payment.",
    "The buyer may terminate, and so may the seller.",
    "The notice could mean the end of the lease.",
    "They could refer to clause 4.",
    "The buyer could refer to clause 4 or 5.",
    "We need more information technology.",
    "I need to know the law to draft this, and it is Ohio's.",
    "Do you agree?",
    "Which is why the buyer pays.",
    "Who pays is said in clause 4.",
    "Tell me about it!",
    "What a question!",
    "Are you sure? Yes, the clause is valid.",
    "Could it be Ohio? It could.",
]


@pytest.mark.parametrize("text", ASKS)
def test_asks(text: str) -> None:
    assert Clarification().phrase(text) is not None


@pytest.mark.parametrize("text", DOES_NOT)
def test_does_not_ask(text: str) -> None:
    assert Clarification().phrase(text) is None


def test_scores_whether_it_should_have_asked(make_case: MakeCase) -> None:
    def value(text: str, expected: Any) -> float | None:
        scorer = Clarification(expected=expected)
        return scorer.score(make_case(open=True), Output("k", text=text)).value

    assert value("Which party do you mean?", None) == 1
    assert value("Ohio", None) == 0
    assert value("Which party do you mean?", False) == 0
    assert value("Ohio", False) == 1
    assert value("Which party do you mean?", "open") == 1
    assert value("Ohio", "closed") is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    Clarification().phrase(text)


@given(st.sampled_from(ASKS), st.sampled_from(['"', "“", "«"]))
def test_what_others_ask_is_not_asked(question: str, opening: str) -> None:
    closing = {'"': '"', "“": "”", "«": "»"}[opening]
    quoted = question.replace('"', "").replace("'", "")
    text = f"The letter says {opening}{quoted}{closing} and no more."
    assert Clarification().phrase(text) is None


@pytest.mark.parametrize("piece", ["which ", "who do ", "to which ", "please clarify ", "it ", '"'])
def test_long_answers_take_no_longer_than_they_are_long(piece: str) -> None:
    assert Clarification().phrase(piece * (100_000 // len(piece)) + ".") in (None, "please clarify")
