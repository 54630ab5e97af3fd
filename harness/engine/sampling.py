"""The next token of each row: the most likely one, or one drawn by its own seed.

A draw is a function of (seed, position, token) alone: Gumbel noise from a counter, no generator
with a state. So a row's draw depends on no other row, and a captured graph may replay it.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_FACTORS = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))


def next_tokens(logits: Tensor, seeds: Tensor, positions: Tensor, temperatures: Tensor) -> Tensor:
    """Tokens [B] int64 for fp32 logits [B, V].

    Where ``temperatures`` [B] is 0, the most likely token; elsewhere one drawn from
    softmax(logits / temperature). ``seeds`` [B] count modulo 2³²; ``positions`` [B] is how many
    tokens stand before the new one, prompt included.
    """
    noise = _gumbel(seeds.long(), positions.long(), logits.shape[-1])
    sharp = temperatures.clamp_min(torch.finfo(torch.float32).tiny)[:, None]
    drawn = (logits / sharp + noise).argmax(-1)
    return torch.where(temperatures > 0, drawn, logits.argmax(-1))


def _gumbel(seeds: Tensor, positions: Tensor, tokens: int) -> Tensor:
    """Standard Gumbel noise [B, tokens]: SplitMix64 (Steele et al. 2014) from (seed, position)."""
    start = _mixed((seeds & 0xFFFFFFFF) << 32 | (positions & 0xFFFFFFFF))
    steps = torch.arange(1, tokens + 1, device=seeds.device) * _GOLDEN
    bits = _shifted(_mixed(start[:, None] + steps), 32)
    uniform = (bits.to(torch.float32) + 0.5) * 2.0**-32
    return -torch.log(-torch.log1p(-uniform))


def _mixed(word: Tensor) -> Tensor:
    """SplitMix64's finaliser on int64, which wraps as uint64 does."""
    word = (word ^ _shifted(word, 30)) * _FACTORS[0]
    word = (word ^ _shifted(word, 27)) * _FACTORS[1]
    return word ^ _shifted(word, 31)


def _shifted(word: Tensor, by: int) -> Tensor:
    """To the right without the sign."""
    return (word >> by) & ((1 << (64 - by)) - 1)
