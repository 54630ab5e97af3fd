"""One gate run, from what was declared to a recorded decision."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from harness.adapters.digest import DigestCache
from harness.engine.endpoint.options import EndpointOptions
from harness.engine.protocol import Engine
from harness.engine.reading import Reader
from harness.errors import EngineError, UsageError
from harness.gate.check import Declared
from harness.gate.decide import decide
from harness.gate.robust import robustness
from harness.registry import ENGINES
from harness.store.records import End
from harness.store.store import Store
from harness.suite.policy import Policy, ServedJudge
from harness.suite.scoring import Scorer
from harness.types import (
    Case,
    CheckResult,
    GateDecision,
    GateVerdict,
    Robustness,
    RunRecord,
    Score,
)

from .arms import changed, identify, recall
from .candidacy import candidacies, past_attempts
from .execute import Execution, Progress
from .header import make_header, numerics
from .jury import Jury
from .lineage import trace
from .plan import Plan, make_plan
from .results import Results, first_wave
from .search import Search
from .settings import Settings
from .suites import GatedSuite


class Gate:
    """Plans once, answers for items one by one, decides and records at the end."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        suites: Sequence[GatedSuite],
        selected: Sequence[Declared],
        samples: Sequence[Declared] = (),
        progress: Progress = lambda known, planned: None,
        twice: bool = False,
        inference: bool = True,
    ) -> None:
        """Identify the arms, look up what is known, and open the run's journal.

        ``selected`` are the items that will be asked for, ``samples`` single samples that a
        person wants to see; nothing else costs inference. ``twice`` runs the baseline a second
        time (A/A); without ``inference`` what the history does not hold is not measured.
        Raises UsageError for a base, baseline or anchor that cannot be used, StoreError for a
        store that cannot be opened.
        """
        self._began = time.monotonic()
        self._noisy = bool(getattr(ENGINES.load(settings.engine), "noisy", False))
        twice = twice or self._noisy
        self._settings, self._policy, self._suites = settings, policy, suites
        self._inference = inference
        self._by_name = {gated.suite.name: gated for gated in suites}
        self._digests = DigestCache(settings.store / "digests.json")
        self.store = Store(settings.store)
        self._damaged = self.store.recover().damaged
        seen = self.store.arms_seen()
        folder = suites[0].suite.root if suites else Path()
        arms = recall(identify(settings, self._digests, policy, folder, seen), seen)
        self._selected = selected
        asked = [c for d in (*selected, *samples) for c in (*d.cases, *d.seeds)]
        self._cases = {case.digest: case for case in asked}
        search = Search(arms.paths.values(), settings.adapters, seen, self._digests)
        self.arms, lineages, self._ancestors = trace(arms, self._cases.values(), search)
        classes = numerics(settings, self.arms.runnable())
        self.run = make_header(settings, policy, suites, classes, twice)
        self._later = self.store.later_run(self.run.id)
        self.plan = self._make_plan(classes, twice)
        later = self.plan.requests.keys() - first_wave((*selected, *samples), self.arms, self.plan)
        self._execution = self._execute(progress, later)
        self._candidacies = candidacies(self.arms, self.run, suites, policy, lineages, self.store)
        standards = {name: c.standard for name, c in self._candidacies.items()}
        incomparable = self._stand_in()
        self._jury = Jury(
            self._by_name,
            self.arms,
            self.plan,
            self._readers,
            classes,
            policy,
            self._execution,
            self.store.known_outputs,
        )
        self._results = Results(
            self.arms, self.plan, self._execution, standards, selected, incomparable, self._jury
        )

    def result(self, declared: Declared) -> CheckResult:
        """The result of a selected item; what it needs is run now if it is not known yet."""
        return self._results.result(declared)

    def sample_scores(self, declared: Declared) -> list[Score]:
        """What the candidate's answer to one sample was scored."""
        self._results.run_for(declared)
        arm = self.arms.candidate(declared.candidate)
        return [
            score
            for case in declared.cases
            for scorer in self._scorers(case)
            for score in self._execution.scores.get((case.digest, arm.digest, scorer), ())
        ]

    def decision(
        self, candidate: str, *, not_run: Sequence[str] = (), reruns: Sequence[str] = ()
    ) -> GateDecision:
        """The decision on a candidate.

        ``not_run`` are ids of declared items that were deselected or cut short, ``reruns`` of
        items that a plug-in ran more than once.
        """
        decision = self._decided(candidate, not_run, reruns)
        return replace(decision, notes=(*decision.notes, *self._jury.notes(candidate)))

    def _decided(
        self, candidate: str, not_run: Sequence[str], reruns: Sequence[str]
    ) -> GateDecision:
        candidacy = self._candidacies[candidate]
        results = self._results.settled(candidate)
        decision = decide(
            self.arms.candidate(candidate),
            results,
            alpha=candidacy.standard.alpha,
            not_run=not_run,
            missing_suites=self._missing_suites,
            reruns=reruns,
        )
        if self._rehearsal is not None:
            return _incomplete(decision, self._rehearsal)
        whole = not (not_run or reruns or self._missing_suites)
        decision = candidacy.conclude(decision, results, whole)
        if decision.verdict is not GateVerdict.PROMOTE or self._changed is None:
            return decision
        return _incomplete(decision, self._changed)

    @property
    def _missing_suites(self) -> tuple[str, ...]:
        return self._policy.missing(gated.suite.name for gated in self._suites)

    @property
    def _rehearsal(self) -> str | None:
        if not self.run.settings["rehearsal"]:
            return None
        return f"the engine '{self._settings.engine}' runs no model: nothing is decided by it"

    @cached_property
    def _changed(self) -> str | None:
        """No promotion without all bytes read again."""
        return changed(self._settings, self.arms, self._digests, verify=True)

    @property
    def notes(self) -> list[str]:
        """What a reader should hear of the store and of its arms, a sentence each."""
        seen = [f"{arm.name}: {arm.history}" for arm in self.arms if arm.history]
        behind = [] if self._later is None else [_behind(self._later, self.run.id)]
        return [*self._damaged, *behind, *dict.fromkeys(seen)]

    def finish(self, decisions: Sequence[GateDecision]) -> RunRecord:
        """Confirm and record; the journal is whole when this returns.

        A candidate whose attempt another run took meanwhile is INCOMPLETE in the record.
        Raises StoreError if the store cannot be written.
        """
        self._execution.close()
        with self.store.deciding():
            self.store.recover(but=self.run.id)
            past = past_attempts(self.arms, self._suites, self.store)
            confirmed = [self._candidacies[d.candidate].confirmed(d, past) for d in decisions]
            return self._record(confirmed)

    def _record(self, decisions: Sequence[GateDecision]) -> RunRecord:
        asked = {answer.key for answer in self.plan.answers}
        record = RunRecord(
            run=self.run,
            arms=self.arms.all,
            cases=tuple(self._cases.values()),
            answers=self.plan.answers,
            outputs={k: o for k, o in self._execution.outputs.items() if k in asked},
            scores=tuple(s for repeats in self._execution.scores.values() for s in repeats),
            effects=self._results.effects,
            checks=tuple(c for d in decisions for c in self._results.settled(d.candidate)),
            decisions=tuple(decisions),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._began, 3),
            reused=self._reused,
            noises=self._results.noises,
            robustnesses=tuple(self._robustnesses()),
            judges=self._jury.qualities,
            ancestors=self._ancestors,
        )
        with self._journal as journal:
            journal.append("effect", record.effects)
            journal.append("noise", record.noises)
            journal.append("robustness", record.robustnesses)
            journal.append("judge", record.judges)
            journal.append("check", record.checks)
            journal.append("decision", record.decisions)
            journal.finish(End(record.finished or "", record.seconds, record.reused))
        return record

    def _robustnesses(self) -> Iterator[Robustness]:
        """Of each mutation that was asked about, each arm's once."""
        mutated = {(d.suite, d.mutation): d for d in self._selected if d.mutation}
        for (suite, name), declared in mutated.items():
            mutation = self._by_name[suite].suite.mutations[name]
            for arm in self.arms.answering():
                scores = self._execution.scores
                found = robustness(declared, mutation, arm, scores, self._policy.alpha)
                if found is not None:
                    yield found

    def _make_plan(self, classes: Mapping[str, str], twice: bool) -> Plan:
        everything = [case for gated in self._suites for case in gated.cases]
        tells = getattr(ENGINES.load(self._settings.engine), "likelihoods", lambda options: True)
        if not tells(self._settings.options):
            everything = []  # effects are proven by texts then
        asked = self._cases.values()
        try:
            self._readers = {base: Reader.of(path) for base, path in self.arms.bases.items()}
            return make_plan(asked, everything, self.arms, self._readers, classes, twice)
        except EngineError as error:
            raise UsageError(str(error)) from error

    def _stand_in(self) -> dict[str, str]:
        """Take an anchor's stored scores where its weights are gone; suite → why they do not do."""
        anchor = self.arms.anchor
        if anchor is None or anchor.digest not in self.arms.stored:
            return {}
        past = self.store.stored_scores(anchor.digest, self.run.suites, self.run.numerics)
        self._execution.take([score for score in past.scores if score.case in self._cases])
        return {
            suite: f"the stored scores of anchor {anchor.name} are not comparable: {why}"
            for suite, why in past.incomparable.items()
        }

    def _execute(self, progress: Progress, later: Collection[str]) -> Execution:
        known = self.store.known_outputs(self.plan.requests.keys())
        asked = {answer.key for answer in self.plan.answers}
        self._reused = self.store.reported(known.keys() & asked)
        self._journal = self.store.journal(self.run)
        self._journal.append("arm", self.arms.all)
        self._journal.append("ancestor", self._ancestors)
        self._journal.append("case", self._cases.values())
        self._journal.append("answer", self.plan.answers)
        return Execution(
            self.plan,
            known,
            self._cases,
            self._scorers,
            self._start_engine,
            self._journal,
            progress,
            later,
        )

    def _scorers(self, case: Case) -> Mapping[str, Scorer]:
        return self._by_name[case.suite].scorers(case)

    def _start_engine(self, base: str) -> Engine:
        if not self._inference:
            raise EngineError("the history does not hold the outputs, and nothing may be run")
        judge = self._jury.served.get(base)
        if judge is not None:
            from harness.engine.endpoint.engine import ServedModel

            return ServedModel(_options(judge), judge.model)
        factory = ENGINES.load(self._settings.engine)
        arms = [arm for arm in self.arms.runnable() if arm.base == base]
        engine: Engine = factory(
            self.arms.bases[base], arms, self.arms.paths, self._settings.options
        )
        problem = changed(self._settings, self.arms, self._digests, verify=False)
        if problem is not None:
            # What was loaded is not what the outputs would be kept under.
            engine.close()
            raise EngineError(f"{problem}; gate it again")
        return engine


def _options(judge: ServedJudge) -> EndpointOptions:
    return EndpointOptions(**judge.model_dump(exclude={"model"}))


def _behind(later: str, run: str) -> str:
    return (
        f"the clock is behind: run {later} of this store began later than this one, {run}; runs are"
        " ordered by their time, so set the clock"
    )


def _incomplete(decision: GateDecision, reason: str) -> GateDecision:
    """Neither a promotion nor an attempt."""
    return replace(
        decision,
        verdict=GateVerdict.INCOMPLETE,
        reasons=(reason,),
        attempt=None,
        repeats=None,
    )
