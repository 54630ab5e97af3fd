"""Overlap metrics as functions of sums."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from harness.metrics.overlap import Sums, bleu, chrf, micro_f1, ter

COUNTS = st.integers(0, 40)


@st.composite
def bleu_sums(draw: st.DrawFn) -> list[int]:
    """Statistics of some corpus: no order has more n-grams than the one before, or matches."""
    totals = sorted((draw(COUNTS) for _ in range(4)), reverse=True)
    matches = [draw(st.integers(0, total)) for total in totals]
    return [totals[0], draw(COUNTS), *matches, *totals]


@given(
    bleu_sums(), st.sampled_from(["none", "floor", "add-k", "exp"]), st.sampled_from([None, 0.3, 2])
)
def test_bleu_is_sacrebleu_s(sums: list[int], smoothing: str, amount: float | None) -> None:
    """For every smoothing, and for orders without a match or without an n-gram."""
    theirs = BLEU.compute_bleu(sums[2:6], sums[6:10], *sums[:2], smoothing, amount).score / 100

    ours = bleu(np.array(sums, float), smoothing, amount)

    if any(sums):
        assert ours == pytest.approx(theirs, abs=1e-9)
    else:
        assert np.isnan(ours)


@pytest.mark.parametrize(
    ("matches", "totals", "answer", "reference", "expected"),
    [
        ([9, 7, 5, 3], [10, 8, 6, 4], 11, 11, 0.8375922397),
        ([0, 0, 0, 0], [4, 4, 2, 1], 0, 1, 0.0),
        ([6, 5, 4, 0], [6, 5, 4, 3], 6, 6, 0.0),
    ],
)
def test_bleu_of_published_statistics(
    matches: list[int], totals: list[int], answer: int, reference: int, expected: float
) -> None:
    """Of sacrebleu's own tests (test_bleu.py), without smoothing."""
    sums = np.array([answer, reference, *matches, *totals], float)

    assert bleu(sums, "none") == pytest.approx(expected, abs=1e-8)


@given(
    st.lists(st.tuples(COUNTS, COUNTS, st.floats(0, 1)), min_size=1, max_size=8),
    st.integers(1, 3),
)
def test_chrf_is_sacrebleu_s(orders: list[tuple[int, int, float]], beta: int) -> None:
    """Orders that the answers or the references have not are left out of the means."""
    sums = [
        x for said, wanted, share in orders for x in (said, wanted, int(share * min(said, wanted)))
    ]
    theirs = CHRF(char_order=len(orders), beta=beta)._compute_f_score(sums) / 100

    ours = chrf(np.array(sums, float), beta)

    if any(sums):
        assert ours == pytest.approx(theirs, abs=1e-9)
    else:
        assert np.isnan(ours)


@given(COUNTS, COUNTS)
def test_ter_is_sacrebleu_s(edits: int, words: int) -> None:
    """Edits against no word are one."""
    ours = ter(np.array([edits, words], float))

    if edits or words:
        theirs = TER()._compute_score_from_stats([edits, words]).score / 100
        assert ours == pytest.approx(theirs, abs=1e-9)
    else:
        assert np.isnan(ours)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_micro_f1_is_the_harmonic_mean(right: int, more: int, missed: int) -> None:
    """Of precision and recall, in fractions."""
    said, wanted = right + more, right + missed
    ours = micro_f1(np.array([right, said, wanted], float))

    if not said + wanted:
        assert np.isnan(ours)
    elif not right:
        assert ours == 0.0
    else:
        precision, recall = Fraction(right, said), Fraction(right, wanted)
        expected = 2 * precision * recall / (precision + recall)
        assert ours == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize(("metric", "size"), [(bleu, 10), (chrf, 18), (ter, 2), (micro_f1, 3)])
def test_resamples_are_independent(metric: Callable[[Sums], Sums], size: int) -> None:
    """Sums of any shape [..., D] give what each row gives alone; an empty one is NaN."""
    sums = np.random.default_rng(5).integers(0, 20, (3, 4, size)).astype(float)
    sums[1, 2] = 0.0

    found = metric(sums)

    assert found.shape == (3, 4)
    assert np.isnan(found[1, 2])
    for index in np.ndindex(3, 4):
        np.testing.assert_array_equal(found[index], metric(sums[index]))
