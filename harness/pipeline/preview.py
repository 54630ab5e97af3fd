"""A gate before it is run: its forecasts, from suites, history and base model alone.

No candidate is needed: what is planned is a gate of one that does not exist yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.adapters.digest import DigestCache
from harness.engine.reading import Reader
from harness.errors import EngineError, Problem, SuiteError, UsageError
from harness.gate.attempts import following
from harness.gate.check import Declared
from harness.gate.declare import idle_tripwires
from harness.stats.spending import attempt_alpha
from harness.store.past import Past, Throughput
from harness.suite.policy import POLICY_FILE, Policy, load_policy
from harness.suite.root import suite_root
from harness.suite.suite import same_names
from harness.types import Case, Kind

from .arms import Arms, identify
from .forecast import ASSUMED, FlipRate, Levels, Outlook, Work, from_pilot, outlook, seconds, work
from .header import numerics
from .plan import make_plan
from .settings import Settings
from .suites import GatedSuite, gated

CANDIDATE = "next"
"""The candidate that is planned for."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one gate, in tokens and seconds; a few prompts an arm to prove effects come on top."""

    arms: int
    """Different contents that are asked, the candidates among them."""
    whole: Work
    """Of all arms."""
    left: Work
    """Without what the history holds already."""
    seconds: float | None
    """Of what is left, at the speed of the outputs in the history."""
    unknown: str
    """Why there is no time, where there is none."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that is known of a gate before it is run."""

    attempt: int
    alpha: float
    """One-sided level of that attempt."""
    alpha_worse: float
    family: int
    """Comparisons of one candidate, among which a loss is corrected for."""
    outlooks: tuple[Outlook, ...]
    cost: Cost | None
    notes: tuple[str, ...]


def load(files: Sequence[Path]) -> tuple[Policy, tuple[GatedSuite, ...]]:
    """The suites in these files and their policy.

    Raises SuiteError with everything that is wrong with them, UsageError for two suite roots.
    """
    roots = list(dict.fromkeys(suite_root(file) for file in files))
    if len(roots) > 1:
        raise UsageError(
            f"suites of two roots in one plan: {roots[0]} and {roots[1]}; "
            "one gate has one policy, so plan them apart"
        )
    policy = load_policy(roots[0])
    suites: list[GatedSuite] = []
    problems: list[Problem] = []
    for file in files:
        try:
            suites.append(gated(file, policy, [CANDIDATE], file.name))
        except SuiteError as error:
            problems += error.problems
    problems += same_names(one.suite for one in suites)
    if problems:
        raise SuiteError(problems)
    return policy, tuple(suites)


def preview(
    policy: Policy,
    suites: Sequence[GatedSuite],
    store: Past,
    settings: Settings | None,
    flip_rate: float | None,
    candidates: int = 1,
) -> Preview:
    """Forecast a gate of so many new candidates.

    ``settings`` is None where no base model is named: attempts and cost are then unknown, and
    that is noted. ``flip_rate`` is ψ where the history does not know it. Raises UsageError for
    a base model or baseline that cannot be used.
    """
    declared = [d for one in suites for d in one.declared]
    cases = {case.digest: case for d in declared for case in (*d.cases, *d.seeds)}
    arms = None if settings is None else _arms(settings, policy, suites, store)
    attempt, notes = _attempt(arms, cases.values(), store)
    levels = Levels(
        attempt_alpha(policy.alpha, attempt), policy.alpha, sum(d.comparative for d in declared)
    )
    idle = idle_tripwires(policy, list(cases.values()))
    notes += [f"{POLICY_FILE}: tripwire '{glob}' is no slice of these suites" for glob in idle]
    notes += [note for one in suites for note in _of_judges(one, candidates)]
    outlooks = [
        outlook(d, _flip_rate(d, one, store, flip_rate), levels)
        for one in suites
        for d in one.declared
        if d.comparative
    ]
    cost = None
    if settings is not None and arms is not None:
        cost = _cost(settings, arms, cases.values(), store, candidates)
    return Preview(
        attempt=attempt,
        alpha=levels.alpha,
        alpha_worse=levels.alpha_worse,
        family=levels.family,
        outlooks=tuple(outlooks),
        cost=cost,
        notes=tuple(notes),
    )


def _arms(settings: Settings, policy: Policy, suites: Sequence[GatedSuite], store: Past) -> Arms:
    digests = DigestCache(settings.store / "digests.json")
    return identify(settings, digests, policy, suites[0].suite.root, store.arms_seen())


def _attempt(arms: Arms | None, cases: Collection[Case], store: Past) -> tuple[int, list[str]]:
    if arms is None:
        return 1, ["no base model is named, so earlier attempts are unknown: planned as the first"]
    return following(store.attempts(arms.baseline.digest, cases)), []


def _flip_rate(declared: Declared, of: GatedSuite, store: Past, given: float | None) -> FlipRate:
    pilot = store.pilot(declared.suite, declared.task, declared.metric)
    if pilot is not None:
        binary = all(_binary(of, case, declared.metric) for case in declared.cases[:1])
        graded = None if binary else pilot.variance
        share = (pilot.wins + pilot.losses) / pilot.n if graded is None else graded
        return from_pilot(pilot.run, share, pilot.n, pilot.clusters)
    if given is not None:
        return FlipRate(given, "--flip-rate")
    return FlipRate(ASSUMED, "assumed: nothing like it has been measured here")


def _binary(of: GatedSuite, case: Case, metric: str) -> bool:
    """Whether a score is right or wrong; what a judge gives is a grade."""
    scorer = of.scorers(case).get(metric)
    return scorer is not None and scorer.binary


def _of_judges(of: GatedSuite, candidates: int) -> Iterator[str]:
    """How much the judges of a suite are asked: their questions hold answers not written yet."""
    for name, loaded in of.suite.rubrics.items():
        how = loaded.rubric.judge
        if how is None:
            continue
        n = sum(c.task == loaded.rubric.task and c.kind is Kind.CHECK for c in of.cases)
        shown = 2 * candidates if how.pairwise else candidates + 1  # orders; arms
        asked = n * shown * how.runs * len(loaded.rubric.criteria)
        yield (
            f"{of.suite.name} {name}: '{how.by}' is asked {asked:,} questions besides, which are "
            "not in the cost"
        )


def _cost(
    settings: Settings, arms: Arms, cases: Collection[Case], store: Past, candidates: int
) -> Cost:
    try:
        readers = {base: Reader.of(path) for base, path in arms.bases.items()}
    except EngineError as error:
        raise UsageError(str(error)) from error
    classes = numerics(settings, arms.runnable())
    plan = make_plan(cases, (), arms, readers, classes)
    of_base = {key for case in cases for key in plan.keys[case.digest, arms.base.digest]}
    fresh = work(plan.requests[key] for key in of_base).times(candidates)
    known = store.known_outputs(plan.requests.keys())
    left = work(r for key, r in plan.requests.items() if key not in known) + fresh
    took, unknown = _seconds(left, store.throughput())
    return Cost(
        arms=len(arms.answering()) + candidates,
        whole=work(plan.requests.values()) + fresh,
        left=left,
        seconds=took,
        unknown=unknown,
    )


def _seconds(left: Work, speed: Throughput | None) -> tuple[float | None, str]:
    if speed is None:
        return None, "unknown: nothing has been run here yet"
    took = seconds(left, speed.prompt, speed.generated)
    if took is None:
        return None, "unknown: no answer has been generated here yet"
    return took, ""
