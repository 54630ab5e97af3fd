"""Rows that count more than others: the same statistics of weighted scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.types import Claim, Verdict

RNG = np.random.default_rng(5)


def weighted(declared, weights):
    """The check with these weights of its cases."""
    cases = zip(declared.cases, weights, strict=True)
    return replace(declared, cases=tuple(replace(c, weight=float(w)) for c, w in cases))


def answers(n, share):
    """Right or wrong answers, right in about this share."""
    return (RNG.random(n) < share).astype(float).tolist()


def same(one, other):
    """All numbers of two results are equal, but for the last bits."""
    for name in ("estimate", "interval", "p_value", "candidate_value", "clusters", "n"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9), name
    assert one.verdict is other.verdict


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"claim": Claim.BETTER, "limit": 0.0},
        {"claim": Claim.MIN, "against": None, "limit": 0.7},
        {"claim": Claim.MAX, "against": None, "limit": 0.7},
    ],
)
@pytest.mark.parametrize("clusters", [None, [str(i // 3) for i in range(240)]])
def test_equal_weights_change_nothing(declare, check, change, clusters):
    declared = declare(240, clusters=clusters, **change)
    scores = [answers(240, 0.75)] + ([answers(240, 0.7)] if declared.against else [])
    plain = check(declared, *scores)
    same(check(weighted(declared, [1.0] * 240), *scores), plain)
    same(check(weighted(declared, [0.25] * 240), *scores), plain)


def test_the_estimate_is_of_the_weighted_rows(declare, check):
    candidate, reference = answers(300, 0.8), answers(300, 0.7)
    weights = RNG.uniform(0.1, 5, 300)
    result = check(weighted(declare(300), weights), candidate, reference)
    assert result.candidate_value == pytest.approx(np.average(candidate, weights=weights))
    assert result.reference_value == pytest.approx(np.average(reference, weights=weights))
    difference = result.candidate_value - result.reference_value
    assert result.estimate == pytest.approx(difference)
    assert result.interval[0] < difference < result.interval[1]


def test_rows_of_hardly_any_weight_hardly_matter(declare, check):
    """A loss in rows that count for nothing is none; few rows that count are few."""
    weights = [1.0] * 200 + [1e-9] * 200
    lost_light = [1.0] * 200 + [0.0] * 200
    result = check(weighted(declare(400), weights), lost_light, [1.0] * 400)
    assert result.estimate == pytest.approx(0, abs=1e-6)
    whole = check(declare(400), lost_light, [1.0] * 400)
    assert whole.estimate == -0.5


@pytest.mark.parametrize("spread", [1.0, 9.0])
def test_an_arm_that_is_worse_by_the_margin_seldom_passes(declare, check, spread):
    """At most α of 300 draws, four standard errors allowed."""
    n, margin, runs = 300, 0.05, 300
    passed = 0
    for _ in range(runs):
        weights = RNG.uniform(1, spread, n)
        both = RNG.random(n)
        reference = (both < 0.80).astype(float)
        candidate = ((both < 0.75) & (RNG.random(n) < 0.97)) | (RNG.random(n) < 0.0225)
        worse = candidate.astype(float)
        result = check(
            weighted(declare(n, limit=margin), weights), worse.tolist(), reference.tolist()
        )
        passed += result.verdict is Verdict.PASS
    true = 0.75 * 0.97 + (1 - 0.75 * 0.97) * 0.0225 - 0.80
    assert true <= -margin
    assert passed / runs <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / runs)
