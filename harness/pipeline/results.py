"""What a run says about each item: what it needs is run, then measured, then settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.gate.check import Declared, contamination, measure, not_measured
from harness.gate.counted import ScoreTable
from harness.gate.decide import settle
from harness.gate.effect import objection, prove, prove_by_texts
from harness.gate.looks import looks, measure_look
from harness.gate.noise import measure_noise
from harness.types import CheckResult, Claim, Effect, Noise, Role, Verdict

from .arms import Arms
from .execute import Execution
from .jury import Jury
from .plan import Plan


@dataclass(frozen=True, slots=True)
class Standard:
    """By what one candidate is judged."""

    alpha: float
    """Level of its attempt."""
    alpha_worse: float
    """Level of the policy."""
    family: int
    """Comparisons that are declared of it, tripwires included."""
    trained: Mapping[str, str]
    """Case digest → adapter of its line that was trained on the case."""


class Results:
    """Results of items, each measured once."""

    def __init__(
        self,
        arms: Arms,
        plan: Plan,
        execution: Execution,
        standards: Mapping[str, Standard],
        selected: Sequence[Declared],
        incomparable: Mapping[str, str],
        jury: Jury,
    ) -> None:
        """``standards`` is by the name of the candidate, ``selected`` what will be asked for.

        ``incomparable``: suite → why the anchor's stored scores cannot stand in for it.
        """
        self._arms, self._plan, self._execution = arms, plan, execution
        self._standards, self._incomparable, self._jury = standards, incomparable, jury
        self._selected = {declared.id: declared for declared in selected}
        self._measured: dict[str, CheckResult] = {}
        self._stopped: dict[str, frozenset[str]] = {}
        """Id of a sequential check → digests of the cases it was stopped at."""
        self._noises: dict[tuple[str, str, str], Noise] = {}
        self._effects: tuple[Effect, ...] | None = None

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The proofs of effect; none where nothing was measured."""
        return self._effects or ()

    @property
    def noises(self) -> tuple[Noise, ...]:
        """What an A/A run showed, task by task."""
        return tuple(self._noises.values())

    def result(self, declared: Declared) -> CheckResult:
        """The result of an item, settled with all it depends on."""
        found = self._measure(declared)
        standard = self._standards[declared.candidate]
        if found.p_worse is None or found.p_worse >= standard.alpha_worse:
            return found
        # Whether it is REGRESSED depends on all comparisons of its candidate.
        for other in self._selected.values():
            if other.candidate == declared.candidate and other.comparative:
                self._measure(other)
        return next(r for r in self.settled(declared.candidate) if r.id == declared.id)

    def settled(self, candidate: str) -> list[CheckResult]:
        """What was measured of a candidate, after Holm over the comparisons that are declared."""
        standard = self._standards[candidate]
        measured = [r for r in self._measured.values() if r.candidate == candidate]
        return settle(measured, standard.family, standard.alpha_worse)

    def run_for(self, declared: Declared) -> str | None:
        """Have all run that an item is judged by, proof of effect included; or why it was not."""
        keys = needed(declared, self._arms, self._plan)
        self._execution.until(keys)
        return None if keys <= self._execution.outputs.keys() else self._execution.problem

    def _measure(self, declared: Declared) -> CheckResult:
        if declared.id not in self._measured:
            self._measured[declared.id] = self._first(declared)
        return self._measured[declared.id]

    def _first(self, declared: Declared) -> CheckResult:
        standard = self._standards[declared.candidate]
        problem = contamination(declared, standard.trained)
        if problem is not None:
            return not_measured(declared, problem)
        if declared.follows in self._selected:
            # A slice of a sequential check has the cases at which that was stopped.
            followed = self._measure(self._selected[declared.follows])
            if followed.verdict is Verdict.NOT_MEASURED:
                return not_measured(declared, followed.reason)
            known = self._stopped.get(declared.follows, frozenset())
            left = tuple(case for case in declared.cases if case.digest in known)
            declared = replace(declared, cases=left)
        if declared.by == "human":
            reason = f"left for people: {len(declared.cases)} cases of each arm await their review"
            return not_measured(declared, reason)
        if declared.sequential:
            return self._by_looks(declared, standard)
        problem = self._unready(declared)
        if problem is not None:
            return not_measured(declared, problem)
        candidate = self._arms.candidate(declared.candidate)
        reference = self._arms.reference(declared.against) if declared.against else None
        scores: ScoreTable = self._execution.scores
        if declared.by == "judge":
            scores = self._jury.scores(declared, candidate, reference)
        noise = self._noise(declared)
        levels = (standard.alpha, standard.alpha_worse)
        return measure(declared, candidate, reference, scores, *levels, noise)

    def _by_looks(self, declared: Declared, standard: Standard) -> CheckResult:
        candidate = self._arms.candidate(declared.candidate)
        reference = self._arms.reference(declared.against or Role.BASELINE)
        planned = looks(declared)
        for at, look in enumerate(planned):
            now = replace(declared, cases=look.cases)
            problem = self._unready(now)
            if problem is not None:
                break
            self._stopped[declared.id] = frozenset(case.digest for case in look.cases)
            result, stopped = measure_look(
                declared,
                planned,
                at,
                candidate,
                reference,
                self._execution.scores,
                standard.alpha,
                standard.alpha_worse,
                standard.family,
                self._noise(now, len(declared.cases)),
            )
            if stopped:
                return result
        return not_measured(declared, problem or "there is no case to look at")

    def _unready(self, declared: Declared) -> str | None:
        """Run what an item needs; why it cannot be measured nevertheless, if so."""
        if declared.against is Role.ANCHOR and declared.suite in self._incomparable:
            return self._incomparable[declared.suite]
        problem = self.run_for(declared)
        candidate = self._arms.candidate(declared.candidate)
        if problem is not None or candidate.problem is not None:
            return problem
        suite = declared.suite
        reference = self._arms.reference(declared.against) if declared.against else None
        return objection(
            self._arms.serving(candidate, suite),
            self._arms.serving(reference, suite) if reference else None,
            self._arms.base,
            self._prove(),
        )

    def _prove(self) -> tuple[Effect, ...]:
        if not self._plan.probes:
            self._effects = self._by_texts()
            return self._effects
        if self._effects is None:
            scored: dict[str, dict[str, float]] = {}
            twice: dict[str, float] = {}
            for probe in self._plan.probes:
                value = self._execution.logprobs(probe.key)
                if value is not None:
                    into = twice if probe.repeat else scored.setdefault(probe.arm, {})
                    into[probe.prompt] = value
            self._effects = prove(self._arms.runnable(), scored, twice)
        return self._effects

    def _by_texts(self) -> tuple[Effect, ...]:
        """Of all that is known by now: what is not proven yet may be so with more answers."""
        said: dict[str, dict[str, str]] = {}
        first: dict[str, str] = {}
        second: dict[str, str] = {}
        answering = {arm.digest: arm for arm in self._arms.answering()}
        for (case, digest), keys in self._plan.keys.items():
            texts = [self._execution.text(key) for key in keys]
            runs = self._arms.serving(answering[digest], self._execution.suite(case))
            if texts[0] is not None:
                said.setdefault(runs.digest, {})[case] = texts[0]
            again = texts[len(texts) // 2]
            twice = digest == self._arms.baseline.digest and len(texts) > 1
            if twice and texts[0] is not None and again is not None:
                first[case], second[case] = texts[0], again
        return prove_by_texts(self._arms.runnable(), said, first, second)

    def _noise(self, declared: Declared, planned: int | None = None) -> Noise | None:
        if declared.claim is not Claim.NOT_WORSE:
            return None  # nothing else has a margin
        noise = measure_noise(declared, self._arms.baseline, self._execution.scores, planned)
        if noise is not None:
            self._noises[noise.suite, noise.task, noise.metric] = noise
        return noise


def needed(declared: Declared, arms: Arms, plan: Plan) -> set[str]:
    """Keys of all outputs that an item waits for, those of the proof of effect included.

    Every arm answers every case that is asked (docs/adr/0003), except beyond the first look of
    a sequential check, where only the two that it compares do.
    """
    asked = list(arms.answering())
    if declared.sequential and declared.against is not None:
        asked = [arms.candidate(declared.candidate), arms.reference(declared.against)]
    keys = {
        key
        for case in (*declared.cases, *declared.seeds)
        for arm in asked
        for key in plan.keys.get((case.digest, arm.digest), ())
    }
    return keys | {probe.key for probe in plan.probes}


def first_wave(selected: Sequence[Declared], arms: Arms, plan: Plan) -> set[str]:
    """Keys of all outputs that are needed whatever early looks show."""
    ids = {declared.id for declared in selected}
    keys: set[str] = set()
    for declared in selected:
        if declared.follows in ids:
            continue
        if declared.sequential:
            declared = replace(declared, cases=looks(declared)[0].cases)
        keys |= needed(declared, arms, plan)
    return keys
