"""By what each candidate is judged: the level of its attempt, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.gate.attempts import (
    Numbered,
    changes,
    conclude,
    confirm,
    notes,
    number,
    ruled,
    rules_digest,
)
from harness.gate.declare import idle_tripwires
from harness.store.store import Store
from harness.suite.policy import POLICY_FILE, Policy
from harness.types import Attempt, Case, CheckResult, GateDecision, Run, Verdict

from .arms import Arms
from .lineage import Lineage
from .results import Standard
from .suites import GatedSuite


@dataclass(frozen=True, slots=True)
class Candidacy:
    """What is known of one candidate before anything is measured."""

    standard: Standard
    numbered: Numbered
    notes: tuple[str, ...]

    def conclude(
        self, decision: GateDecision, results: Sequence[CheckResult], whole: bool
    ) -> GateDecision:
        """The decision with its attempt and notes, or the recorded one that it repeats.

        ``whole``: nothing that is declared was left out or run twice.
        """
        measured = all(r.verdict is not Verdict.NOT_MEASURED for r in results if r.required)
        noted = replace(decision, notes=self.notes)
        return conclude(noted, self.numbered, complete=whole and measured)

    def confirmed(self, decision: GateDecision, past: Sequence[Attempt]) -> GateDecision:
        """The concluded decision at the moment of decision (``Store.deciding``).

        ``past`` are the attempts as they are by then (``past_attempts``): INCOMPLETE where
        another run took this one's.
        """
        return confirm(decision, self.numbered, past)


def past_attempts(arms: Arms, suites: Sequence[GatedSuite], store: Store) -> tuple[Attempt, ...]:
    """The attempts against this baseline on these cases, oldest first."""
    return store.attempts(arms.baseline.digest, _cases(suites))


def candidacies(
    arms: Arms,
    run: Run,
    suites: Sequence[GatedSuite],
    policy: Policy,
    lineages: Mapping[str, Lineage],
    store: Store,
) -> dict[str, Candidacy]:
    """By the name of each candidate; what the store knows decides which attempt it is."""
    past = past_attempts(arms, suites, store)
    rules = rules_digest(run.suites, _pinned(arms, run, policy))
    numbered = number(arms.candidates, arms.baseline, arms.base, rules, past, policy.alpha)
    known = store.knows(arms.baseline.digest)
    looked_at = store.looked_at(arms.baseline.digest, _cases(suites))
    counted = {arm.digest for arm in arms.candidates} | {attempt.candidate for attempt in past}
    told = [*_changed(run, suites, policy, store), *_idle(policy, suites)]
    return {
        arm.name: Candidacy(
            standard=Standard(
                alpha=numbered[arm.name].alpha,
                alpha_worse=policy.alpha,
                family=_family(suites, arm.name),
                trained=_trained(lineages.get(arm.name)),
            ),
            numbered=numbered[arm.name],
            notes=(
                *told,
                *notes(arms.baseline, known, len(looked_at - counted)),
                *(lineages[arm.name].unknown if arm.name in lineages else ()),
            ),
        )
        for arm in arms.candidates
    }


def _pinned(arms: Arms, run: Run, policy: Policy) -> dict[str, str | None]:
    """What a decision depends on besides the suites, the candidate and the baseline."""
    return {
        "policy": policy.digest,
        "base": arms.base.digest,
        # An anchor that was retrained behind its path is another demand.
        "anchor": None if arms.anchor is None else arms.anchor.digest,
        # Of the base model, whose executor comes first; others are there for who else is gated.
        "numerics": run.numerics.partition("; ")[0],
    }


def _cases(suites: Sequence[GatedSuite]) -> list[Case]:
    """Those that are asked: data of which nothing is claimed links no runs."""
    declared = (declared for gated in suites for declared in gated.declared)
    return list({case.digest: case for each in declared for case in each.cases}.values())


def _family(suites: Sequence[GatedSuite], candidate: str) -> int:
    declared = (d for gated in suites for d in gated.declared)
    return sum(d.comparative for d in declared if d.candidate == candidate)


def _trained(lineage: Lineage | None) -> dict[str, str]:
    found = lineage.trained_on if lineage else {}
    return {case: str(ancestor) for case, ancestor in found.items()}


def _changed(
    run: Run, suites: Sequence[GatedSuite], policy: Policy, store: Store
) -> tuple[str, ...]:
    declared = [d for gated in suites for d in gated.declared]
    now = ruled(run.id, policy.model_dump(mode="json"), run.suites, declared)
    return changes(store.last_rules(list(run.suites)), now)


def _idle(policy: Policy, suites: Sequence[GatedSuite]) -> list[str]:
    cases = [case for gated in suites for case in gated.cases]
    return [
        f"{POLICY_FILE}: tripwire '{glob}' is no slice of these suites: it guards nothing"
        for glob in idle_tripwires(policy, cases)
    ]
