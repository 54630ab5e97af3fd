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
        seen: dict[Hashable, int] = {}
        index = np.fromiter((seen.setdefault(x, len(seen)) for x in labels), np.intp, len(labels))
        return cls(index, np.bincount(index, minlength=len(seen)).astype(np.float64))

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

    def robust_variance(self, values: Values) -> float:
        """CR1 variance of the mean: G/(G−1) · Σ_c (Σ_{i∈c} (v_i − v̄))² / n²."""
        sums = np.bincount(self.index, weights=values - values.mean(), minlength=self.count)
        return float(np.square(sums).sum() * self.count / (self.count - 1) / self.n**2)

    def design_effect(self, values: Values) -> float:
        """How much less the rows say than independent ones: ≥ 1 + (k−1)·0.3.

        max(SE_CR1²/SE_iid², 1 + (k−1)·ICC₀); the ratio counts as 1 where the values are all
        equal; 1 where nothing is clustered.
        """
        if self.df is None:
            return 1.0
        floor = 1 + (self.typical_size - 1) * ICC_FLOOR
        independent = float(values.var(ddof=1)) / self.n
        if independent == 0:
            return max(1.0, floor)
        return max(self.robust_variance(values) / independent, floor)
