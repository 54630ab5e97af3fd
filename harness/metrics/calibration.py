"""How far from how often an arm is right is how sure it is?"""

from __future__ import annotations

import numpy as np

from .ratio import Sums, ratio


def expected_error(sums: Sums) -> Sums:
    """Expected calibration error [...], from 0 to 1 (Guo et al. 2017, equation 3).

    ``sums`` [..., 3, bins] are, of each bin of confidence, the answers, their confidences and how
    many of them are right: Σ |confidences − right| / Σ answers. NaN without an answer.
    """
    answers, confidences, right = sums[..., 0, :], sums[..., 1, :], sums[..., 2, :]
    return ratio(np.abs(confidences - right).sum(axis=-1), answers.sum(axis=-1))
