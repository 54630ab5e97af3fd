"""A suite made ready for one gate: its cases, its items, and who judges which answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.gate.check import Declared
from harness.gate.declare import EXPECT, declare, rubric_metric
from harness.scorers.expect import Expect
from harness.scorers.unlike import Unlike
from harness.suite.cases import cases
from harness.suite.policy import Policy
from harness.suite.scoring import Scorer
from harness.suite.suite import LoadedSuite, load_suite
from harness.types import Case, Claim, Kind


@dataclass(frozen=True, slots=True, eq=False)
class GatedSuite:
    """A suite with what it asks and what it claims of each candidate."""

    suite: LoadedSuite
    cases: tuple[Case, ...]
    declared: tuple[Declared, ...]
    _of_samples: Mapping[str, Mapping[str, Scorer]]
    _of_cases: Mapping[str, Mapping[str, Scorer]]
    _targets: Mapping[str, str | None]
    """Of clean cases that were mutated, by digest."""

    def scorers(self, case: Case) -> Mapping[str, Scorer]:
        """What judges an answer to this case: metric → scorer."""
        if case.kind is Kind.CASE:
            return self._of_cases[case.sample]
        if case.kind is Kind.MUTATION:
            return self._of_mutation(case)
        return self._of_samples[case.task]

    def _of_mutation(self, case: Case) -> Mapping[str, Scorer]:
        mutation = self.suite.mutations[case.mutation]
        metric, clean = mutation.metric, self._targets[case.parent]
        if mutation.detector is not None:
            return {metric: mutation.detector}
        scorer = self._of_samples[case.task][metric]
        if case.target is None and clean is not None:
            scorer = Unlike(scorer, clean)
        return {metric: scorer}

    def samples(self, candidates: Sequence[str], nodeid: str) -> list[Declared]:
        """Every sample of every task as an item of its own, for ``--samples``."""
        return [
            _sample(case, candidate, nodeid)
            for candidate in candidates
            for case in self.cases
            if case.kind is Kind.CHECK
        ]


def gated(path: Path, policy: Policy, candidates: Sequence[str], nodeid: str) -> GatedSuite:
    """Load a suite and its data; SuiteError holds everything that is wrong with it."""
    suite = load_suite(path)
    asked = tuple(cases(suite))
    of_samples: dict[str, dict[str, Scorer]] = {
        name: dict(task.judges) for name, task in suite.tasks.items()
    }
    for rubric in suite.spec.rubrics:
        if rubric.by != "assertions":
            continue
        of_samples[rubric.task][rubric_metric(rubric.name)] = Expect(
            rubric.assertions, rubric.threshold
        )
    return GatedSuite(
        suite=suite,
        cases=asked,
        declared=declare(suite, asked, policy, candidates, nodeid),
        _of_samples=of_samples,
        _of_cases={
            case.id: {EXPECT: Expect(case.expect, case.threshold)} for case in suite.spec.cases
        },
        _targets={case.digest: case.target for case in asked if case.kind is Kind.CHECK}
        if suite.mutations
        else {},
    )


def _sample(case: Case, candidate: str, nodeid: str) -> Declared:
    # A sample's id is free text; a node id is not.
    known = case.sample if _PLAIN.issuperset(case.sample) else case.digest[:12]
    name = f"{case.task}.sample.{known}"
    return Declared(
        id=f"{nodeid}::{name}@{candidate}",
        kind=Kind.CHECK,
        suite=case.suite,
        task=case.task,
        name=name,
        candidate=candidate,
        claim=Claim.NO_FAILURE,
        metric="",
        against=None,
        limit=1.0,
        required=False,
        cases=(case,),
    )


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
