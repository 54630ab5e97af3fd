"""Cells are judged as the product judges: the arrays say what ``compare`` says, draw by draw."""

import numpy as np
import pytest

from harness.bench.gate import cells, populations
from harness.bench.gate.cells import ALPHA, Cell, boundary, enumerated, simulated
from harness.bench.gate.populations import Draws, cluster_sizes
from harness.stats import tango
from harness.stats.clusters import Clusters
from harness.stats.paired import compare


def _compared(rows, sizes, margin):
    """Of rows of differences: promoted, and rejected, by the product's comparison."""
    labels = np.repeat(np.arange(len(sizes)), sizes.astype(int)).tolist()
    reference = np.where(rows < 0, 1.0, 0.0)  # scores in [0, 1] with these differences
    found = compare(reference, reference + rows, Clusters.of(labels), ALPHA, ALPHA)
    return found.low > -margin, found.p_worse < ALPHA and not found.low > -margin


@pytest.mark.parametrize("shape", populations.SHAPES)
@pytest.mark.parametrize("population", [populations.normal, populations.graded])
def test_graded_scores_are_judged_as_a_comparison_judges_them(population, shape):
    sizes = cluster_sizes(shape, 300)
    drawn = population(np.random.default_rng(2), sizes, 0.3, 0.0, 40)
    expected = [_compared(rows, sizes, 0.05)[0] for rows in drawn.rows]
    assert cells.not_worse_rows(drawn, 0.05).tolist() == expected
    assert 0 < sum(expected) < 40 or population is populations.normal


@pytest.mark.parametrize("shape", populations.SHAPES)
def test_right_or_wrong_scores_are_judged_as_a_comparison_judges_them(shape):
    sizes, rng = cluster_sizes(shape, 300), np.random.default_rng(4)
    rows = rng.choice([-1.0, 0.0, 1.0], size=(60, 300), p=[0.09, 0.84, 0.07])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
    sums = np.add.reduceat(rows, starts, axis=1) if shape != "none" else rows.sum(1, keepdims=True)
    drawn = Draws(sums, np.square(rows).sum(axis=1), sizes)
    promoted, rejected, naive = cells.by_counts(drawn, 0.03)
    expected = [_compared(each, sizes, 0.03) for each in rows]
    assert list(zip(promoted, rejected, strict=True)) == expected
    plain = [_compared(each, np.ones(300), 0.03)[0] for each in rows]
    assert naive.tolist() == plain


def test_an_enumerated_cell_is_a_sum_over_all_outcomes():
    """Brute force: every (w, l), its trinomial probability, Tango's p."""
    from scipy.stats import multinomial

    n, psi, margin = 24, 0.3, 0.1
    shares = [(psi - margin) / 2, (psi + margin) / 2, 1 - psi]
    expected = sum(
        multinomial.pmf([w, l, n - w - l], n, shares)
        for w in range(n + 1)
        for l in range(n + 1 - w)
        if tango.p_not_worse(float(w), float(l), float(n), margin) < ALPHA
    )
    found = enumerated(Cell("binary", "none", n, psi, margin, -margin))
    assert found.promoted == pytest.approx(expected)
    assert found.error is None


def test_a_simulated_cell_agrees_with_its_enumeration():
    cell = Cell("binary", "none", 200, 0.1, 0.05, 0.0)
    drawn = simulated(cell, 20_000)
    assert drawn.promoted == pytest.approx(enumerated(cell).promoted, abs=4 * drawn.error)
    assert drawn.naive == drawn.promoted


def test_a_cell_draws_the_same_every_time():
    cell = Cell("graded", "equal", 50, 0.2, 0.05, 0.0)
    assert simulated(cell, 500) == simulated(cell, 500)


def test_the_grid_has_no_population_that_cannot_be():
    binary, graded = list(boundary("binary", "none")), list(boundary("graded", "none"))
    assert len(binary) == 7 * (4 + 4 + 4)
    assert all(cell.psi >= cell.margin for cell in binary)
    assert len(graded) == 7 * (4 + 4 + 3)


def test_a_simulated_cell_fails_only_where_its_lower_bound_is_above_the_limit():
    cell = Cell("normal", "none", 50, 0.1, 0.02, -0.02)
    assert not cells.Judged(cell, 0.061, 10_000).exceeds(0.06)
    assert cells.Judged(cell, 0.070, 10_000).exceeds(0.06)
    assert cells.Judged(cell, 0.0601, None).exceeds(0.06)
