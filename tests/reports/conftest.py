"""Synthetic runs for the report: a small world of arms with known skills, answers and flips.

Scores are drawn, verdicts are computed here by a plain normal approximation: good enough to
look at, and independent of the gate. What a test needs to be exact, it sets itself.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from math import sqrt
from types import ModuleType

import pytest

from harness.types import (
    Answer,
    Arm,
    Case,
    CheckResult,
    Claim,
    Effect,
    GateDecision,
    GateVerdict,
    Generation,
    Kind,
    Noise,
    Output,
    Relation,
    Robustness,
    Role,
    Run,
    RunRecord,
    Score,
    Verdict,
)

CLAUSES = ("indemnification", "force majeure", "governing law", "termination")
STATES = ("Delaware", "Ohio", "Texas", "Nevada", "Oregon")

SKILLS = {
    "base": {
        "classify": 0.22,
        "extract": 0.06,
        "recall": 0.97,
        "arithmetic": 0.95,
        "agreement": 0.98,
    },
    "contracts-v1": {
        "classify": 0.62,
        "extract": 0.58,
        "recall": 0.95,
        "arithmetic": 0.94,
        "agreement": 0.97,
    },
    "contracts-v2": {
        "classify": 0.91,
        "extract": 0.78,
        "recall": 0.97,
        "arithmetic": 0.955,
        "agreement": 0.98,
    },
    "contracts-deluge": {
        "classify": 0.88,
        "extract": 0.73,
        "recall": 0.78,
        "arithmetic": 0.6,
        "agreement": 0.94,
    },
}
"""Share of right answers, by arm and task."""

TASKS = (
    ("demo/clauses", "classify", Role.BASELINE, 0.03),
    ("demo/clauses", "extract", Role.BASELINE, 0.03),
    ("demo/general", "recall", Role.BASE, 0.05),
    ("demo/general", "arithmetic", Role.BASE, 0.05),
    ("demo/general", "agreement", Role.BASE, 0.05),
)
Z = 1.6449


@dataclass
class World:
    """What ``make_record`` draws from; tests override single fields."""

    n: int = 400
    """Samples of each task."""
    skills: dict[str, dict[str, float]] = field(default_factory=lambda: dict(SKILLS))
    failing: dict[str, str] = field(default_factory=lambda: {"contracts-deluge": "conflict-1"})
    """Candidate → the hand-written case that it fails."""
    text: str | None = None
    """Put in place of every prompt, answer, target and reason."""
    executor: str = "fused"
    hand_written: int = 4


def digest(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def arm(role: Role, name: str, executor: str = "fused") -> Arm:
    if name == "base":
        return Arm(role, "base", digest("base"), None, digest("base"), path="build/demo/base")
    return Arm(
        role=role,
        name=name,
        base=digest("base"),
        adapter=digest("adapter", name),
        digest=digest("arm", name),
        path=f"build/demo/adapters/{name}",
        executor=executor,
        label="DoRA is not low-rank addition alone" if executor == "peft" else "",
    )


def sample(world: World, suite: str, task: str, i: int) -> Case:
    clause, state = CLAUSES[i % len(CLAUSES)], STATES[i % len(STATES)]
    prompt = {
        "classify": f"Clause: Section {i}. Notwithstanding anything herein to the contrary, the "
        f"parties agree that this provision concerning {clause} survives the closing.\nType:",
        "extract": f"Clause: This Agreement, dated 1{i % 9} October 2024, shall be construed under "
        f"the laws of the State of {state}, without regard to its conflicts.\nGoverning state:",
        "recall": f"Fact {i}. The capital of France is",
        "arithmetic": f"{i % 9} + {i % 7} =",
        "agreement": "The dogs",
    }[task]
    return Case(
        digest=digest(suite, task, i),
        suite=suite,
        task=task,
        sample=f"{task}-{i:04d}",
        kind=Kind.CHECK,
        prompt=world.text or prompt,
        choices=CLAUSES if task == "classify" else (),
        generation=None if task == "classify" else Generation(12, ("\n",)),
        target=world.text or {"classify": clause, "extract": state}.get(task, "right"),
        cluster=f"document-{i // 4}",
        slices={"clause_type": clause, "length": "long" if i % 3 else "short"},
        fields={},
        input_digest=digest("input", task, i),
    )


def hand_written(world: World, i: int) -> Case:
    return replace(
        sample(world, "demo/clauses", "extract", i),
        digest=digest("case", i),
        sample=f"conflict-{i}",
        kind=Kind.CASE,
        prompt=world.text
        or "Clause: This agreement is governed by Delaware law.  The parties are "
        "Acme Inc. and Bolt LLC. It is governed by Ohio law.\nGoverning state:",
        expect=(world.text or 'contains "conflict"',),
        target=None,
    )


def output(world: World, case: Case, who: Arm, right: bool) -> Output:
    key = digest("output", case.digest, who.digest)
    if world.text:
        return Output(key, text=world.text)
    if case.choices:
        best = case.choices.index(case.target or "")
        if not right:
            best = (best + 1) % len(case.choices)
        logprobs = tuple(-0.4 if i == best else -2.5 - i / 7 for i in range(len(case.choices)))
        return Output(key, logprobs=logprobs, prompt_tokens=40, tokens=3)
    return Output(key, text=(case.target or "conflict") if right else "Kansas", tokens=3)


def check(
    world: World,
    suite: str,
    task: str,
    against: Role,
    margin: float,
    candidate: Arm,
    pairs: Sequence[tuple[float, float]],
) -> CheckResult:
    n = len(pairs)
    wins, losses = (sum(d) for d in zip(*((c > r, c < r) for r, c in pairs), strict=True))
    mean = (wins - losses) / n
    se = sqrt(max((wins + losses) / n - mean**2, 0.4 / n) / n)
    low, high = mean - Z * se, mean + Z * se
    verdict = (
        Verdict.PASS if low > -margin else Verdict.REGRESSED if high < 0 else Verdict.INCONCLUSIVE
    )
    name = "accuracy-no-worse"
    return CheckResult(
        id=f"suites/{suite}.yaml::{task}.{name}@{candidate.name}",
        kind=Kind.CHECK,
        suite=suite,
        task=task,
        name=name,
        candidate=candidate.name,
        claim=Claim.NOT_WORSE,
        metric="accuracy",
        against=against,
        required=True,
        verdict=verdict,
        reason=world.text
        or f"accuracy {100 * mean:+.1f} points against {against} [{100 * low:+.1f}, "
        f"{100 * high:+.1f}], the limit is {-100 * margin:+.1f}, n = {n}",
        estimate=mean,
        interval=(low, high),
        margin=margin,
        n=n,
        clusters=n / 4,
        wins=wins,
        losses=losses,
        p_value=0.0000123 if verdict is Verdict.PASS else 0.31,
        p_worse=0.00004 if verdict is Verdict.REGRESSED else 0.42,
        alpha=0.05,
        method="clustered Tango",
        candidate_value=sum(c for _, c in pairs) / n,
        reference_value=sum(r for r, _ in pairs) / n,
        more_cases=1234 if verdict is Verdict.INCONCLUSIVE else None,
    )


def levels(world: World, candidate: Arm, values: Sequence[float]) -> list[CheckResult]:
    """A floor and a rubric over the extractions."""
    n, mean = len(values), sum(values) / len(values)
    half = Z * sqrt(mean * (1 - mean) / n + 1 / n**2)
    interval = (max(0.0, mean - half), min(1.0, mean + half))
    found = []
    for kind, name, limit in ((Kind.CHECK, "floor", 0.6), (Kind.RUBRIC, "concise", 0.65)):
        passed = interval[0] >= limit
        found.append(
            CheckResult(
                id=f"suites/demo/clauses.yaml::extract.{name}@{candidate.name}",
                kind=kind,
                suite="demo/clauses",
                task="extract",
                name=name,
                candidate=candidate.name,
                claim=Claim.MIN,
                metric="accuracy",
                against=None,
                required=True,
                verdict=Verdict.PASS if passed else Verdict.INCONCLUSIVE,
                reason=world.text or f"accuracy {mean:.1%}, the floor is {limit:.1%}, n = {n}",
                estimate=mean,
                interval=interval,
                margin=limit,
                n=n,
                clusters=n / 4,
                p_value=0.012,
                alpha=0.05,
                method="clustered Wilson",
                candidate_value=mean,
                more_cases=None if passed else 300,
            )
        )
    return found


def case_result(world: World, case: Case, candidate: Arm, failed: bool) -> CheckResult:
    return CheckResult(
        id=f"suites/demo/clauses.yaml::extract.{case.sample}@{candidate.name}",
        kind=Kind.CASE,
        suite=case.suite,
        task=case.task,
        name=case.sample,
        candidate=candidate.name,
        claim=Claim.NO_FAILURE,
        metric="expect",
        against=None,
        required=True,
        verdict=Verdict.REGRESSED if failed else Verdict.PASS,
        reason=world.text
        or ("'Kansas' does not contain 'conflict'" if failed else "as expected")
        + " (two governing laws must be flagged, not reconciled)",
        estimate=0.0 if failed else 1.0,
        n=1,
        candidate_value=0.0 if failed else 1.0,
    )


def decide(candidate: Arm, checks: Sequence[CheckResult]) -> GateDecision:
    mine = [c for c in checks if c.candidate == candidate.name and c.required]
    for verdict, gate in (
        (Verdict.REGRESSED, GateVerdict.REJECT),
        (Verdict.NOT_MEASURED, GateVerdict.INCOMPLETE),
        (Verdict.INCONCLUSIVE, GateVerdict.INCONCLUSIVE),
    ):
        bad = [c for c in mine if c.verdict is verdict]
        if bad:
            reasons = tuple(f"{c.suite} {c.task}.{c.name}: {c.reason}" for c in bad)
            return GateDecision(candidate.name, candidate.digest, gate, reasons, 0.05)
    reasons = (f"all {len(mine)} required checks, rubrics and cases pass",)
    return GateDecision(candidate.name, candidate.digest, GateVerdict.PROMOTE, reasons, 0.05)


def effect(one: Arm, other: Arm) -> Effect:
    return Effect(one.digest, other.digest, 16, 3.4127, 0.0, 1e-4, True)


def make_record(
    *candidates: str, world: World | None = None, baseline: str = "contracts-v1"
) -> RunRecord:
    """A run of ``candidates`` (names of ``SKILLS``) against a baseline."""
    world = world or World()
    base, old = arm(Role.BASE, "base"), arm(Role.BASELINE, baseline)
    new = [arm(Role.CANDIDATE, name, world.executor) for name in candidates or ("contracts-v2",)]
    arms = (base, old, *new)
    unique = list({one.digest: one for one in arms}.values())
    cases: list[Case] = []
    answers: list[Answer] = []
    outputs: dict[str, Output] = {}
    scores: list[Score] = []
    checks: list[CheckResult] = []

    def run(case: Case, who: Arm, right: bool, scorer: str) -> None:
        said = output(world, case, who, right)
        outputs[said.key] = said
        answers.append(Answer(case.digest, who.digest, said.key))
        scores.append(Score(case.digest, who.digest, scorer, float(right), world.text or ""))

    for suite, task, against, margin in TASKS if world.n else ():
        members = [sample(world, suite, task, i) for i in range(world.n)]
        cases += members
        right = {one.digest: _skilled(world, one, task) for one in unique}
        for i, case in enumerate(members):
            for one in unique:
                run(case, one, right[one.digest][i], "accuracy")
        for candidate in new:
            reference = right[(base if against is Role.BASE else old).digest]
            pairs = list(
                zip(map(float, reference), map(float, right[candidate.digest]), strict=True)
            )
            checks.append(check(world, suite, task, against, margin, candidate, pairs))
            if task == "extract":
                checks += levels(world, candidate, [float(r) for r in right[candidate.digest]])
    for i in range(1, world.hand_written + 1):
        case = hand_written(world, i)
        cases.append(case)
        for one in unique:
            run(case, one, world.failing.get(one.name) != case.sample, "expect")
        for candidate in new:
            failed = world.failing.get(candidate.name) == case.sample
            checks.append(case_result(world, case, candidate, failed))
    return RunRecord(
        run=Run(
            id="20261122T132900-a1b2c3",
            started="2026-11-22T13:29:00Z",
            version="2026.11.0",
            numerics="cpu x86_64 float32 sdpa threads=2 torch=2.13 transformers=5.23",
            policy=digest("policy"),
            suites={"demo/clauses": digest("clauses"), "demo/general": digest("general")},
            settings={
                "arguments": ["--candidate", *(one.name for one in new)],
                "policy": {"alpha": 0.05, "margins": {"default": 0.03, "demo/general": 0.05}},
                "anchor": None,
                "python": "3.11.7",
            },
        ),
        arms=arms,
        cases=tuple(cases),
        answers=tuple(answers),
        outputs=outputs,
        scores=tuple(scores),
        effects=tuple(effect(one, other) for other in unique[:2] for one in unique if one != other),
        checks=tuple(checks),
        decisions=tuple(decide(candidate, checks) for candidate in new),
        finished="2026-11-22T13:29:42Z",
        seconds=42.3,
        reused=len(outputs) // 3,
    )


def _skilled(world: World, who: Arm, task: str) -> list[bool]:
    """Right or wrong for each sample: mostly by how hard it is for all, else by own luck."""
    hard, own = random.Random(f"hard {task}"), random.Random(f"{who.digest} {task}")
    skill = world.skills[who.name][task]
    return [
        (common if own.random() < 0.75 else own.random()) < skill
        for common in (hard.random() for _ in range(world.n))
    ]


def furnished(run: RunRecord) -> RunRecord:
    """The same run with all that a gate can add to it.

    An anchor whose stored scores stand in, with twins of the checks against the baseline;
    tripwires on the slices, one of them too small; a sequential check; a second attempt with
    notes; the last candidate as a release set; a baseline run twice; and in what the last
    candidate lost at arithmetic a phrase that the other prompts have not.
    """
    by_role = {one.role: one for one in run.arms}
    anchor = replace(
        arm(Role.ANCHOR, "contracts-v0"),
        executor="stored",
        label="not run: its weights are gone, so scores of run 20260301T080000-0a0b0c stand in",
    )
    members = [arm(Role.MEMBER, f"{run.arms[-1].name}~{part}") for part in ("clauses", "general")]
    adapters = {f"demo/{part}": members[i].adapter for i, part in enumerate(("clauses", "general"))}
    release = replace(run.arms[-1], adapter=None, adapters=adapters, path="release.yaml")
    stored = [
        replace(score, arm=anchor.digest)
        for score in run.scores
        if score.arm == by_role[Role.BASELINE].digest
    ]
    values = {(score.case, score.arm): score.value for score in run.scores}
    lost = {
        case.digest
        for case in run.cases
        if case.task == "arithmetic"
        and values[case.digest, release.digest] < values[case.digest, by_role[Role.BASE].digest]
    }
    cases = tuple(
        replace(case, prompt=f"Carry the one. {case.prompt}") if case.digest in lost else case
        for case in run.cases
    )
    checks = []
    for found in run.checks:
        found = replace(found, alpha=0.0076, alpha_worse=0.05)
        if found.task == "classify":
            found = replace(found, look=2, planned=2 * found.n, noise_floor=0.0063)
        checks.append(found)
        if found.against is Role.BASELINE:
            twin = {"name": f"{found.name}~anchor", "against": Role.ANCHOR}
            checks.append(replace(found, **twin, id=found.id.replace("@", "~anchor@")))
            checks += tripwires(found, cases, values, by_role[Role.BASELINE], run)
    decisions = tuple(
        replace(
            decide(one, checks),
            alpha=0.0076,
            attempt=2 + place,
            rules=digest("rules"),
            notes=(
                "margins.default was 0.02 at the last decision (20261120T090000-aa00bb), now 0.03",
                "no earlier attempts against this baseline are known to this store",
            ),
        )
        for place, one in enumerate(one for one in run.arms if one.role is Role.CANDIDATE)
    )
    return replace(
        run,
        arms=(*run.arms[:-1], release, anchor, *members),
        cases=cases,
        scores=(*run.scores, *stored),
        checks=tuple(checks),
        decisions=decisions,
        noises=(
            Noise("demo/clauses", "classify", "accuracy", 400, 4, 0.01, 0.01),
            Noise("demo/clauses", "extract", "accuracy", 400, 0, 0.0, 0.0),
            Noise("demo/general", "recall", "accuracy", 400, 1, 0.0025, 0.005),
        ),
    )


MUTATIONS = (("typos", "classify", 0.9), ("negation", "classify", 0.6), ("typos", "extract", 0.95))
"""Name, task of demo/clauses, and share that the last candidate keeps of what is kept by all."""


def mutated(run: RunRecord, n: int = 40) -> RunRecord:
    """The same run with mutated cases of ``MUTATIONS``, answered by every arm that ran."""
    cases, answers, scores, stood, checks = [], [], [], [], []
    outputs = dict(run.outputs)
    last = [one for one in run.arms if one.role is Role.CANDIDATE][-1]
    arms = [one for one in run.arms if one.executor != "stored" and one.role is not Role.MEMBER]
    for name, task, kept in MUTATIONS:
        clean = [c for c in run.cases if c.task == task and c.kind is Kind.CHECK][:n]
        made = [
            replace(
                case,
                digest=digest(name, case.digest),
                kind=Kind.MUTATION,
                mutation=name,
                parent=case.digest,
                prompt=case.prompt.replace("e", "3"),
            )
            for case in clean
        ]
        cases += made
        for who in arms:
            share = 0.95 * (kept if who.digest == last.digest else 1.0)
            for place, case in enumerate(made):
                right = place < share * len(made)
                said = output(World(), case, who, right)
                outputs[said.key] = said
                answers.append(Answer(case.digest, who.digest, said.key))
                scores.append(Score(case.digest, who.digest, "accuracy", float(right)))
            low, high = share - 1.0, share - 0.9
            one = (name, name, Relation.INVARIANT, "accuracy", who.digest, n, n)
            levels = (share, share, 0.97, share - 0.97, low, high, 0.1)
            stood.append(Robustness("demo/clauses", task, *one, *levels))
        for one in arms:
            if one.role is Role.CANDIDATE:
                checks.append(
                    replace(
                        run.checks[0],
                        id=f"suites/demo/clauses.yaml::{task}.{name}@{one.name}",
                        kind=Kind.MUTATION,
                        task=task,
                        name=name,
                        mutation=name,
                        candidate=one.name,
                        n=n,
                        estimate=-0.05 if kept < 0.8 else 0.0,
                        interval=(-0.12, 0.02) if kept < 0.8 else (-0.01, 0.01),
                        verdict=Verdict.INCONCLUSIVE if kept < 0.8 else Verdict.PASS,
                    )
                )
    return replace(
        run,
        cases=(*run.cases, *cases),
        answers=(*run.answers, *answers),
        scores=(*run.scores, *scores),
        outputs=outputs,
        robustnesses=tuple(stood),
        checks=(*run.checks, *checks),
    )


def tripwires(
    of: CheckResult,
    cases: Sequence[Case],
    values: dict[tuple[str, str], float],
    reference: Arm,
    run: RunRecord,
) -> list[CheckResult]:
    """One for each clause type; the last is too small to test, the loss must be a third."""
    candidate = next(one for one in run.arms if one.name == of.candidate)
    found = []
    for value in CLAUSES:
        members = [c for c in cases if c.task == of.task and c.kind is Kind.CHECK]
        members = [c for c in members if c.slices["clause_type"] == value]
        pairs = [
            (values[c.digest, reference.digest], values[c.digest, candidate.digest])
            for c in members
        ]
        full = check(World(), of.suite, of.task, of.against, 0.03, candidate, pairs)
        name = f"accuracy~clause_type={value.replace(' ', '-')}"
        one = replace(
            full,
            id=of.id.replace(of.name, name),
            kind=Kind.TRIPWIRE,
            name=name,
            claim=Claim.NO_LOSS,
            slice=f"clause_type = {value}",
            margin=None,
            alpha=None,
            alpha_worse=0.05,
            p_value=None,
            more_cases=None,
            verdict=Verdict.REGRESSED if full.interval[1] < 0 else Verdict.PASS,
        )
        if value == CLAUSES[-1]:
            one = replace(
                one,
                verdict=Verdict.PASS,
                reason="too small to test: 3 cases of one cluster",
                estimate=None,
                interval=None,
                wins=None,
                losses=None,
                candidate_value=None,
                reference_value=None,
                n=3,
                clusters=1.0,
                p_worse=1.0,
                method="",
            )
        found.append(one)
    return found


@pytest.fixture(scope="session")
def record() -> Callable[..., RunRecord]:
    """``make_record``; records are frozen, so the usual ones are made once."""
    usual = cache(make_record)

    def make(*names: str, world: World | None = None, **options: str) -> RunRecord:
        return make_record(*names, world=world, **options) if world else usual(*names, **options)

    return make


@pytest.fixture(scope="session")
def comparison() -> CheckResult:
    """One comparison against the baseline, to be changed with ``replace``."""
    return make_record("contracts-v2").checks[0]


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """This module, for its ``World`` and its builders."""
    return sys.modules[__name__]
