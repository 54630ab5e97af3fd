"""Checks of a metric that is no mean: macro-F1, perplexity, BLEU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from harness.gate.check import Declared, measure
from harness.suite.scoring import CorpusScorer, Judgement, Reads
from harness.types import Claim, Score, Verdict


class F1(CorpusScorer):
    """2TP / (said + gold)."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    def size(self, choices: Sequence[str]) -> int:
        return 3

    def combine(self, sums: Any) -> Any:
        return 2 * sums[..., 0] / (sums[..., 1] + sums[..., 2])

    def score(self, case: Any, output: Any) -> Judgement:
        raise NotImplementedError


class Cost(F1):
    """Σ amount / Σ count, the less the better, without an upper end."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    bounded: ClassVar[bool] = False

    def size(self, choices: Sequence[str]) -> int:
        return 2

    def combine(self, sums: Any) -> Any:
        return sums[..., 0] / sums[..., 1]


Make = Callable[..., Declared]
RNG = np.random.default_rng(1)
N = 400


def _scores(declared: Declared, arm, values: Sequence[float], parts) -> dict:
    return {
        (case.digest, arm.digest, declared.metric): (
            Score(case.digest, arm.digest, declared.metric, float(value), parts=tuple(part)),
        )
        for case, value, part in zip(declared.cases, values, parts, strict=True)
    }


def _labels(arm_is_right: np.ndarray) -> list[list[tuple[int, float]]]:
    """Half of the cases are of the class; a wrong answer says the other."""
    found = []
    for number, right in enumerate(arm_is_right):
        gold, said = number % 2, (number % 2) == right
        found.append([(0, float(gold and said)), (1, float(said)), (2, float(gold))])
    return found


@pytest.fixture
def f1(declare: Make) -> Declared:
    return declare(N, metric="f1", corpus=F1(), limit=0.05)


def _measured(declared: Declared, arms, right: np.ndarray, reference: np.ndarray | None):
    _, baseline, candidate = arms
    scores = _scores(declared, candidate, right, _labels(right))
    if reference is None:
        return measure(declared, candidate, None, scores, 0.05, 0.05)
    scores |= _scores(declared, baseline, reference, _labels(reference))
    return measure(declared, candidate, baseline, scores, 0.05, 0.05)


def _value(right: np.ndarray) -> float:
    sums = np.zeros(3)
    for part in _labels(right):
        for index, amount in part:
            sums[index] += amount
    return float(2 * sums[0] / (sums[1] + sums[2]))


def test_the_difference_is_that_of_the_metric_on_all_cases(f1: Declared, arms):
    right, reference = RNG.random((2, N)) < [[0.9], [0.8]]
    result = _measured(f1, arms, right, reference)
    assert result.estimate == pytest.approx(_value(right) - _value(reference))
    assert result.candidate_value == pytest.approx(_value(right))
    assert result.reference_value == pytest.approx(_value(reference))
    assert (result.verdict, result.method) == (Verdict.PASS, "BCa bootstrap")
    assert result.wins == int((right & ~reference).sum())


def test_a_worse_arm_is_no_pass_and_a_proven_loss(f1: Declared, arms):
    right, reference = RNG.random((2, N)) < [[0.7], [0.9]]
    result = _measured(f1, arms, right, reference)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.p_worse is not None
    assert result.p_worse < 0.001
    assert result.interval is not None
    assert result.interval[1] < 0


def test_a_gate_repeated_gives_the_same_bounds(f1: Declared, arms):
    right, reference = RNG.random((2, N)) < 0.85
    assert _measured(f1, arms, right, reference) == _measured(f1, arms, right, reference)


def test_equal_arms_pass_where_the_cases_suffice_for_the_margin(declare: Make, arms):
    """Nothing can be resampled, and a rule of three still bounds what was not seen."""
    right = RNG.random(N) < 0.9
    f1 = declare(N, metric="f1", corpus=F1(), limit=0.05)
    result = _measured(f1, arms, right, right)
    assert (result.estimate, result.verdict) == (0.0, Verdict.PASS)
    few = declare(20, metric="f1", corpus=F1(), limit=0.05)
    assert _measured(few, arms, right[:20], right[:20]).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [(0.8, Verdict.PASS), (0.9, Verdict.INCONCLUSIVE), (0.97, Verdict.REGRESSED)],
)
def test_a_floor_is_cleared_by_the_lower_bound(declare: Make, arms, limit, verdict):
    floor = declare(N, metric="f1", corpus=F1(), claim=Claim.MIN, against=None, limit=limit)
    right = np.arange(N) % 10 > 0
    result = _measured(floor, arms, right, None)
    assert result.verdict is verdict
    assert result.estimate == pytest.approx(_value(right))
    assert (result.more_cases is not None) == (verdict is Verdict.INCONCLUSIVE)


def test_less_is_better_where_the_metric_says_so(declare: Make, arms):
    """The difference is an improvement, the values are the metric's own, in its own unit."""
    _, baseline, candidate = arms
    cost = declare(N, metric="cost", corpus=Cost(), limit=0.5)
    amounts = RNG.gamma(4, 3, N)
    scores = _scores(cost, candidate, np.ones(N), [[(0, a * 0.9), (1, 1.0)] for a in amounts])
    scores |= _scores(cost, baseline, np.ones(N), [[(0, a), (1, 1.0)] for a in amounts])
    result = measure(cost, candidate, baseline, scores, 0.05, 0.05)
    assert result.estimate == pytest.approx(amounts.mean() * 0.1)
    assert result.reference_value == pytest.approx(amounts.mean())
    assert result.verdict is Verdict.PASS
    assert "(less is better)" in result.reason
    assert "points" not in result.reason


def test_repeats_of_a_case_count_as_one(declare: Make, arms):
    _, baseline, candidate = arms
    cost = declare(N, metric="cost", corpus=Cost(), limit=0.5)
    once = {
        (case.digest, arm.digest, "cost"): (
            Score(case.digest, arm.digest, "cost", 1.0, parts=((0, amount), (1, 1.0))),
        )
        for arm, amount in ((candidate, 2.0), (baseline, 3.0))
        for case in cost.cases
    }
    some = RNG.random(N)
    for case, shift in zip(cost.cases, some, strict=True):
        key = (case.digest, candidate.digest, "cost")
        once[key] = tuple(
            Score(*key[:2], "cost", 1.0, "", repeat, parts=((0, amount), (1, 1.0)))
            for repeat, amount in enumerate((2 + shift, 2 - shift / 2))
        )
    result = measure(cost, candidate, baseline, once, 0.05, 0.05)
    assert result.candidate_value == pytest.approx(2 + some.mean() / 4)


def test_too_few_rows_are_not_measured(declare: Make, arms):
    few = declare(50, metric="f1", corpus=F1(), limit=0.05)
    right, reference = RNG.random((2, 50)) < 0.8
    result = _measured(few, arms, right, reference)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.reason == "f1: 50 rows are too few to resample; 200 are the least"
