"""Metrics of whole texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.perplexity import BitsPerByte, Perplexity, WholeText
from harness.types import Case, Output

MakeCase = Callable[..., Case]
TEXTS = st.lists(
    st.tuples(st.text(min_size=1, max_size=30), st.floats(-500, 0), st.integers(1, 40)),
    min_size=1, max_size=10,
)  # fmt: skip


def rolling(make_case: MakeCase, text: str) -> Case:
    """A case whose prompt is measured."""
    return replace(make_case(), prompt=text, rolling=True)


def output(likelihood: float, tokens: int) -> Output:
    """What the engine says of a whole text."""
    return Output("k", logprobs=(likelihood,), lengths=(tokens,), tokens=tokens)


def metric(
    make_case: MakeCase, scorer: WholeText, texts: Sequence[tuple[str, float, int]]
) -> float:
    """Of the sums of the cases' parts."""
    sums = np.zeros(scorer.size(()))
    for text, likelihood, tokens in texts:
        judged = scorer.score(rolling(make_case, text), output(likelihood, tokens))
        for index, amount in judged.parts:
            sums[index] += amount
    return float(scorer.combine(sums))


@given(TEXTS)
def test_they_are_lm_eval_s(make_case: MakeCase, texts: list[tuple[str, float, int]]) -> None:
    """Its ``process_results`` of rolling tasks, and ``bits_per_byte``, written out."""
    total = sum(likelihood for _, likelihood, _ in texts)
    size = sum(len(text.encode("utf-8")) for text, _, _ in texts)
    tokens = sum(count for _, _, count in texts)

    assert metric(make_case, BitsPerByte(), texts) == pytest.approx(
        -total / size * 1 / math.log(2), rel=1e-9, abs=1e-12
    )
    assert metric(make_case, Perplexity(), texts) == pytest.approx(
        math.exp(-total / tokens), rel=1e-9
    )


def test_a_long_text_counts_more(make_case: MakeCase) -> None:
    """It is not the mean of the texts' own perplexities, 2 and 4; é is two bytes."""
    texts = [("ab", math.log(1 / 2), 1), ("éé", 3 * math.log(1 / 4), 3)]

    assert metric(make_case, Perplexity(), texts) == pytest.approx(2 ** (7 / 4))
    assert metric(make_case, BitsPerByte(), texts) == pytest.approx(7 / 6)


def test_a_case_s_own_score_is_the_likelihood_of_a_unit(make_case: MakeCase) -> None:
    """1 over its own perplexity; 2 to the power of its bits, negated."""
    case, found = rolling(make_case, "abcd"), output(3 * math.log(1 / 4), 3)

    assert Perplexity().score(case, found).value == pytest.approx(1 / 4)
    assert BitsPerByte().score(case, found).value == pytest.approx(2 ** (-6 / 4))


def test_the_least_likely_text_is_0_and_no_trouble(make_case: MakeCase) -> None:
    """Its exp underflows; the metric says how large it is as far as a float can."""
    texts = [("x", -5000.0, 1)]

    assert Perplexity().score(rolling(make_case, "x"), output(-5000.0, 1)).value == 0.0
    assert metric(make_case, Perplexity(), texts) == math.inf
    assert metric(make_case, BitsPerByte(), texts) == pytest.approx(5000 / math.log(2))


@pytest.mark.parametrize("scorer", [Perplexity(), BitsPerByte()])
@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Output("k", error="died"), "died"),
        (output(math.nan, 2), "log-likelihood of the text is nan"),
        (output(-math.inf, 2), "log-likelihood of the text is -inf"),
        (output(0.5, 2), "log-likelihood of the text is 0.5"),
        (Output("k", logprobs=(-1.0, -2.0)), "only a 'rolling' task measures a whole text"),
    ],
)
def test_what_is_no_likelihood_is_unscored(
    make_case: MakeCase, scorer: WholeText, found: Output, reason: str
) -> None:
    """And adds nothing."""
    judged = scorer.score(rolling(make_case, "ab"), found)

    assert (judged.value, judged.reason, judged.parts) == (None, reason, ())


def test_choices_are_no_whole_text(make_case: MakeCase) -> None:
    """Even where there is one likelihood."""
    judged = Perplexity().score(make_case("a"), output(-1.0, 1))

    assert (judged.value, judged.reason) == (None, "only a 'rolling' task measures a whole text")


def test_a_text_without_length_is_unscored(make_case: MakeCase) -> None:
    """Of an engine that does not count tokens, and of an empty text; bytes are our own."""
    uncounted = Output("k", logprobs=(-1.0,))

    assert Perplexity().score(rolling(make_case, "ab"), uncounted).value is None
    assert BitsPerByte().score(rolling(make_case, ""), uncounted).value is None
    assert BitsPerByte().score(rolling(make_case, "ab"), uncounted).value == pytest.approx(
        math.exp(-1 / 2)
    )


@pytest.mark.parametrize("scorer", [Perplexity(), BitsPerByte()])
def test_an_empty_corpus_has_no_metric(make_case: MakeCase, scorer: WholeText) -> None:
    """Neither 0 nor 1."""
    assert np.isnan(metric(make_case, scorer, []))
