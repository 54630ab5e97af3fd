"""F1 and correlation of labels, as functions of counts that are summed over a corpus.

Of the confusion matrix they need its diagonal and its margins: ``counts`` [..., 3, L] are, of
each of L labels, how often it was right, answered and wanted. Each metric is [...], and NaN for
counts that are all 0: an empty set has no metric.
"""

from __future__ import annotations

import numpy as np

from .ratio import Sums, ratio


def micro_f1(counts: Sums) -> Sums:
    """2·right / (answered + wanted) of all labels together, from 0 to 1."""
    right, answered, wanted = _margins(counts)
    return ratio(2 * right.sum(axis=-1), answered.sum(axis=-1) + wanted.sum(axis=-1))


def macro_f1(counts: Sums) -> Sums:
    """Mean of the labels' own F1, from 0 to 1.

    A label that is neither wanted nor answered has none and is left out, as scikit-learn does
    by default; one that is never right counts as 0.
    """
    found = _label_f1(counts)
    occurs = ~np.isnan(found)
    return ratio(np.where(occurs, found, 0.0).sum(axis=-1), occurs.sum(axis=-1))


def weighted_f1(counts: Sums) -> Sums:
    """Mean of the labels' own F1, each by how often it is wanted, from 0 to 1."""
    found, wanted = _label_f1(counts), counts[..., 2, :]
    return ratio((np.where(wanted > 0, found, 0.0) * wanted).sum(axis=-1), wanted.sum(axis=-1))


def mcc(counts: Sums) -> Sums:
    """Matthews' correlation of answers and targets, from −1 to 1 (R_K of Gorodkin 2004).

    (c·s − Σ a·w) / √((s² − Σ a²)(s² − Σ w²)), with c right of s answers, and of each label a
    answered and w wanted. 0 where one label is the answer to everything, as in scikit-learn. Where
    only one label is wanted there is nothing to correlate with: NaN, where scikit-learn has 0.
    """
    right, answered, wanted = _margins(counts)
    total = wanted.sum(axis=-1)
    together = right.sum(axis=-1) * total - (answered * wanted).sum(axis=-1)
    spread = _spread(answered) * _spread(wanted)
    constant = np.count_nonzero(answered, axis=-1) < 2
    correlation = np.where(constant, 0.0, ratio(together, np.sqrt(spread)))
    return np.where(np.count_nonzero(wanted, axis=-1) < 2, np.nan, correlation)


def _margins(counts: Sums) -> tuple[Sums, Sums, Sums]:
    return counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]


def _label_f1(counts: Sums) -> Sums:
    right, answered, wanted = _margins(counts)
    return ratio(2 * right, answered + wanted)


def _spread(margin: Sums) -> Sums:
    """(Σ m)² − Σ m² as a sum of what cannot be negative."""
    spread: Sums = (margin * (margin.sum(axis=-1, keepdims=True) - margin)).sum(axis=-1)
    return spread
