"""Early looks at a sequential check: which cases each look has, and whether it is the last.

Group-sequential design (Jennison and Turnbull, 2000): up to four planned looks, each on the
border of clusters, in an order drawn by hashing, fixed before anything is run. At a look the
fixed-sample test is used at that look's nominal level, so PASS still means L > −δ. The p-values
are sequential: the smallest level at which the boundary was crossed by now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import ndtri

from harness.stats import sequential
from harness.stats.clusters import ICC_FLOOR, Clusters
from harness.stats.paired import compare
from harness.types import Arm, Case, CheckResult, Noise, Verdict

from .check import Declared, measure, paired_columns
from .counted import ScoreTable
from .declare import drawn

LOOKS = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What is known at one look."""

    cases: tuple[Case, ...]
    """All cases up to this look, those of earlier ones first."""
    information: float
    """Share of the information that all cases hold."""


def looks(declared: Declared) -> tuple[Look, ...]:
    """The looks at a check, the last of them at all its cases.

    Fewer than ``LOOKS`` where there are too few clusters for two at the first, and where a look
    would tell no more than the one before (one large cluster can tell less than it hides).
    """
    clusters: dict[str, list[Case]] = defaultdict(list)
    for case in declared.cases:
        clusters[case.cluster].append(case)
    salt = f"{declared.suite} {declared.task}"  # all checks of a task share their early cases
    order = sorted(clusters, key=lambda cluster: drawn(salt, cluster))
    found: list[Look] = []
    everything = _information(declared.cases)
    for k in range(1, LOOKS):
        end = round(len(order) * k / LOOKS)
        cases = [case for cluster in order[:end] for case in clusters[cluster]]
        share = round(_information(cases) / everything, 6) if end >= 2 else 0.0
        if (found[-1].information if found else 0.0) < share < 1:
            found.append(Look(tuple(cases), share))
    last = tuple(case for cluster in order for case in clusters[cluster])
    return (*found, Look(last, 1.0))


def _information(cases: Sequence[Case]) -> float:
    """Rows over their design effect at the assumed correlation within clusters."""
    clusters = Clusters.of([case.cluster for case in cases])
    return clusters.n / (1 + (clusters.typical_size - 1) * ICC_FLOOR)


def measure_look(
    declared: Declared,
    planned: Sequence[Look],
    look: int,
    candidate: Arm,
    reference: Arm,
    scores: ScoreTable,
    alpha: float,
    alpha_worse: float,
    family: int,
    noise: Noise | None = None,
) -> tuple[CheckResult, bool]:
    """The result at a look (from 0), and whether to stop there.

    ``family`` is the number of declared comparisons: a loss that is proven even if it is the
    only one among them (Bonferroni) ends the looking.
    """
    information = [each.information for each in planned]
    level, level_worse = (
        sequential.nominal(each, information)[look] for each in (alpha, alpha_worse)
    )
    now = replace(declared, cases=planned[look].cases)
    found = measure(now, candidate, reference, scores, level, level_worse, noise)
    if found.verdict is Verdict.NOT_MEASURED:
        return found, True
    z, z_worse = _z_values(declared, planned[: look + 1], candidate, reference, scores, alpha)
    p_worse = sequential.p_value(z_worse, information)
    passed, last = found.verdict is Verdict.PASS, look == len(planned) - 1
    futile = z[-1] < sequential.futility(alpha, information)[look]
    ended = "" if passed or last or not futile else ", as more cases would hardly prove it"
    where = f"; look {look + 1} of {len(planned)}, at {found.n:,} of {len(declared.cases):,} cases"
    result = replace(
        found,
        reason=f"{found.reason}{where}{ended}",
        p_value=sequential.p_value(z, information),
        p_worse=p_worse,
        alpha=alpha,
        alpha_worse=alpha_worse,
        method=f"{found.method}, group-sequential",
        look=look + 1,
        planned=len(declared.cases),
    )
    return result, passed or last or futile or p_worse * family < alpha_worse


def _z_values(
    declared: Declared,
    planned: Sequence[Look],
    candidate: Arm,
    reference: Arm,
    scores: ScoreTable,
    alpha: float,
) -> tuple[list[float], list[float]]:
    """At each look, how far the data lie above −δ, and how far below 0, in normal deviates."""
    above, below = [], []
    for look in planned:
        columns = paired_columns(replace(declared, cases=look.cases), candidate, reference, scores)
        assert not isinstance(columns, str), columns  # the last look was measured
        clusters = Clusters.of([case.cluster for case in look.cases])
        found = compare(columns[1], columns[0], clusters, alpha, alpha)
        above.append(-float(ndtri(found.p_not_worse(declared.limit))))
        below.append(-float(ndtri(found.p_worse)))
    return above, below
