"""McNemar's test: it detects a difference and never proves that there is none.

Exact: given m = w + l discordant pairs, wins are binomial (m, ½) if the arms are equal. The mid-p
version counts only half of the outcome that was seen. Arguments broadcast; scalars give floats.

Sources: McNemar (1947), Psychometrika 12, 153–157; for mid-p Fagerland, Lydersen and Laake
(2013), BMC Medical Research Methodology 13, 91.
"""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, gammaln

from . import tango
from .tango import X, plain


def z(w: X, l: X) -> X:
    """(w − l)/√(w + l); 0 where no pair is discordant."""
    return tango.score(w, l, w + l + 1.0, 0.0)


def exact(w: X, l: X) -> X:
    """Two-sided exact p."""
    return plain(w, np.minimum(1.0, 2 * exact_worse(np.minimum(w, l), np.maximum(w, l))))


def mid_p(w: X, l: X) -> X:
    """Two-sided mid-p; 1 where no pair is discordant."""
    one_sided = mid_p_worse(np.minimum(w, l), np.maximum(w, l))
    tied = (w == l) & (w + l > 0)
    return plain(w, np.where(tied, 1 - _seen(w, l) / 2, np.minimum(1.0, 2 * one_sided)))


def exact_worse(w: X, l: X) -> X:
    """One-sided exact p of H0: Δ ≥ 0; small shows a loss."""
    return plain(w, bdtr(w, np.asarray(w + l, dtype=np.int64), 0.5))


def mid_p_worse(w: X, l: X) -> X:
    """One-sided mid-p of H0: Δ ≥ 0; 1 where no pair is discordant."""
    return plain(w, np.where(w + l == 0, 1.0, exact_worse(w, l) - _seen(w, l) / 2))


def _seen(w: X, l: X) -> X:
    """Probability of just these wins among w + l pairs."""
    return plain(
        w, np.exp(gammaln(w + l + 1) - gammaln(w + 1) - gammaln(l + 1) - (w + l) * np.log(2))
    )
