"""Texts among others: nothing of them is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.mutators.context import DEPTHS, NEUTRAL, Distractor, Padding, Repetition

from .conftest import TEXTS
from .making import TEXT, made, texts

SEEDS = st.text(max_size=4)


@given(TEXTS, st.sampled_from(["before", "after", "within"]), SEEDS)
def test_without_the_distractor_the_text_is_the_same(text, where, seed):
    for each in texts(Distractor(paragraph="§§§", where=where), text, seed=seed):
        assert each.count("§§§") == 1
        assert each.replace("§§§", "").split() == text.split()


@pytest.mark.parametrize(
    ("where", "wanted"),
    [("before", "X A. B."), ("after", "A. B. X"), ("within", "A one. X B two.")],
)
def test_where_the_distractor_stands(where, wanted):
    text = "A one. B two." if where == "within" else "A. B."
    assert texts(Distractor(paragraph="X", where=where), text) == [wanted]


def test_neutral_sentences_answer_nothing():
    for sentence in NEUTRAL:
        assert not any(c.isdigit() for c in sentence)
        assert all(word.islower() for word in sentence.split()[1:])


@given(st.text(min_size=1).filter(str.strip), SEEDS)
def test_a_padded_text_stands_whole_at_four_depths_of_one_padding(text, seed):
    mutations = made(Padding(words=100), text, seed=seed)
    assert [each.variant for each in mutations] == [f"depth {depth}%" for depth in DEPTHS]
    around = {each.text.replace(text, "", 1).replace("\n", " ").strip() for each in mutations}
    if text.strip() == text and text not in " ".join(NEUTRAL):
        assert len({" ".join(each.split()) for each in around}) == 1


def test_the_text_moves_from_the_start_to_the_end():
    at = [each.index("Acme shall") / len(each) for each in texts(Padding(words=1000))]
    assert at[0] == 0
    assert at == sorted(at)
    assert 0.25 < at[1] < 0.4 < 0.6 < at[2] < 0.75
    assert at[3] > 0.9


@pytest.mark.parametrize("words", [20, 100, 5000])
def test_a_padding_is_as_long_as_it_should_be(words):
    for each in texts(Padding(words=words)):
        assert words <= len(each.split()) - len(TEXT.split()) < words + 20


@given(TEXTS, SEEDS)
def test_what_is_said_again_was_said_before(text, seed):
    for each in texts(Repetition(), text, seed=seed):
        assert each.startswith(text)
        assert each[len(text) :].strip() in text


def test_the_sentence_with_the_answer_is_said_again():
    for seed in "abcdef":
        assert texts(Repetition(), seed=seed)[0].endswith("Ohio. This clause is governed by the "
                                                          "law of Ohio.")  # fmt: skip
