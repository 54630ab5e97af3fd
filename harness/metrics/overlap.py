"""Metrics of overlap between texts, as functions of counts that are summed over a corpus.

Each takes sums [..., D] and gives the metric [...] as a share, where sacrebleu writes percent,
and NaN for sums that are all 0: an empty set has no metric. The cases' counts are sacrebleu's,
in its order.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sums = NDArray[np.float64]
Smoothing = Literal["none", "floor", "add-k", "exp"]

ORDER = 4
"""Longest n-grams of BLEU."""
FLOOR, ADDED = 0.1, 1.0
"""What smoothing adds where nothing is said (Chen and Cherry 2014)."""


def bleu(sums: Sums, smoothing: Smoothing = "exp", amount: float | None = None) -> Sums:
    """Brevity penalty × geometric mean of the n-gram precisions (Papineni et al. 2002).

    ``sums`` [..., 10] are the words of the answers, the words of the references, the matching
    n-grams of 1 to 4 words, and the answers' n-grams of 1 to 4 words. An order without a match
    is smoothed by methods 1 (floor), 2 (add-k) or 3 (exp) of Chen and Cherry 2014.
    """
    answers, references = sums[..., 0], sums[..., 1]
    matches, grams = sums[..., 2 : 2 + ORDER], sums[..., 2 + ORDER :]
    some = matches.any(axis=-1)
    if smoothing == "add-k":
        added = np.array([0, 1, 1, 1]) * (ADDED if amount is None else amount)
        matches, grams = matches + added, grams + added
    credit = matches
    if smoothing == "floor":
        credit = np.where(matches > 0, matches, FLOOR if amount is None else amount)
    elif smoothing == "exp":
        credit = np.where(matches > 0, matches, 0.5 ** (matches == 0).cumsum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(grams > 0, credit / grams, 0.0)
        penalty = np.exp(np.minimum(0.0, 1 - references / answers))
        found = np.where(some, penalty * np.exp(np.log(precisions).mean(axis=-1)), 0.0)
    return _where_any(sums, np.minimum(found, 1.0))


def chrf(sums: Sums, beta: float = 2.0) -> Sums:
    """F-score of the mean precision and mean recall of character n-grams (Popović 2015).

    ``sums`` [..., 3·orders] are, order by order, the answers' n-grams, the references' and those
    that match. An order that either has none of is left out of the means.
    """
    answers, references, matches = (sums[..., offset::3] for offset in range(3))
    both = (answers > 0) & (references > 0)
    orders = np.maximum(both.sum(axis=-1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(both, matches / answers, 0.0).sum(axis=-1) / orders
        recall = np.where(both, matches / references, 0.0).sum(axis=-1) / orders
        score = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
    return _where_any(sums, np.where(precision + recall > 0, np.minimum(score, 1.0), 0.0))


def ter(sums: Sums) -> Sums:
    """Edits per word of the references, shifts among them (Snover et al. 2006); may exceed 1.

    ``sums`` [..., 2] are the edits and the words. Edits against no word at all count as 1.
    """
    edits, words = sums[..., 0], sums[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return _where_any(sums, np.where(words > 0, edits / words, 1.0))


def micro_f1(sums: Sums) -> Sums:
    """2·right / (said + wanted); ``sums`` [..., 3] are right, said and wanted."""
    right, both = sums[..., 0], sums[..., 1] + sums[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(both > 0, 2 * right / both, np.nan)


def _where_any(sums: Sums, values: Sums) -> Sums:
    return np.where(sums.any(axis=-1), values, np.nan)
