"""How well does a model foresee texts? From log-likelihoods (natural) summed over a corpus.

The definitions are those of lm-eval: the sums are divided, not the texts' own values averaged,
so that a long text counts more than a short one.
"""

from __future__ import annotations

import math

import numpy as np

from .ratio import Sums, ratio


def perplexity(sums: Sums) -> Sums:
    """exp(−Σ log-likelihood / Σ tokens) [...], 1 and up; NaN without a token.

    ``sums`` [..., 2] are the log-likelihoods and the tokens.
    """
    with np.errstate(over="ignore"):
        return np.exp(-ratio(sums[..., 0], sums[..., 1]))


def bits_per_byte(sums: Sums) -> Sums:
    """−Σ log-likelihood / (ln 2 · Σ bytes) [...], 0 and up; NaN without a byte.

    ``sums`` [..., 2] are the log-likelihoods and the bytes.
    """
    return -ratio(sums[..., 0], sums[..., 1]) / math.log(2)
