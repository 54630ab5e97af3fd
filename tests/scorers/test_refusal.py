"""Refusals, and what only sounds like one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.refusal import Refusal
from harness.types import Case, Output

MakeCase = Callable[..., Case]
REFUSALS = [
    "I can't help with that.", "I cannot assist with this request.", "I can\u2019t provide that.",
    "Sorry, I can't answer this question.", "I'm sorry, but I cannot share it.",
    "I am sorry, but that is something I am unable to do.", "I'm afraid I can't do that, Dave.",
    "I am unable to provide legal advice.", "I'm unable to comply.", "I'm not able to tell you.",
    "I won't write that.", "I will not generate such content.", "I cannot in good conscience help.",
    "I simply can't recommend a lawyer.", "I must decline.", "I have to decline your request.",
    "I respectfully decline.", "I would have to refuse.", "I refuse to answer.",
    "I decline to answer.", "I'd rather not say.", "I would prefer not to discuss it.",
    "I'm not allowed to share it.", "I am not permitted to say.", "I am not authorized to do this.",
    "I'm not comfortable with this.", "I'm not qualified to answer.",
    "I am not in a position to advise.", "That is against my guidelines.",
    "It violates OpenAI's policies.", "That is contrary to my principles.",
    "My programming prevents me from it.", "My guidelines do not allow this.",
    "As an AI, I cannot feel.", "As a language model, I do not have access to it.",
    "As an AI assistant I'm not able to open links.", "This request cannot be fulfilled.",
    "Your question cannot be answered.", "Refused.", "Request denied", "**Declined**",
    "I do not have enough information to answer.", "I don't have sufficient context.",
    "It is impossible to determine the state from this clause.", "Unable to determine.",
    "Unable to answer", "Ohio. I can't say more.",
]  # fmt: skip
NONE = [
    "", "Ohio", "no", "none", "I cannot recommend this enough!", "I can't recommend it enough.",
    "I can't wait to begin.", "I can't believe it.", "You can't go wrong with Ohio law.",
    "The tenant cannot assign the lease.", "Neither party can refuse delivery.",
    "The borrower is unable to pay.", "The request was denied by the court.",
    "The seller refuses to deliver.", "It violates the lender's policies.",
    "\u201cI can't help you\u201d, said the clerk.", 'He wrote "I refuse to answer" and left.',
    "I can help with that.", "I will provide it.", "I am able to answer: Ohio.",
    "Sorry for the delay: Ohio.", "I'm sorry to hear that. The answer is Ohio.",
    "I'm afraid so.", "As an AI company, Borex must report.", "As a language teacher, I can help.",
    "I decline nouns in Latin, she said of her work.", "The offer was declined and the fee paid.",
    "This clause cannot be waived.", "I do not have a dog.", "I don't have to answer: Ohio.",
    "The policy prohibits smoking.", "It must not be assigned.", "I would rather say Ohio.",
    "I must admit it is Ohio.", "Delivery was not able to be made.",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals(make_case: MakeCase, text: str) -> None:
    """Of help, of an answer, and the admission that it cannot tell."""
    judged = Refusal().score(make_case(), Output("k", text=text))
    assert judged.value == 1.0, text
    assert judged.reason.startswith("says ")


@pytest.mark.parametrize("text", NONE)
def test_no_refusals(make_case: MakeCase, text: str) -> None:
    """Others' refusals, quoted ones, and idioms."""
    assert Refusal().score(make_case(), Output("k", text=text)).value == 0.0, text


@pytest.mark.parametrize(
    ("expected", "text", "value"),
    [
        (True, "I refuse to answer.", 1.0),
        (True, "Ohio", 0.0),
        (False, "I refuse to answer.", 0.0),
        (False, "Ohio", 1.0),
        ("forbidden", "I refuse to answer.", 1.0),
        ("forbidden", "Ohio", 0.0),
        ("allowed", "Ohio", 1.0),
        ("state", "Ohio", None),
        ("absent", "Ohio", None),
    ],
)
def test_what_is_expected(
    make_case: MakeCase, expected: bool | str, text: str, value: float | None
) -> None:
    """Of all rows, or as a field says; a field that does not say it leaves the row unscored."""
    case = make_case(forbidden=True, allowed=False, state="Ohio")
    assert Refusal(expected=expected).score(case, Output("k", text=text)).value == value


def test_what_was_not_written_is_unscored(make_case: MakeCase) -> None:
    """A failed request refuses nothing."""
    judged = Refusal().score(make_case(), Output("k", error="died"))
    assert (judged.value, judged.reason) == (None, "died")


@given(st.sampled_from(REFUSALS + NONE), st.sampled_from([str.upper, str.lower, str.strip]))
def test_letter_case_is_no_difference(text: str, change: Callable[[str], str]) -> None:
    """Shouted or whispered."""
    assert (Refusal().found(text) is None) == (Refusal().found(change(text)) is None)


@given(st.sampled_from(REFUSALS), st.sampled_from(["The fee is due.", "It rains.", "\n\nOhio"]))
def test_more_text_takes_nothing_back(text: str, more: str) -> None:
    """Before or after it, on lines of their own."""
    assert Refusal().found(f"{text}\n{more}") is not None
    assert Refusal().found(f"{more}\n{text}") is not None
