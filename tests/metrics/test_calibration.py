"""Expected calibration error as a function of sums."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.calibration import expected_error


def test_bins_are_compared_and_then_averaged_by_their_answers() -> None:
    """By hand: |1.8 − 1|/3 and |0.9 − 1|/3."""
    sums = np.array([[2.0, 0.0, 1.0], [1.8, 0.0, 0.9], [1.0, 0.0, 1.0]])

    assert expected_error(sums) == pytest.approx(0.3)


def test_resamples_are_independent() -> None:
    """Sums of any shape [..., 3, bins]; an empty one is NaN."""
    sums = np.random.default_rng(5).uniform(0, 20, (3, 4, 3, 15))
    sums[1, 2] = 0.0

    found = expected_error(sums)

    assert found.shape == (3, 4)
    assert np.isnan(found[1, 2])
    for index in np.ndindex(3, 4):
        np.testing.assert_array_equal(found[index], expected_error(sums[index]))
