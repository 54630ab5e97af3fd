"""One sum over another."""

from __future__ import annotations

import numpy as np

from harness.metrics.ratio import ratio


def test_nothing_over_nothing_is_not_defined() -> None:
    """Of any shape; neither 0 nor 1."""
    found = ratio(np.array([[3.0, 0.0], [0.0, -1.0]]), np.array([[2.0, 0.0], [4.0, 4.0]]))

    np.testing.assert_array_equal(found, [[1.5, np.nan], [0.0, -0.25]])
