"""What a gate can prove with the cases that it has, what it would need, and what it will cost.

Everything is said of an *identical* adapter: one that answers other than its reference in a share
ψ of the cases, and is right as often. What is planned is never what would make a given adapter
pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.engine.protocol import GenerateRequest
from harness.gate.check import FEW_CLUSTERS, Declared
from harness.gate.looks import looks
from harness.stats import power, sequential
from harness.stats.clusters import Clusters
from harness.stats.power import Sampling
from harness.types import Claim

from .plan import Request

ASSUMED = 0.20
"""ψ where nothing is known: what human reviews and weak adapters show, so rarely too little."""


@dataclass(frozen=True, slots=True)
class FlipRate:
    """ψ, the share of cases on which two arms differ, and where it is from."""

    psi: float
    source: str


@dataclass(frozen=True, slots=True)
class Levels:
    """By what the next attempt will be judged."""

    alpha: float
    """One-sided, of promotion."""
    alpha_worse: float
    """One-sided, of rejection, whatever the attempt."""
    family: int
    """Declared comparisons of one candidate, tripwires included: m of Holm's first step."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one comparative check or tripwire."""

    suite: str
    task: str
    name: str
    metric: str
    claim: Claim
    slice: str
    """Of a tripwire: ``clause_type = payment``; else empty."""
    required: bool
    margin: float | None
    """Of a claim "not worse"."""
    cases: int
    """That it has now, after ``max_per_cluster``."""
    clusters: float
    """Effective number of clusters, n²/Σm²."""
    psi: float
    source: str
    """Where ψ is from."""
    alpha: float
    """One-sided level that the numbers are for."""
    power: float | None
    """Probability that an identical adapter passes "not worse" with these cases."""
    cases_for_80: int | None
    cases_for_90: int | None
    """In all, for an identical adapter to pass with that probability; by more clusters."""
    resolves: float | None
    """What these cases can tell from nothing four times in five: the smallest margin that an
    identical adapter passes, of "better" the smallest gain, of a slice the smallest loss. None
    where they can tell nothing.
    """
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """Tokens that an engine has to read and may have to write."""

    prompt: int = 0
    generated: int = 0
    """At most: an answer may end before ``max_tokens``."""

    def __add__(self, other: Work) -> Work:
        return Work(self.prompt + other.prompt, self.generated + other.generated)

    def times(self, arms: int) -> Work:
        """The same for several arms."""
        return Work(self.prompt * arms, self.generated * arms)


def from_pilot(run: str, share: float, n: int, clusters: float) -> FlipRate:
    """The upper bound of ψ from a run in which this share of n cases differed.

    ``share`` is the mean squared difference, which of right-or-wrong scores is (w + l)/n;
    ``clusters`` the effective number of them.
    """
    effect = Sampling.floor(n / clusters)
    psi = power.psi_bound(share, n, effect)
    return FlipRate(psi, f"the upper bound of {share:.1%} of {n:,} in run {run}")


def outlook(declared: Declared, known: FlipRate, levels: Levels) -> Outlook:
    """What a comparison can prove; ``known`` is of its task and metric."""
    clusters = Clusters.of([case.cluster for case in declared.cases])
    tripwire = declared.claim is Claim.NO_LOSS
    alpha = levels.alpha_worse / levels.family if tripwire else levels.alpha
    measurable = clusters.count > 1
    sampling = Sampling.of(clusters) if measurable else power.INDEPENDENT
    proven: float | None = None
    needed: list[int | None] = [None, None]
    resolves: float | None = None
    notes = _notes(declared, clusters, sampling)
    if declared.claim is Claim.NOT_WORSE:
        proven = _power(declared, known.psi, alpha, sampling) if measurable else 0.0
        needed = [_needed(declared, known.psi, alpha, target, sampling) for target in (0.8, 0.9)]
        if measurable:
            resolves = power.certifiable_margin(clusters.n, known.psi, alpha, sampling)
        if proven < power.POWER:
            notes = [_too_small(proven, needed[0], clusters, sampling), *notes]
    elif measurable:
        resolves = power.detectable_loss(clusters.n, known.psi, alpha, sampling)
    return Outlook(
        suite=declared.suite,
        task=declared.task,
        name=declared.name,
        metric=declared.metric,
        claim=declared.claim,
        slice=declared.slice,
        required=declared.required,
        margin=declared.limit if declared.claim is Claim.NOT_WORSE else None,
        cases=clusters.n,
        clusters=clusters.effective if clusters.n else 0.0,
        psi=known.psi,
        source=known.source,
        alpha=alpha,
        power=proven,
        cases_for_80=needed[0],
        cases_for_90=needed[1],
        resolves=resolves,
        notes=tuple(notes),
    )


def work(requests: Iterable[Request]) -> Work:
    """Tokens of these requests."""
    prompt = generated = 0
    for request in requests:
        prompt += len(request.prompt)
        if isinstance(request, GenerateRequest):
            generated += request.max_tokens
        elif request.rolling:
            prompt += len(request.choices[0])
    return Work(prompt, generated)


def seconds(asked: Work, prompt: float | None, generated: float | None) -> float | None:
    """How long this takes at these rates, in tokens a second; None where one is unknown."""
    parts = ((asked.prompt, prompt), (asked.generated, generated))
    if any(tokens and not rate for tokens, rate in parts):
        return None
    return sum(tokens / rate for tokens, rate in parts if rate)


def _power(declared: Declared, psi: float, alpha: float, sampling: Sampling) -> float:
    n = len(declared.cases)
    fixed = power.power(n, psi, 0.0, declared.limit, alpha, sampling)
    if not declared.sequential or not 0 < fixed < 1:
        return fixed
    return sequential.power(alpha, _information(declared), fixed)


def _needed(
    declared: Declared, psi: float, alpha: float, target: float, sampling: Sampling
) -> int | None:
    if declared.sequential:
        target = sequential.fixed_power(alpha, _information(declared), target)
    return power.cases(psi, 0.0, declared.limit, alpha, target, sampling)


def _information(declared: Declared) -> list[float]:
    return [look.information for look in looks(declared)]


def _too_small(proven: float, needed: int | None, clusters: Clusters, sampling: Sampling) -> str:
    said = f"too small: an identical adapter would pass only {proven:.0%} of the time"
    if needed is None:
        return said
    said += f"; {needed - clusters.n:,} more cases are needed for 80%"
    if sampling.rows_per_cluster is None:
        return said
    more = round((needed - clusters.n) / sampling.rows_per_cluster)
    said += f", in about {more:,} more clusters"
    same = power.cases_in_same_clusters(needed / sampling.design_effect, clusters.count)
    return f"{said} (not reachable with more rows of the same clusters)" if same is None else said


def _notes(declared: Declared, clusters: Clusters, sampling: Sampling) -> list[str]:
    if clusters.n == 0:
        return ["there is no case to measure it on"]
    if clusters.count < 2:
        return ["all cases are one cluster: at least two are needed"]
    notes = []
    if sampling.rows_per_cluster is not None and clusters.effective < FEW_CLUSTERS:
        said = f"only {clusters.effective:.1f} effective clusters"
        if clusters.sizes.max() > 2 * sampling.rows_per_cluster:
            said += ": max_per_cluster may win power back"
        notes.append(said)
    if declared.corpus is not None:
        notes.append("numbers of the mean of its cases' scores, not of the metric itself")
    if declared.exact:
        notes.append("numbers of Tango's test; the exact one needs slightly more")
    return notes
