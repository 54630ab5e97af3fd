"""Corpus metrics from scores: each case's parts summed by cluster, then resampled.

Where no case of two arms differs there is nothing to resample: the cases' own scores, all equal,
bound the difference instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.stats.bootstrap import Resampled
from harness.stats.clusters import Clusters, Values
from harness.stats.corpus import Combine, compare_corpora, corpus_level
from harness.stats.paired import Comparison, compare
from harness.suite.scoring import CorpusScorer
from harness.types import Arm, Case, Score

SEED = 20_240_229
"""Of the resamples, so that a gate repeated gives the same bounds."""


def arm_level(sums: Values, scorer: CorpusScorer, clusters: Clusters) -> Resampled:
    """One arm's metric, resampled; ValueError where it cannot be."""
    return corpus_level(sums, scorer.combine, clusters, np.random.default_rng(SEED))


def arms_compared(
    columns: Sequence[Values],
    sums: Sequence[Values],
    scorer: CorpusScorer,
    clusters: Clusters,
    alpha: float,
    alpha_worse: float,
) -> Comparison:
    """Candidate against reference, in this order; the difference is positive where it is better.

    ``columns`` [n] are the cases' own scores, ``sums`` [G, D] the arms' parts by cluster.
    ValueError where it cannot be resampled.
    """
    candidate, reference = sums
    if np.array_equal(candidate, reference):
        return compare(columns[1], columns[0], clusters, alpha, alpha_worse)
    rng = np.random.default_rng(SEED)
    differences = columns[0] - columns[1]
    goodness = _goodness(scorer)
    return compare_corpora(
        reference, candidate, goodness, differences, clusters, alpha, alpha_worse, rng
    )


def _goodness(scorer: CorpusScorer) -> Combine:
    if scorer.better == "higher":
        return scorer.combine
    return lambda sums: -scorer.combine(sums)


def cluster_sums(
    scores: Mapping[tuple[str, str, str], Sequence[Score]],
    cases: Sequence[Case],
    arm: Arm,
    metric: str,
    scorer: CorpusScorer,
    clusters: Clusters,
) -> Values:
    """The parts of an arm's answers by their cases' weights, summed by cluster, [G, D].

    Repeats count as one together.
    """
    sums = np.zeros((clusters.count, scorer.size(cases[0].choices)))
    for case, cluster in zip(cases, clusters.index, strict=True):
        found = scores[case.digest, arm.digest, metric]
        for score in found:
            for index, amount in score.parts:
                sums[cluster, index] += case.weight * amount / len(found)
    return sums
