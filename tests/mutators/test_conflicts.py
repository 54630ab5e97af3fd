"""Contradictions stand beside the text, which itself stays whole."""

from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.conflicts import Conflict, FalsePresupposition
from harness.mutators.sentences import split

from .conftest import TEXTS
from .making import made, texts

SEEDS = st.text(max_size=4)


@given(TEXTS, SEEDS)
def test_the_sentences_of_the_text_all_stay_in_their_order(text, seed):
    for each in texts(Conflict(), text, seed=seed):
        rest = iter(each)
        assert all(c in rest for c in text.rstrip())
        assert len(each) > len(text)


def test_another_answer_stands_behind_the_right_one():
    said = {texts(Conflict(), seed=seed)[0].split(" Ohio. ")[1] for seed in "abcdefgh"}
    law = "This clause is governed by the law of"
    assert said == {f"{law} Texas.", f"{law} Utah."}


def test_values_of_the_suite_come_before_the_choices():
    assert texts(Conflict(values=["Guam"]))[0].endswith("Ohio. This clause is governed by the law "
                                                        "of Guam.")  # fmt: skip


def test_without_an_answer_a_number_is_another_one():
    (each,) = texts(Conflict(), "He pays 400 dollars. Fine.", None)
    new = split(each)[1].text
    assert new != "He pays 400 dollars."
    assert new.replace(new.split()[2], "400") == "He pays 400 dollars."


def test_without_a_number_a_verb_is_negated():
    assert texts(Conflict(), "He shall pay. Fine.", None) == [
        "He shall pay. He shall not pay. Fine."
    ]
    assert made(Conflict(), "Fine.", None) == ()


@given(TEXTS, SEEDS)
def test_what_is_taken_for_granted_stands_in_front(text, seed):
    for each in texts(FalsePresupposition(), text, seed=seed):
        assert each.endswith(f" {text}")


def test_a_claim_of_ones_own():
    assert texts(FalsePresupposition(claim="All is void."), "He pays.") == ["All is void. He pays."]
