"""The noise floor of an A/A run."""

import math

from harness.gate.noise import measure_noise
from harness.types import Score

from .conftest import BASELINE


def _twice(declared, first, second):
    return {
        (case.digest, BASELINE.digest, "accuracy"): [
            Score(case.digest, BASELINE.digest, "accuracy", value, "", repeat)
            for repeat, value in enumerate(pair)
        ]
        for case, pair in zip(declared.cases, zip(first, second, strict=True), strict=True)
    }


def test_the_floor_is_two_standard_errors_of_the_baseline_against_itself(declare):
    """10 flips of 100: f = .1, 2·√(.1/100) = .0632."""
    declared = declare(100)
    noise = measure_noise(
        declared, BASELINE, _twice(declared, [1.0] * 100, [0.0] * 10 + [1.0] * 90)
    )
    assert (noise.n, noise.flips, noise.rate) == (100, 10, 0.1)
    assert math.isclose(noise.floor, 0.0632, abs_tol=1e-4)


def test_a_deterministic_engine_has_no_noise(declare):
    declared = declare(50)
    assert measure_noise(declared, BASELINE, _twice(declared, [0.5] * 50, [0.5] * 50)).floor == 0


def test_small_changes_of_graded_scores_are_little_noise(declare):
    declared = declare(100)
    noise = measure_noise(declared, BASELINE, _twice(declared, [0.5] * 100, [0.6] * 100))
    assert noise.flips == 100
    assert math.isclose(noise.floor, 2 * 0.1 / 10)


def test_without_a_second_answer_to_every_case_nothing_is_known(declare):
    declared = declare(3)
    scores = _twice(declared, [1.0] * 3, [None, 1.0, 1.0])
    assert measure_noise(declared, BASELINE, scores) is None
    assert measure_noise(declare(0), BASELINE, {}) is None


def test_a_look_is_judged_by_the_noise_of_all_its_planned_cases(declare, arms):
    _, baseline, _ = arms
    declared = declare(100)
    scores = _twice(declared, [1.0] * 100, [0.0] * 10 + [1.0] * 90)
    noise = measure_noise(declared, baseline, scores, planned=400)
    assert math.isclose(noise.floor, 0.0316, abs_tol=1e-4)
