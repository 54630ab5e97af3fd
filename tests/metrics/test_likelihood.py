"""Perplexity and bits per byte as functions of sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.likelihood import bits_per_byte, perplexity

TEXTS = st.lists(st.tuples(st.floats(-1e4, -1e-3), st.integers(1, 5000)), min_size=1, max_size=20)


@given(TEXTS)
def test_they_are_lm_eval_s(texts: list[tuple[float, int]]) -> None:
    """``weighted_perplexity`` and ``bits_per_byte`` of lm_eval/api/metrics.py, written out."""
    sums = np.array(texts, float).sum(axis=0)
    likelihoods, weights = zip(*texts, strict=True)
    weighted_mean = sum(likelihoods) / sum(weights)

    if -weighted_mean < 700:
        assert perplexity(sums) == pytest.approx(math.exp(-weighted_mean), rel=1e-9)
    else:
        assert perplexity(sums) > 1e300
    assert bits_per_byte(sums) == pytest.approx(-weighted_mean / math.log(2), rel=1e-9)


def test_a_model_that_knows_nothing() -> None:
    """Uniform over 50,000 tokens, and over 256 bytes."""
    assert perplexity(np.array([3 * math.log(1 / 50_000), 3])) == pytest.approx(50_000)
    assert bits_per_byte(np.array([7 * math.log(1 / 256), 7])) == pytest.approx(8)


@pytest.mark.parametrize("metric", [perplexity, bits_per_byte])
def test_no_text_has_no_value(metric) -> None:
    """Neither 0 nor 1; its neighbours have theirs."""
    found = metric(np.array([[0.0, 0.0], [-2.0, 4.0]]))

    assert np.isnan(found[0])
    assert found[1] == metric(np.array([-2.0, 4.0]))
