"""Draws: their distribution, and what they depend on."""

from __future__ import annotations

import torch
from scipy.stats import chisquare

from harness.engine.sampling import next_tokens


def _drawn(logits: torch.Tensor, seeds: range, positions: range, temperature: float) -> list[int]:
    """One token for each seed at each position; logits [V]."""
    grid = torch.cartesian_prod(torch.tensor(seeds), torch.tensor(positions))
    rows = logits.expand(len(grid), -1)
    return next_tokens(rows, grid[:, 0], grid[:, 1], torch.full((len(grid),), temperature)).tolist()


def test_tokens_are_drawn_as_the_softmax_says() -> None:
    """Over positions of one seed as over seeds at one position."""
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0, -20.0])
    expected = (logits.double() / 0.8).softmax(-1)[:4]
    for seeds, positions in ((range(7, 8), range(8000)), (range(8000), range(3, 4))):
        counts = torch.bincount(torch.tensor(_drawn(logits, seeds, positions, 0.8)), minlength=5)
        assert counts[4] == 0
        share = expected / expected.sum()
        assert chisquare(counts[:4].numpy(), (share * 8000).numpy()).pvalue > 1e-3


def test_every_token_of_a_large_vocabulary_is_as_likely() -> None:
    """Neither end of it is favoured."""
    tokens = torch.tensor(_drawn(torch.zeros(50_000), range(20), range(8), 1.0))
    counts = torch.histc(tokens.float(), bins=4, min=0, max=50_000)
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_a_draw_depends_on_its_own_row_alone() -> None:
    """Not on neighbours, their number or order."""
    torch.manual_seed(0)
    logits, seeds = torch.randn(9, 50), torch.randint(0, 2**31, (9,))
    positions, temperatures = torch.arange(9) * 1000, torch.rand(9) + 0.5
    together = next_tokens(logits, seeds, positions, temperatures)
    for row in range(9):
        one = slice(row, row + 1)
        alone = next_tokens(logits[one], seeds[one], positions[one], temperatures[one])
        assert alone == together[row]
    order = torch.randperm(9)
    shuffled = next_tokens(logits[order], seeds[order], positions[order], temperatures[order])
    assert torch.equal(shuffled, together[order])


def test_seeds_count_modulo_two_to_the_32nd() -> None:
    """As they do where they travel as int32."""
    logits = torch.zeros(3, 1000)
    seeds = torch.tensor([2**32 - 5, -5, 2**33 - 5])
    tokens = next_tokens(logits, seeds, torch.full((3,), 17), torch.ones(3))
    assert len(set(tokens.tolist())) == 1
    narrow = next_tokens(logits, seeds.to(torch.int32), torch.full((3,), 17), torch.ones(3))
    assert torch.equal(narrow, tokens)


def test_without_a_temperature_the_most_likely_token_comes() -> None:
    """The first of equals, as argmax has it; a high temperature does not disturb a neighbour."""
    logits = torch.tensor([[0.0, 3.0, 3.0], [0.0, 0.0, 0.0]])
    tokens = next_tokens(
        logits, torch.tensor([1, 2]), torch.tensor([4, 4]), torch.tensor([0, 50.0])
    )
    assert tokens[0] == 1
