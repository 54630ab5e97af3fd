"""How many more cases."""

import numpy as np
import pytest

from harness.stats.clusters import Clusters
from harness.stats.paired import compare
from harness.stats.plan import cases_for_level, cases_for_not_worse


def _seen(wins, losses, n):
    reference = np.array([0.0] * wins + [1.0] * (n - wins))
    candidate = np.array([1.0] * wins + [0.0] * losses + [1.0] * (n - wins - losses))
    return compare(reference, candidate, Clusters.of(range(n)), 0.05, binary=True)


@pytest.mark.parametrize(("psi", "expected"), [(0.05, 344), (0.10, 687), (0.20, 1374)])
def test_equal_arms_need_the_published_number_at_three_points(psi, expected):
    """6.183·ψ/δ² for one-sided .05 and 80% power (shared reference)."""
    half = int(psi * 1000 / 2)
    assert cases_for_not_worse(_seen(half, half, 1000), 0.03, 0.05) == pytest.approx(
        expected, abs=2
    )


def test_no_discordant_pair_still_needs_the_least_n_at_which_tango_passes():
    assert cases_for_not_worse(_seen(0, 0, 20), 0.03, 0.05) == pytest.approx(88, abs=1)


def test_more_cases_hardly_help_where_half_the_margin_is_already_lost():
    assert cases_for_not_worse(_seen(0, 20, 1000), 0.03, 0.05) is None


def test_a_level_on_its_limit_cannot_be_planned():
    assert cases_for_level(0.8, 0.8, 1.0, 0.05) is None
    near, far = cases_for_level(0.82, 0.8, 1.0, 0.05), cases_for_level(0.9, 0.8, 1.0, 0.05)
    assert near > far > 0
