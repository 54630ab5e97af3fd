"""Records for simulated gates: declared claims, their cases, and scores for drawn results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.gate.check import Declared, measure
from harness.gate.decide import decide, settle
from harness.types import Arm, Case, CheckResult, Claim, GateDecision, Kind, Role, Score

METRIC, TASK, SLICE = "accuracy", "classify", "part"
BASE = "base-digest"
ARMS: Mapping[Role, Arm] = {
    role: Arm(role, role.value, BASE, f"{role.value}-adapter", f"{role.value}-arm")
    for role in (Role.BASELINE, Role.ANCHOR, Role.CANDIDATE)
}
Right = NDArray[np.bool_]
Scores = Mapping[tuple[str, str, str], Sequence[Score]]


@dataclass(frozen=True, slots=True)
class Suite:
    """A must-pass check on n cases, its anchor twin if wanted, and a tripwire for each slice."""

    name: str
    cases: tuple[Case, ...]
    declared: tuple[Declared, ...]


def suite(
    name: str, clusters: Sequence[int], slices: Sequence[int], margin: float, *, anchored: bool
) -> Suite:
    """A suite whose i-th case lies in cluster ``clusters[i]`` and in slice ``slices[i]``."""
    cases = tuple(
        _case(name, i, str(cluster), str(part))
        for i, (cluster, part) in enumerate(zip(clusters, slices, strict=True))
    )
    checks = [_declared(name, "no-worse", Claim.NOT_WORSE, Role.BASELINE, margin, cases)]
    if anchored:
        checks.append(
            _declared(name, "no-worse~anchor", Claim.NOT_WORSE, Role.ANCHOR, margin, cases)
        )
    members: dict[str, list[Case]] = {}
    for case in cases:
        members.setdefault(case.slices[SLICE], []).append(case)
    for value, rows in members.items():
        part = f"{METRIC}~{SLICE}={value}"
        checks.append(_declared(name, part, Claim.NO_LOSS, Role.BASELINE, 0.0, tuple(rows)))
    return Suite(name, cases, tuple(checks))


def _case(suite: str, i: int, cluster: str, part: str) -> Case:
    return Case(
        digest=f"{suite}/{i}",
        suite=suite,
        task=TASK,
        sample=f"row-{i}",
        kind=Kind.CHECK,
        prompt="",
        choices=(),
        generation=None,
        target=None,
        cluster=cluster,
        slices={SLICE: part},
        fields={},
        input_digest=f"{suite}/{i}",
    )


def _declared(
    suite: str, name: str, claim: Claim, against: Role, limit: float, cases: tuple[Case, ...]
) -> Declared:
    candidate = ARMS[Role.CANDIDATE].name
    tripwire = claim is Claim.NO_LOSS
    return Declared(
        id=f"suites/{suite}.yaml::{TASK}.{name}@{candidate}",
        kind=Kind.TRIPWIRE if tripwire else Kind.CHECK,
        suite=suite,
        task=TASK,
        name=name,
        candidate=candidate,
        claim=claim,
        metric=METRIC,
        against=against,
        limit=limit,
        required=True,
        cases=cases,
        slice=name.partition("~")[2].replace("=", " = ") if tripwire else "",
    )


class Scorebook:
    """Scores of right-or-wrong answers, each record made once and used in every draw."""

    def __init__(self, cases: Sequence[Case], roles: Sequence[Role]) -> None:
        """For these cases and arms, in this order."""
        self._keys = [(case.digest, ARMS[role].digest, METRIC) for role in roles for case in cases]
        self._wrong, self._right = (
            [(Score(*key, value),) for key in self._keys] for value in (0.0, 1.0)
        )

    def scores(self, right: Right) -> Scores:
        """The table for answers [roles, cases]."""
        return {
            key: yes if is_right else no
            for key, yes, no, is_right in zip(
                self._keys, self._right, self._wrong, right.ravel().tolist(), strict=True
            )
        }


def changed(
    rng: np.random.Generator, right: Right, level: float, psi: float, difference: float
) -> Right:
    """Other answers to the same cases: ψ of them differ, and they are better by ``difference``.

    ``level`` is the share of right answers in ``right``.
    """
    loss, win = (psi - difference) / 2 / level, (psi + difference) / 2 / (1 - level)
    return right ^ (rng.random(len(right)) < np.where(right, loss, win))


def gate(
    declared: Sequence[Declared], scores: Scores, alpha: float, alpha_worse: float
) -> tuple[list[CheckResult], GateDecision]:
    """Measure, settle and decide, as a run does once its scores are there."""
    candidate = ARMS[Role.CANDIDATE]
    measured = [
        measure(each, candidate, ARMS[each.against or Role.BASELINE], scores, alpha, alpha_worse)
        for each in declared
    ]
    family = sum(each.comparative for each in declared)
    results = settle(measured, family, alpha_worse)
    return results, decide(candidate, results, alpha=alpha)
