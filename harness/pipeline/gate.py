"""One gate run, from what was declared to a recorded decision."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from harness.adapters.digest import DigestCache
from harness.engine.numerics import numerics_class
from harness.engine.protocol import Engine, EngineOptions
from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError, UsageError
from harness.gate.check import Declared, measure, not_measured
from harness.gate.decide import decide, settle
from harness.gate.effect import objection, prove
from harness.registry import ENGINES
from harness.store.records import End
from harness.store.store import Store
from harness.suite.policy import Policy
from harness.suite.scoring import Scorer
from harness.types import (
    Case,
    CheckResult,
    Effect,
    GateDecision,
    GateVerdict,
    RunRecord,
    Score,
    Verdict,
)

from .arms import changed, identify, recall
from .execute import Execution, Progress
from .header import make_header
from .plan import Plan, make_plan
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
    ) -> None:
        """Identify the arms, look up what is known, and open the run's journal.

        ``selected`` are the items that will be asked for, ``samples`` single samples that a
        person wants to see; nothing else costs inference.
        Raises UsageError for a base or baseline that cannot be used, StoreError for a store
        that cannot be opened.
        """
        self._began = time.monotonic()
        self._settings, self._policy, self._suites = settings, policy, suites
        self._selected = selected
        self._by_name = {gated.suite.name: gated for gated in suites}
        self._digests = DigestCache(settings.store / "digests.json")
        self.store = Store(settings.store)
        self._damaged = self.store.recover().damaged
        self.arms = recall(identify(settings, self._digests), self.store)
        self._options = EngineOptions()
        executors = {arm.executor for arm in self.arms}
        numerics = {name: self._numerics(name) for name in executors}
        self.run = make_header(settings, policy, suites, numerics)
        self._cases = {c.digest: c for d in (*selected, *samples) for c in d.cases}
        self.plan = self._make_plan(numerics)
        self._execution = self._execute(progress)
        self._effects: tuple[Effect, ...] | None = None
        self._measured: dict[str, CheckResult] = {}

    def result(self, declared: Declared) -> CheckResult:
        """The result of a selected item; what it needs is run now if it is not known yet."""
        found = self._measure(declared)
        if found.verdict is Verdict.INCONCLUSIVE and declared.comparative:
            # Whether it is REGRESSED depends on all comparisons of its candidate.
            for other in self._selected:
                if other.candidate == declared.candidate and other.comparative:
                    self._measure(other)
            return next(r for r in self._settled(declared.candidate) if r.id == declared.id)
        return found

    def sample_scores(self, declared: Declared) -> list[Score]:
        """What the candidate's answer to one sample was scored."""
        self._run_for(declared)
        arm = self.arms.candidate(declared.candidate)
        return [
            self._execution.scores[case.digest, arm.digest, scorer]
            for case in declared.cases
            for scorer in self._scorers(case)
            if (case.digest, arm.digest, scorer) in self._execution.scores
        ]

    def decision(
        self, candidate: str, *, not_run: Sequence[str] = (), reruns: Sequence[str] = ()
    ) -> GateDecision:
        """The decision on a candidate.

        ``not_run`` are ids of declared items that were deselected or cut short, ``reruns`` of
        items that a plug-in ran more than once.
        """
        decision = decide(
            self.arms.candidate(candidate),
            self._settled(candidate),
            alpha=self._policy.alpha,
            not_run=not_run,
            missing_suites=self._policy.missing(gated.suite.name for gated in self._suites),
            reruns=reruns,
        )
        if decision.verdict is not GateVerdict.PROMOTE:
            return decision
        if self._changed is None:
            return decision
        return replace(decision, verdict=GateVerdict.INCOMPLETE, reasons=(self._changed,))

    @cached_property
    def _changed(self) -> str | None:
        """No promotion without all bytes read again."""
        return changed(self._settings, self.arms, self._digests, verify=True)

    @property
    def notes(self) -> list[str]:
        """What a reader should hear of the store and of its arms, a sentence each."""
        seen = [f"{arm.name}: {arm.history}" for arm in self.arms if arm.history]
        return [*self._damaged, *dict.fromkeys(seen)]

    def finish(self, decisions: Sequence[GateDecision]) -> RunRecord:
        """Record results and decisions; the journal is whole when this returns."""
        checks = [check for d in decisions for check in self._settled(d.candidate)]
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        seconds = round(time.monotonic() - self._began, 3)
        asked = {answer.key for answer in self.plan.answers}
        record = RunRecord(
            run=self.run,
            arms=tuple(self.arms),
            cases=tuple(self._cases.values()),
            answers=self.plan.answers,
            outputs={k: o for k, o in self._execution.outputs.items() if k in asked},
            scores=tuple(self._execution.scores.values()),
            effects=self._effects or (),
            checks=tuple(checks),
            decisions=tuple(decisions),
            finished=finished,
            seconds=seconds,
            reused=self._execution.reused,
        )
        with self._journal as journal:
            journal.append("effect", record.effects)
            journal.append("check", record.checks)
            journal.append("decision", record.decisions)
            journal.append("end", [End(finished, seconds, record.reused)])
            journal.finish()
        return record

    def _numerics(self, executor: str) -> str:
        return f"engine={self._settings.engine} {numerics_class(self._options, executor)}"

    def _make_plan(self, numerics: dict[str, str]) -> Plan:
        try:
            tokenizer = Tokenizer(self._settings.base_model)
        except EngineError as error:
            raise UsageError(str(error)) from error
        everything = [case for gated in self._suites for case in gated.cases]
        arms = self.arms.runnable()
        return make_plan(self._cases.values(), everything, arms, tokenizer, numerics)

    def _execute(self, progress: Progress) -> Execution:
        known = self.store.known_outputs(self.plan.requests.keys())
        self._journal = self.store.journal(self.run)
        self._journal.append("arm", list(self.arms))
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
        )

    def _scorers(self, case: Case) -> Mapping[str, Scorer]:
        return self._by_name[case.suite].scorers(case)

    def _start_engine(self) -> Engine:
        factory = ENGINES.load(self._settings.engine)
        arms = self.arms.runnable()
        engine: Engine = factory(self._settings.base_model, arms, self.arms.paths, self._options)
        problem = changed(self._settings, self.arms, self._digests, verify=False)
        if problem is not None:
            # What was loaded is not what the outputs would be kept under.
            engine.close()
            raise EngineError(f"{problem}; gate it again")
        return engine

    def _measure(self, declared: Declared) -> CheckResult:
        if declared.id not in self._measured:
            problem = self._run_for(declared)
            self._measured[declared.id] = (
                not_measured(declared, problem) if problem else self._judge(declared)
            )
        return self._measured[declared.id]

    def _judge(self, declared: Declared) -> CheckResult:
        candidate = self.arms.candidate(declared.candidate)
        reference = self.arms.reference(declared.against) if declared.against else None
        if candidate.problem is None:
            problem = objection(candidate, reference, self.arms.base, self._prove())
            if problem is not None:
                return not_measured(declared, problem)
        return measure(declared, candidate, reference, self._execution.scores, self._policy.alpha)

    def _run_for(self, declared: Declared) -> str | None:
        """Have all run that an item is judged by, proof of effect included; or why it was not."""
        keys = {key for case in declared.cases for key in self.plan.keys[case.digest]}
        keys |= {probe.key for probe in self.plan.probes}
        self._execution.until(keys)
        return None if keys <= self._execution.outputs.keys() else self._execution.problem

    def _prove(self) -> tuple[Effect, ...]:
        if self._effects is None:
            scored: dict[str, dict[str, float]] = {}
            twice: dict[str, float] = {}
            for probe in self.plan.probes:
                value = self._execution.logprobs(probe.key)
                if value is not None:
                    into = twice if probe.repeat else scored.setdefault(probe.arm, {})
                    into[probe.prompt] = value
            self._effects = prove(self.arms.runnable(), scored, twice)
        return self._effects

    def _settled(self, candidate: str) -> list[CheckResult]:
        """What was measured of a candidate, after Holm over the comparisons that are declared."""
        declared = [d for g in self._suites for d in g.declared if d.candidate == candidate]
        family = sum(d.comparative for d in declared)
        measured = [r for r in self._measured.values() if r.candidate == candidate]
        return settle(measured, family, self._policy.alpha)
