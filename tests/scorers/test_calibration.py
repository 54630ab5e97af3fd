"""Calibration of chosen answers, against scikit-learn and the definition of Guo et al."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from harness.scorers.calibration import Brier, Calibration, ExpectedCalibrationError, softmax
from harness.types import Case, Output

MakeCase = Callable[..., Case]
CHOICES = ("a", "b", "c")
ROWS = st.lists(
    st.tuples(st.tuples(*[st.floats(-30, 0) | st.sampled_from([-1.0, -2.0])] * 3),
              st.integers(0, 2)),
    min_size=1, max_size=40,
)  # fmt: skip


def metric(
    make_case: MakeCase, scorer: Calibration, rows: Sequence[tuple[Sequence[float], int]]
) -> float:
    """Of the sums of the cases' parts; a row is the log-likelihoods and the target."""
    sums = np.zeros(scorer.size(CHOICES))
    for likelihoods, target in rows:
        output = Output("k", logprobs=tuple(likelihoods))
        for index, amount in scorer.score(make_case(CHOICES[target], CHOICES), output).parts:
            sums[index] += amount
    return float(scorer.combine(sums))


def guo(shares: Sequence[Sequence[float]], targets: Sequence[int], bins: int) -> float:
    """Equation 3 of Guo et al. 2017 as its authors' code has it, a mask for each bin."""
    believed = np.array(shares)
    sure, right = believed.max(axis=1), believed.argmax(axis=1) == targets
    found = 0.0
    for low, high in zip(range(bins), range(1, bins + 1), strict=True):
        within = (sure > low / bins) & (sure <= high / bins)
        if within.any():
            found += abs(sure[within].mean() - right[within].mean()) * within.mean()
    return found


@given(ROWS, st.sampled_from([1, 2, 3, 10, 15, 100]))
def test_ece_is_that_of_guo_et_al(
    make_case: MakeCase, rows: list[tuple[tuple[float, ...], int]], bins: int
) -> None:
    """Ties, borders of bins and empty bins included."""
    shares = [softmax(likelihoods) for likelihoods, _ in rows]
    expected = guo(shares, [target for _, target in rows], bins)

    assert metric(make_case, ExpectedCalibrationError(bins=bins), rows) == pytest.approx(
        expected, abs=1e-9
    )


def test_published_ece(make_case: MakeCase) -> None:
    """The example of torchmetrics' MulticlassCalibrationError, l1, three bins: 0.2."""
    shares = [[0.25, 0.20, 0.55], [0.55, 0.05, 0.40], [0.10, 0.30, 0.60], [0.90, 0.05, 0.05]]
    rows = [
        (np.log(row).tolist(), target) for row, target in zip(shares, (0, 1, 2, 0), strict=True)
    ]

    assert metric(make_case, ExpectedCalibrationError(bins=3), rows) == pytest.approx(0.2)


def test_a_border_belongs_to_the_bin_below(make_case: MakeCase) -> None:
    """Half sure and right, 90 % sure and wrong: apart .7, together they would be .2."""
    rows = [(np.log([0.5, 0.25, 0.25]).tolist(), 0), (np.log([0.9, 0.05, 0.05]).tolist(), 1)]

    assert metric(make_case, ExpectedCalibrationError(bins=2), rows) == pytest.approx(0.7)


def test_published_brier(make_case: MakeCase) -> None:
    """The example of scikit-learn's brier_score_loss, 0.146, which does not halve it."""
    shares = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]]
    rows = [(np.log(row).tolist(), target) for target, row in enumerate(shares)]

    assert 2 * metric(make_case, Brier(), rows) == pytest.approx(0.146, abs=1e-3)


@given(ROWS)
def test_brier_is_scikit_learn_s(
    make_case: MakeCase, rows: list[tuple[tuple[float, ...], int]]
) -> None:
    """Halved; its softmax is not ours."""
    found = np.array([likelihoods for likelihoods, _ in rows])
    shares = np.exp(found - np.logaddexp.reduce(found, axis=1, keepdims=True))
    targets = [target for _, target in rows]
    expected = brier_score_loss(targets, shares, labels=[0, 1, 2], scale_by_half=True)

    assert metric(make_case, Brier(), rows) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("scorer", [Brier(), ExpectedCalibrationError()])
@given(row=ROWS.map(lambda rows: rows[0]))
def test_a_case_s_own_score_is_one_less_its_own_error(
    make_case: MakeCase, scorer: Calibration, row: tuple[tuple[float, ...], int]
) -> None:
    """So that more is better, as of any score."""
    judged = scorer.score(make_case(CHOICES[row[1]], CHOICES), Output("k", logprobs=row[0]))

    assert judged.value == pytest.approx(1 - metric(make_case, scorer, [row]), abs=1e-12)


def test_very_unlikely_choices_are_no_trouble(make_case: MakeCase) -> None:
    """A summed log-likelihood of a long choice underflows exp."""
    rows = [((-5000.0, -5001.0, -9000.0), 0)]

    expected = (1 - 1 / (1 + math.exp(-1))) ** 2
    assert metric(make_case, Brier(), rows) == pytest.approx(expected)


@pytest.mark.parametrize("scorer", [Brier(), ExpectedCalibrationError()])
@pytest.mark.parametrize(
    ("target", "output", "reason"),
    [
        ("a", Output("k", error="died"), "died"),
        ("a", Output("k", logprobs=(0.0, float("nan"), -1.0)), "log-likelihood of 'b' is nan"),
        ("a", Output("k", logprobs=(0.0, -1.0)), "2 log-likelihoods for 3 choices"),
        (None, Output("k", logprobs=(0.0, -1.0, -2.0)), "the case has no target"),
        ("d", Output("k", logprobs=(0.0, -1.0, -2.0)), "target 'd' is not among the choices"),
    ],
)
def test_what_cannot_be_judged_is_unscored(
    make_case: MakeCase, scorer: Calibration, target: str | None, output: Output, reason: str
) -> None:
    """And adds nothing."""
    judged = scorer.score(make_case(target, CHOICES), output)

    assert (judged.value, judged.reason, judged.parts) == (None, reason, ())


@pytest.mark.parametrize("scorer", [Brier(), ExpectedCalibrationError()])
def test_an_empty_corpus_has_no_calibration(make_case: MakeCase, scorer: Calibration) -> None:
    """Neither 0 nor 1."""
    assert np.isnan(metric(make_case, scorer, []))
