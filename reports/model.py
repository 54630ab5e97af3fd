"""What a report says: plain frozen records, one to one with report.json (see README.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from harness.types import (
    Ancestor,
    Arm,
    CheckResult,
    Effect,
    GateVerdict,
    JudgeQuality,
    Noise,
    Relation,
    Robustness,
    Role,
    Verdict,
)

if TYPE_CHECKING:
    from harness.gate.explain import Explanation

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """What one arm said to one case."""

    role: Role
    name: str
    text: str | None
    """The generated text, or the likeliest choice; None where there is no answer."""
    share: float | None
    """Probability of that choice among the choices; None for generated text."""
    error: str | None
    scores: Mapping[str, float | None]
    """Scorer → value, the mean over repeats; None where it could not score."""
    repeats: int
    """How many answers, or judgements, the scores are the mean of; the text is of the first."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A case on which the candidate and the arm it is compared with disagree."""

    case: str
    """Digest of the case."""
    suite: str
    task: str
    sample: str
    against: Role
    """The first arm it flipped against, of those that the task's checks name."""
    lost: tuple[str, ...]
    """Scorers by which the candidate is worse."""
    won: tuple[str, ...]
    slices: Mapping[str, str]
    prompt: str
    target: str | None
    answers: tuple[ArmAnswer, ...]
    """Of the references and the baseline, then of the candidate."""


@dataclass(frozen=True, slots=True)
class SliceCount:
    """One value of one slice of a task: ``skill = sort``. A description, not a test."""

    slice: str
    value: str
    n: int
    """Cases that both arms have a score for."""
    reference: float
    """Mean score there of the arm that is compared with."""
    candidate: float
    difference: float
    """candidate − reference."""
    wins: int
    losses: int


@dataclass(frozen=True, slots=True)
class FlipCount:
    """Flips of one scorer on one task against one arm."""

    suite: str
    task: str
    scorer: str
    against: Role
    n: int
    """Cases that both arms have a score for."""
    wins: int
    losses: int
    rate: float
    """(wins + losses) / n."""
    driver: SliceCount | None
    """Where the losses gather: the slice with most of them beyond its share of the cases."""
    slices: tuple[SliceCount, ...]
    """The largest loss of each slice first."""


@dataclass(frozen=True, slots=True)
class Flips:
    """Where a candidate answers differently in quality."""

    n: int
    """Cases that baseline and candidate have a common score for."""
    flipped: int
    rate: float | None
    """Share of those on which any scorer flipped; None where n is 0."""
    tasks: tuple[FlipCount, ...]
    cases: tuple[Flip, ...]
    """Losses first."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A hand-written adversarial case and how the candidate met it."""

    id: str
    name: str
    suite: str
    task: str
    verdict: Verdict
    required: bool
    severity: str
    """critical, high, medium or low; empty where the suite does not say."""
    expect: tuple[str, ...]
    prompt: str | None
    answers: tuple[ArmAnswer, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Example:
    """An output that falls short of a rubric."""

    sample: str
    answer: ArmAnswer
    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class RubricView:
    """A rubric and some of the outputs that do not meet it."""

    id: str
    scored: int
    short: int
    """Outputs that score below 1."""
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """Mean score of one arm."""

    role: Role
    name: str
    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One metric of one task, over all arms."""

    suite: str
    task: str
    metric: str
    levels: tuple[Level, ...]
    """In the order of the report's arms."""
    kept: tuple[float | None, ...]
    """Retention of each: its level over that of base; None where there is none, or base has 0."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A release and its mean score."""

    release: int
    """Number of the release, from 1."""
    run: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One metric of one task over the releases before this run, on the same content."""

    suite: str
    task: str
    metric: str
    points: tuple[TrendPoint, ...]
    """Oldest first; at least one."""
    boundary: float | None
    """What the lower bound of a candidate's level had to clear here; None without such a check."""
    candidates: Mapping[str, float]
    """Name of a candidate of this run → its mean score."""


@dataclass(frozen=True, slots=True)
class CostRow:
    """What the answers of one arm cost, whenever they were computed."""

    arm: str
    """Digest of the arm."""
    outputs: int
    prompt_tokens: int
    tokens: int
    """Generated or scored."""
    seconds: float
    """Shares of the wall time of their batches."""
    slowest: float
    """The largest share of one output."""
    tokens_a_second: float | None
    occupancy: float | None
    """Share of the places of its batches that held a token of a prompt; None: nothing is padded."""


@dataclass(frozen=True, slots=True)
class MutationRow:
    """One mutation of one task, over all arms."""

    suite: str
    task: str
    mutation: str
    mutator: str
    relation: Relation
    metric: str
    n: int
    """Mutated cases."""
    spot_check: int
    """Mutated texts that a person should look at."""
    arms: tuple[Robustness | None, ...]
    """In the order of the report's arms; None where an arm has no score."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of a candidate ended how; ``cases`` are the hand-written ones."""

    checks: Mapping[Verdict, int]
    """With rubrics and mutations."""
    slices: Mapping[Verdict, int]
    """Tripwires."""
    slices_too_small: int
    """Of those that passed, how many were too small to test."""
    cases: Mapping[Verdict, int]
    cases_fail_below: float | None
    """3/n, the upper 95% bound of the failure rate where none of n cases fails; None elsewhere."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate, judged."""

    name: str
    digest: str
    verdict: GateVerdict
    headline: str
    """One sentence: what was lost and where."""
    summary: str
    """The same without the names: how many of what."""
    reasons: tuple[str, ...]
    """The gate's, word for word."""
    alpha: float
    """One-sided, at which claims had to be proven: that of the attempt."""
    attempt: int | None
    """Which attempt against the baseline; None where it spends none."""
    rules: str
    """Digest of the suites and the policy it was judged by."""
    repeats: str | None
    """The run whose decision this is, where the same was decided before."""
    notes: tuple[str, ...]
    """What must be known before signing, word for word."""
    tally: Tally
    would_change: tuple[str, ...]
    """What would change the verdict, a sentence each."""
    closest: str | None
    """Id of the passing required check that came closest to its limit."""
    checks: tuple[CheckResult, ...]
    """Worst suites first, and the worst of a suite first."""
    explanations: Mapping[str, Explanation]
    """Id of a comparison that regressed or is open → what the lost cases share."""
    flips: Flips
    cases: tuple[CaseView, ...]
    rubrics: tuple[RubricView, ...]
    effect: tuple[Effect, ...]
    """Proofs that bear on this candidate: its own, and its references' against base."""


class State(StrEnum):
    """How a case stands for a candidate, beside the arms that its task compares with."""

    LOST = "lost"
    WON = "won"
    SAME = "unchanged"
    NONE = "not measured"


@dataclass(frozen=True, slots=True)
class TaskRows:
    """Every case of one task, in columns of the same length: what the page browses."""

    suite: str
    task: str
    scorers: tuple[str, ...]
    """The first is what the task's checks name first."""
    samples: Sequence[str]
    origins: Sequence[str]
    """``data``, ``hand-written``, or the mutation that made the case."""
    slices: Mapping[str, Sequence[str]]
    """Name → value; empty where a case has none."""
    prompts: Sequence[str]
    targets: Sequence[str | None]
    """The target, or what a hand-written case expects."""
    answers: Sequence[Sequence[str | None]]
    """Of each arm of the report; None where there is none."""
    notes: Sequence[Sequence[str]]
    """Beside each answer: the share of a choice, or that it failed."""
    scores: Sequence[Sequence[Sequence[float | None]]]
    """Of each arm and scorer, means over repeats."""
    states: Mapping[str, Sequence[State]]
    """Name of a candidate → of each case."""
    against: Mapping[str, int]
    """Name of a candidate → place among the arms of what it is compared with first, if anything."""


@dataclass(frozen=True, slots=True)
class SuiteView:
    """One suite as it was run."""

    name: str
    digest: str
    samples: int
    """Cases made from its data."""
    cases: int
    """Hand-written ones."""
    mutated: int
    """Mutated ones."""
    served: int
    """Decisions on the same content of it before this run: it ages with each."""
    since: str | None
    """ISO 8601: when the first of them was made; None where this is the first."""


@dataclass(frozen=True, slots=True)
class RunView:
    """The run behind the report."""

    id: str
    started: str
    finished: str | None
    seconds: float
    version: str
    numerics: str
    policy: str
    cases: int
    outputs: int
    reused: int
    """Of the outputs, those that an earlier, finished run had computed."""
    errors: int
    """Of the outputs, those that are failures."""
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a release manager signs. ``verdict`` is the worst of the candidates'."""

    verdict: GateVerdict
    base: Arm | None
    baseline: Arm | None
    anchor: Arm | None
    run: RunView
    arms: tuple[Arm, ...]
    members: tuple[Arm, ...]
    """The adapters of release sets as the engine ran them."""
    suites: tuple[SuiteView, ...]
    levels: tuple[LevelRow, ...]
    trends: tuple[Trend, ...]
    """Of every measure that an earlier release has."""
    costs: tuple[CostRow, ...]
    """Of every arm that answered."""
    lineage: tuple[Ancestor, ...]
    """The adapters of the candidates, and those that they continue."""
    mutations: tuple[MutationRow, ...]
    judges: tuple[JudgeQuality, ...]
    """Of each rubric that a judge graded."""
    noises: tuple[Noise, ...]
    """Of the baseline run twice; else empty."""
    candidates: tuple[Candidate, ...]
    """Worst first."""
    rows: tuple[TaskRows, ...]
    """Every case. Not in report.json: the history has single answers and scores."""
