"""BLEU, chrF, TER and ROUGE of answers, as sacrebleu and rouge-score have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from harness.scorers.overlap import (
    Bleu,
    Chrf,
    Rouge,
    Rouge1,
    Rouge2,
    RougeL,
    RougeLsum,
    Ter,
    Translation,
)
from harness.types import Case, Output

MakeCase = Callable[..., Case]


def corpus(
    make_case: MakeCase, scorer: Translation, answers: Sequence[str], targets: Sequence[list[str]]
) -> float:
    """The metric of a corpus through a scorer's parts; the first target of each is the target."""
    sums = np.zeros(scorer.size(()))
    for answer, (target, *others) in zip(answers, targets, strict=True):
        case = make_case(target, others=others)
        for index, amount in scorer.score(case, Output("k", text=answer)).parts:
            sums[index] += amount
    return float(scorer.combine(sums))


ANSWERS = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
TARGETS = [
    ["The dog bit the man.", "The dog had bit the man."],
    ["It was not unexpected.", "No one was surprised."],
    ["The man bit him first.", "The man had bitten the dog."],
]


@pytest.mark.parametrize(
    ("options", "answers", "expected"),
    [
        ({}, ANSWERS, 48.530827),
        ({}, ["", "", ""], 0.0),
        ({"tokenize": "none"}, ANSWERS, 49.1919566),
        ({"tokenize": "13a"}, ANSWERS, 48.530827),
        ({"tokenize": "intl"}, ANSWERS, 43.91623493),
        ({"smoothing": "none"}, ANSWERS, 48.530827),
    ],
)
def test_published_bleu(
    make_case: MakeCase, options: dict[str, Any], answers: list[str], expected: float
) -> None:
    """The README's example with two references each, from sacrebleu's test_bleu.py."""
    scorer = Bleu(also="others", **options)

    assert 100 * corpus(make_case, scorer, answers, TARGETS) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("answers", "targets", "options", "expected"),
    [
        (["a"], ["a"], {}, 100.0),
        ([""], ["reference"], {}, 0.0),
        (["a b c"], ["a b c"], {}, 100.0),
        (["a b c"], ["abc"], {}, 100.0),
        (["a", "b"], ["a", "c"], {}, 50.0),
        (["aa"], ["ab"], {}, 25.0),
    ],
)
def test_published_chrf(
    make_case: MakeCase,
    answers: list[str],
    targets: list[str],
    options: dict[str, Any],
    expected: float,
) -> None:
    """chrF3 without epsilon smoothing, from sacrebleu's test_chrf.py."""
    found = corpus(make_case, Chrf(beta=3, **options), answers, [[text] for text in targets])

    assert 100 * found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("answer", "target", "expected"),
    [
        ("aaaa bbbb cccc dddd", "aaaa bbbb cccc dddd", 0.0),
        ("dddd eeee ffff", "aaaa bbbb cccc", 1.0),
        ("", "a", 1.0),
        ("d e f g h a b c", "a b c d e f g h", 1 / 8),
        ("a b c d e", "a", 4.0),
    ],
)
def test_published_ter(make_case: MakeCase, answer: str, target: str, expected: float) -> None:
    """From sacrebleu's test_ter.py, and one that is above 1; a case's own score is 1 − TER."""
    judged = Ter().score(make_case(target), Output("k", text=answer))

    assert corpus(make_case, Ter(), [answer], [[target]]) == pytest.approx(expected, abs=1e-5)
    assert judged.value == pytest.approx(max(0.0, 1 - expected), abs=1e-5)


WORDS = st.lists(
    st.sampled_from(["The", "the", "dog", "bit", "man.", "don't", "漢字", "é", "12,5", "x" * 300]),
    max_size=8,
).map(" ".join)
TEXT = WORDS | st.text(max_size=20)
PAIRS = st.lists(st.tuples(TEXT, TEXT.filter(str.strip)), min_size=1, max_size=5)
OPTIONS: list[tuple[Translation, Callable[..., Any], dict[str, Any]]] = [
    (Bleu(), sacrebleu.corpus_bleu, {"force": True}),
    (Bleu(lowercase=True), sacrebleu.corpus_bleu, {"force": True, "lowercase": True}),
    (Bleu(tokenize="char"), sacrebleu.corpus_bleu, {"force": True, "tokenize": "char"}),
    (Bleu(tokenize="zh"), sacrebleu.corpus_bleu, {"force": True, "tokenize": "zh"}),
    (
        Bleu(smoothing="floor", amount=0.4),
        sacrebleu.corpus_bleu,
        {"force": True, "smooth_method": "floor", "smooth_value": 0.4},
    ),
    (Bleu(smoothing="add-k"), sacrebleu.corpus_bleu, {"force": True, "smooth_method": "add-k"}),
    (Chrf(), sacrebleu.corpus_chrf, {}),
    (Chrf(word_order=2), sacrebleu.corpus_chrf, {"word_order": 2}),
    (Chrf(char_order=3, beta=1), sacrebleu.corpus_chrf, {"char_order": 3, "beta": 1}),
    (Chrf(lowercase=True), sacrebleu.metrics.CHRF(lowercase=True).corpus_score, {}),
    (Chrf(whitespace=True), sacrebleu.corpus_chrf, {"remove_whitespace": False}),
    (Ter(), sacrebleu.corpus_ter, {}),
    (Ter(case_sensitive=True), sacrebleu.metrics.TER(case_sensitive=True).corpus_score, {}),
    (Ter(normalized=True), sacrebleu.metrics.TER(normalized=True).corpus_score, {}),
    (Ter(no_punct=True), sacrebleu.metrics.TER(no_punct=True).corpus_score, {}),
    (
        Ter(normalized=True, asian_support=True),
        sacrebleu.metrics.TER(normalized=True, asian_support=True).corpus_score,
        {},
    ),
]


@pytest.mark.parametrize(
    ("scorer", "theirs", "options"), OPTIONS, ids=[repr(scorer) for scorer, _, _ in OPTIONS]
)
@given(pairs=PAIRS)
def test_sums_of_parts_are_the_corpus_score(
    make_case: MakeCase,
    scorer: Translation,
    theirs: Callable[..., Any],
    options: dict[str, Any],
    pairs: list[tuple[str, str]],
) -> None:
    """For every option, over Unicode, empty and long answers."""
    answers, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    expected = theirs(answers, [targets], **options).score / 100

    found = corpus(make_case, scorer, answers, [[target] for target in targets])

    assert np.isnan(found) or found == pytest.approx(expected, abs=1e-9)
    assert not np.isnan(found) or expected == 0.0


def test_every_option_changes_a_score(make_case: MakeCase) -> None:
    """None of them is for show."""
    answer, target = "the CAT, sat 漢 on a mat. Or", "The cat sat 漢字 down, on mats - or not."
    found = {
        repr(scorer): corpus(make_case, scorer, [answer, "no"], [[target], ["So it is, is it?"]])
        for scorer, _, _ in OPTIONS
    }

    assert len({round(value, 9) for value in found.values()}) == len(found)


@given(TEXT, TEXT.filter(str.strip))
def test_a_case_s_own_score_is_its_sentence_s(
    make_case: MakeCase, answer: str, target: str
) -> None:
    """Sacrebleu's sentence scores, as shares."""
    case, output = make_case(target), Output("k", text=answer)

    bleu = sacrebleu.sentence_bleu(answer, [target]).score / 100
    chrf = sacrebleu.sentence_chrf(answer, [target]).score / 100

    assert Bleu().score(case, output).value == pytest.approx(bleu, abs=1e-9)
    assert Chrf().score(case, output).value == pytest.approx(chrf, abs=1e-9)


@pytest.mark.parametrize("scorer", [Bleu(), Chrf(), Ter(), Rouge1()], ids=repr)
def test_what_cannot_be_compared_is_unscored(
    make_case: MakeCase, scorer: Translation | Rouge
) -> None:
    """No text, no target, an empty one; an empty answer is a wrong one."""
    assert scorer.score(make_case("x"), Output("k", error="died")).reason == "died"
    assert scorer.score(make_case(None), Output("k", text="x")).value is None
    assert scorer.score(make_case(" "), Output("k", text="x")).value is None
    judged = scorer.score(make_case("x"), Output("k", text=""))
    assert (judged.value, judged.reason) == (0.0, "wrote ''")


def test_an_empty_corpus_has_no_score() -> None:
    """Neither 0 nor 1."""
    for scorer in (Bleu(), Chrf(), Ter()):
        assert np.isnan(scorer.combine(np.zeros(scorer.size(()))))


@pytest.mark.parametrize(
    ("scorer", "answer", "target", "expected"),
    [
        (Rouge1(), "testing", "testing one two", 1 / 2),
        (Rouge2(), "testing one", "testing one two", 2 / 3),
        (RougeL(), "testing one", "testing one two", 4 / 5),
        (RougeL(), "testing two", "testing one two", 4 / 5),
        (RougeLsum(), "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", 8 / 15),
        (Rouge1(), "", "testing one two", 0.0),
        (RougeLsum(), "/", "w1 w2 w3 w4 w5", 0.0),
        (Rouge1(), "tested", "testing", 0.0),
        (Rouge1(stemmer=True), "tested", "testing", 1.0),
        (Rouge2(), "testing", "testing", 0.0),
    ],
)
def test_published_rouge(
    make_case: MakeCase, scorer: Rouge, answer: str, target: str, expected: float
) -> None:
    """From rouge-score's own tests, the fifth from section 3.2 of Lin 2004; stems by hand."""
    judged = scorer.score(make_case(target), Output("k", text=answer))

    assert judged.value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scorer", [Rouge1(), Rouge2(), RougeL(), RougeLsum()], ids=repr)
@given(answer=TEXT, target=TEXT.map("so {}".format), other=TEXT)
def test_rouge_is_the_library_s_best(
    make_case: MakeCase, scorer: Rouge, answer: str, target: str, other: str
) -> None:
    """Over all targets, whatever the script of some."""
    kind = type(scorer).kind
    oracle = RougeScorer([kind])
    case = make_case(target, others=[other])

    judged = type(scorer)(also="others").score(case, Output("k", text=answer))

    expected = max(oracle.score(each, answer)[kind].fmeasure for each in (target, other))
    assert judged.value == pytest.approx(expected, abs=1e-9)


def test_rouge_cannot_read_other_scripts(make_case: MakeCase) -> None:
    """A right answer in Chinese is no 0: rouge-score sees no word in it."""
    judged = Rouge1().score(make_case("漢字"), Output("k", text="漢字"))

    assert (judged.value, judged.reason) == (None, "the target has no word of a–z and 0–9")
