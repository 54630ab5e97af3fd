"""Rows that are one piece of evidence: cluster-robust variance and design effect.

Sources: Liang and Zeger (1986), Biometrika 73, 13–22, with the CR1 correction G/(G−1);
Kish (1965), Survey Sampling, for Σm²/n and the design effect 1 + (k−1)·ICC.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ICC_FLOOR = 0.3
"""Assumed intra-cluster correlation: a small sample cannot show that rows are independent."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """A partition of n rows into G clusters; ``index`` is each row's cluster, 0..G−1."""

    index: NDArray[np.intp]
    sizes: Values

    @classmethod
    def of(cls, labels: Sequence[Hashable]) -> Clusters:
        """Partition rows by equal labels."""
        number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
        index = np.fromiter(map(number.__getitem__, labels), np.intp, len(labels))
        return cls(index, np.bincount(index, minlength=len(number)).astype(np.float64))

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.index)

    @property
    def count(self) -> int:
        """G, the number of clusters."""
        return len(self.sizes)

    @property
    def typical_size(self) -> float:
        """K = Σm²/n: the size of the cluster in which a random row lies."""
        return float(np.square(self.sizes).sum() / self.n)

    @property
    def effective(self) -> float:
        """n²/Σm²: as many equal clusters would say as much."""
        return self.n / self.typical_size

    @property
    def df(self) -> float | None:
        """Degrees of freedom G−1; None (the normal) where every row is its own cluster."""
        return None if self.count == self.n else self.count - 1

    def sums(self, values: Values) -> Values:
        """Σ of the values in each cluster [G]."""
        return np.bincount(self.index, values, self.count).astype(np.float64)

    def robust_variance(self, values: Values) -> float:
        """CR1 variance of the mean of values [n]."""
        # Centred before it is summed: clusters of equal sums must not leave rounding behind.
        return float(robust_variance(self.sums(values - values.mean()), self.sizes))

    def design_effect(self, values: Values) -> float:
        """How much less the rows say than independent ones: ≥ 1 + (k−1)·0.3.

        See the function of the same name; 1 where nothing is clustered.
        """
        if self.df is None:
            return 1.0
        sums = self.sums(values - values.mean())
        return float(design_effect(sums, self.sizes, values.var(ddof=1) / self.n))


def robust_variance(sums: Values, sizes: Values) -> Values:
    """CR1 variance of a mean: G/(G−1) · Σ_c (s_c − m_c·v̄)² / n², s_c the cluster's sum.

    ``sums`` [..., G] may hold many draws; ``sizes`` [G] are theirs all.
    """
    n, count = sizes.sum(), sizes.shape[-1]
    mean = sums.sum(axis=-1, keepdims=True) / n
    result: Values = np.square(sums - sizes * mean).sum(axis=-1) * (count / (count - 1) / n**2)
    return result


def design_effect(sums: Values, sizes: Values, independent: Values | np.float64) -> Values:
    """max(SE_CR1²/SE_iid², 1 + (k−1)·ICC₀), of many draws at once; k = Σm²/n.

    ``sums`` [..., G] of the values in each cluster, ``independent`` [...] the variance that the
    mean would have if rows were independent. The ratio counts as 1 where that is 0.
    """
    floor = 1 + (np.square(sizes).sum() / sizes.sum() - 1) * ICC_FLOOR
    robust = robust_variance(sums, sizes)
    ratio = np.divide(robust, independent, out=np.ones_like(robust), where=independent > 0)
    result: Values = np.maximum(ratio, floor)
    return result
