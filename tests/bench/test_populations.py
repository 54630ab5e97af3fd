"""Made-up data sets have the truth that they are said to have."""

import numpy as np
import pytest

from harness.bench.gate import populations
from harness.bench.gate.populations import ICC, SHAPES, cluster_sizes

POPULATIONS = [populations.binary, populations.normal, populations.graded]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [50, 100, 200, 300, 500, 1000, 2000])
def test_cluster_sizes_are_whole_and_add_up(shape, n):
    sizes = cluster_sizes(shape, n)
    assert sizes.sum() == n
    assert (sizes >= 1).all()
    assert (sizes == np.floor(sizes)).all()
    assert (np.diff(sizes) <= 0).all()


def test_skewed_clusters_are_five_large_ones_and_pairs():
    assert cluster_sizes("skewed", 500).tolist() == [60] * 5 + [2] * 100


def test_zipf_clusters_shrink_with_their_rank():
    sizes = cluster_sizes("zipf", 2000)
    assert len(sizes) == 100
    assert sizes[0] / sizes[9] == pytest.approx(10, rel=0.05)


def test_an_unknown_shape_is_named():
    with pytest.raises(ValueError, match="no clusters are called 'round'"):
        cluster_sizes("round", 50)


def test_outcomes_of_a_cluster_have_the_intra_cluster_correlation_by_its_definition():
    """ICC = Cov(d_i, d_j)/Var(d): from Var(Σd) = m·Var(d)·(1 + (m−1)·ICC), and mean m·Δ."""
    psi, difference, size = 0.12, -0.03, 7
    wins, losses, chance = populations.outcomes(size, psi, difference)
    assert chance.sum() == pytest.approx(1)
    assert ((wins + losses) @ chance) == pytest.approx(size * psi)
    mean = (wins - losses) @ chance
    assert mean == pytest.approx(size * difference)
    variance = ((wins - losses) ** 2) @ chance - mean**2
    assert (variance / size / (psi - difference**2) - 1) / (size - 1) == pytest.approx(ICC)


def test_a_cluster_of_one_row_is_that_row():
    wins, losses, chance = populations.outcomes(1, 0.1, -0.04)
    found = {(w, l): p for w, l, p in zip(wins, losses, chance, strict=True)}
    assert found == pytest.approx({(0, 0): 0.9, (0, 1): 0.07, (1, 0): 0.03})


def test_where_every_change_is_a_loss_nothing_is_won():
    wins, _, chance = populations.outcomes(6, 0.05, -0.05)
    assert chance[wins > 0].sum() == 0


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_draws_have_the_mean_and_the_correlation_they_were_asked_for(population, shape):
    """Var(Σ_cluster d)/(m·Var(d)) = 1 + (m−1)·ICC, pooled over clusters, within 5 errors."""
    sizes, psi, difference, draws = cluster_sizes(shape, 100), 0.2, -0.05, 8000
    drawn = population(np.random.default_rng(5), sizes, psi, difference, draws)
    assert drawn.n == 100
    assert drawn.clustered == (shape != "none")
    total = drawn.sums.sum(axis=1)
    assert total.mean() / 100 == pytest.approx(difference, abs=5 * total.std() / 100 / draws**0.5)
    one = drawn.squares.mean() / 100 - difference**2
    inflation = total.var() / (100 * one)
    expected = 1 + (np.square(sizes).sum() / 100 - 1) * ICC
    assert inflation == pytest.approx(expected, rel=5 * (2 / draws) ** 0.5)


@pytest.mark.parametrize("population", POPULATIONS)
def test_the_same_seed_draws_the_same(population):
    sizes = cluster_sizes("equal", 50)
    one, other = (population(np.random.default_rng(3), sizes, 0.2, -0.03, 9) for _ in range(2))
    assert one.sums.tolist() == other.sums.tolist()
    assert one.squares.tolist() == other.squares.tolist()


def test_graded_scores_change_in_a_share_of_rows_by_quarters():
    drawn = populations.graded(np.random.default_rng(7), np.ones(500), 0.2, -0.05, 200)
    values, counts = np.unique(drawn.rows, return_counts=True)
    assert values.tolist() == [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
    assert counts[4] / counts.sum() == pytest.approx(0.8, abs=0.01)


def test_graded_scores_that_cannot_be_so_bad_are_refused():
    with pytest.raises(ValueError, match=r"no mean of -0\.05"):
        populations.graded(np.random.default_rng(0), np.ones(9), 0.05, -0.05, 1)
