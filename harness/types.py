"""The records that cross package borders: frozen, plain, hashable where they are keys.

Arms are known by content. A score or an output belongs to ``(case digest, arm digest)``;
names are for people. Two arms with the same content are one computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PURGED = "(purged)"
"""Stands where a text was purged."""


class Role(StrEnum):
    """What an arm is for in one gate."""

    BASE = "base"
    BASELINE = "baseline"
    ANCHOR = "anchor"
    CANDIDATE = "candidate"
    MEMBER = "member"
    """An adapter of a release set as the engine runs it; it decides nothing by itself."""


class Verdict(StrEnum):
    """Of one check, from good to bad."""

    PASS = "PASS"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_MEASURED = "NOT_MEASURED"
    REGRESSED = "REGRESSED"


class GateVerdict(StrEnum):
    """Of one candidate, from good to bad; the worst of a run stands on top of its report."""

    PROMOTE = "PROMOTE"
    INCONCLUSIVE = "INCONCLUSIVE"
    PARTIAL = "PARTIAL"
    INCOMPLETE = "INCOMPLETE"
    REJECT = "REJECT"


class Claim(StrEnum):
    """What a check asserts."""

    NOT_WORSE = "not-worse"
    BETTER = "better"
    MIN = "min"
    MAX = "max"
    NO_FAILURE = "no-failure"
    NO_LOSS = "no-loss"
    """Of a slice: no loss is proven. It has no margin, and passes where too little is known."""


class Relation(StrEnum):
    """What must hold of the answer to a mutated text."""

    INVARIANT = "invariant"
    """The same answer is right."""
    EQUIVALENT = "equivalent"
    """The score stays, within a tolerance."""
    CHANGES = "changes"
    """Another answer is right."""
    REFUSES = "refuses"
    """The answer is withheld."""
    CLARIFIES = "clarifies"
    """The answer asks what was meant."""
    FLAGS = "flags"
    """The answer says that the text contradicts itself, or what it takes for granted."""
    MONOTONIC = "monotonic"
    """The score does not fall."""


class Kind(StrEnum):
    """What a pytest item stands for."""

    CHECK = "check"
    RUBRIC = "rubric"
    CASE = "case"
    MUTATION = "mutation"
    TRIPWIRE = "tripwire"


@dataclass(frozen=True, slots=True)
class Arm:
    """One system under test: a base model and at most one adapter for each suite."""

    role: Role
    name: str
    base: str
    """Digest of the base model."""
    adapter: str | None
    """Digest of the adapter; None is the base model itself, or a release set."""
    digest: str
    """Digest of both: the identity under which outputs and scores are kept."""
    path: str | None = None
    """The adapter directory as the user named it; for people only."""
    executor: str = "fused"
    """How the arm is run: ``fused`` in the shared batch, ``peft`` (slower, one arm a pass), or
    ``stored``: not at all, its weights are gone and scores of earlier runs stand in."""
    label: str = ""
    """Why it is not run in the shared batch, where it is not."""
    history: str = ""
    """What the store knows of it: new, seen before, or changed in place since a run."""
    problem: str | None = None
    """Why this arm cannot be measured, if it cannot; its checks are NOT_MEASURED with it."""
    adapters: Mapping[str, str] = field(default_factory=dict)
    """Of a release set: suite glob → digest of the adapter that serves it; else empty."""


@dataclass(frozen=True, slots=True)
class Generation:
    """How an answer is generated: greedily unless there is a temperature."""

    max_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int = 0
    """Of the first answer's draws; each repeat has the next one."""
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a prompt may be, and what to do with a longer one."""

    tokens: int | None = None
    """None: as many as the model takes, less those of the answer."""
    cut: str = ""
    """left, right, middle or shots; empty where a longer one is an error."""


@dataclass(frozen=True, slots=True)
class Case:
    """A sample × a task (× a mutation): one question to a model. Paired by ``digest``."""

    digest: str
    suite: str
    task: str
    sample: str
    """The sample's id in its data file, or the id of a hand-written case."""
    kind: Kind
    """CHECK for a data sample, MUTATION for a mutated one, CASE for a hand-written one."""
    prompt: str
    choices: tuple[str, ...]
    """Answers to choose from by log-likelihood; empty where the answer is generated."""
    generation: Generation | None
    target: str | None
    cluster: str
    """Samples that are one piece of evidence share it; the sample's own id where unclustered."""
    slices: Mapping[str, str]
    fields: Mapping[str, Any]
    """The row of data, for scorers that need more than the target."""
    input_digest: str
    """See ``harness.suite.digest.input_digest``."""
    expect: tuple[str, ...] = ()
    """What the answer to a hand-written case must meet, as the suite says it; for people."""
    messages: tuple[Mapping[str, Any], ...] = ()
    """Of a chat: what the model's chat template is given; ``prompt`` then is for people."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """Functions that the chat template is told of."""
    shots: tuple[int, ...] = ()
    """Length of each few-shot example: characters that lead the prompt, or messages of a chat."""
    budget: Budget = Budget()
    unconditional: str | None = None
    """Prompt after which the choices' own likelihood is measured (``Output.prior``)."""
    rolling: bool = False
    """Whether the whole prompt's likelihood is the answer."""
    weight: float = 1.0
    """How much the sample counts."""
    mutation: str = ""
    """Name of the suite's mutation that made it; empty for a clean case."""
    parent: str = ""
    """Of a mutated case: digest of the clean one, with which it shares its cluster."""
    purged: str = ""
    """Digest of ``fields`` as they were, where the texts of the case were purged."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one arm answered to one request. Exactly one of answer, ``error`` is present."""

    key: str
    """Base, adapter, tokens, sampling and numerics class, hashed (``engine.keys``)."""
    text: str | None = None
    """The generated text, without the stop sequence."""
    logprobs: tuple[float, ...] | None = None
    """Natural-log likelihood of each choice, summed over its tokens."""
    prompt_tokens: int = 0
    tokens: int = 0
    """Generated or scored tokens."""
    seconds: float = 0.0
    """Share of its batch's wall time."""
    error: str | None = None
    lengths: tuple[int, ...] | None = None
    """Tokens of each choice."""
    prior: tuple[float, ...] | None = None
    """Likelihood of each choice after the task's unconditional prompt, where it has one."""
    purged: str = ""
    """Digest of ``text`` as it was, where it was purged; such an output is not reused."""
    occupancy: float | None = None
    """Share of its batch's places that held a token of a prompt; None where nothing is padded."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Which output an arm gave to a case."""

    case: str
    arm: str
    key: str
    repeat: int = 0
    """0 for the answer, 1 and up where the same question was asked again."""


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's judgement of one output."""

    case: str
    arm: str
    scorer: str
    value: float | None
    """None where the scorer could not score; ``reason`` then says why. Never 0 for a failure."""
    reason: str = ""
    repeat: int = 0
    """Which answer, or which run of a judge; a case's repeats are reduced to one before pairing."""
    answer: str = ""
    """What was judged, where the repeats vote on it."""
    parts: tuple[tuple[int, float], ...] = ()
    """What the case adds to a corpus metric's sums, as (index, amount)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric over a set of scores."""

    value: float
    n: int
    low: float
    """Lower one-sided 1−α bound."""
    high: float
    clusters: float
    """Effective number of clusters, n²/Σm²."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Proof that two arms of different content really behave differently."""

    arm: str
    other: str
    """Digests of the two arms."""
    prompts: int
    difference: float | None
    """Largest absolute difference of log-probabilities; None: not measured."""
    noise: float | None
    """The same of one arm run twice."""
    threshold: float | None
    proven: bool
    reason: str = ""
    unit: str = "nats"
    """Of difference, noise and threshold; a share of texts where there are no log-probabilities."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How much the baseline differs from itself when it is run twice (A/A)."""

    suite: str
    task: str
    metric: str
    n: int
    flips: int
    """Cases whose score changed."""
    rate: float
    """Mean squared change of a score: of right-or-wrong scores the share that flipped."""
    floor: float
    """2·√(rate/n): a smaller margin cannot be told from noise."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One claim about one candidate, with everything needed to read it."""

    id: str
    """The pytest node id."""
    kind: Kind
    suite: str
    task: str
    name: str
    candidate: str
    claim: Claim
    metric: str
    against: Role | None
    required: bool
    verdict: Verdict
    reason: str
    """One sentence: by how much, why not measured, how many more cases."""
    estimate: float | None = None
    """The paired difference candidate − reference, or the candidate's own level."""
    interval: tuple[float, float] | None = None
    """Lower and upper one-sided 1−α bounds of the estimate."""
    margin: float | None = None
    """δ of a comparison (the limit is −δ), or the floor or ceiling itself."""
    n: int = 0
    clusters: float | None = None
    wins: int | None = None
    losses: int | None = None
    p_value: float | None = None
    """Of the claim: small means the claim is proven."""
    p_worse: float | None = None
    """One-sided, for Δ < 0, Holm-adjusted over the declared comparative checks."""
    alpha: float | None = None
    """One-sided level at which the claim must be proven: that of the attempt."""
    alpha_worse: float | None = None
    """One-sided level at which a loss is proven: the policy's, whatever the attempt."""
    method: str = ""
    candidate_value: float | None = None
    reference_value: float | None = None
    more_cases: int | None = None
    """How many more cases the claim needs, where that can be said."""
    slice: str = ""
    """Of a tripwire: ``clause_type = payment``."""
    look: int | None = None
    """Of a sequential check: the look it stopped at, from 1."""
    planned: int | None = None
    """Of a sequential check: the cases it would have had at its last look."""
    noise_floor: float | None = None
    """From the A/A run, where there was one."""
    mutation: str = ""
    """Of mutated cases: the suite's mutation that made them."""
    severity: str = ""
    """Of hand-written cases, where the suite says it: critical, high, medium or low."""
    line: int = 0
    """Of the suite file in which it is declared, from 1; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """How one arm's answers stand a mutation, beside its answers to the clean texts."""

    suite: str
    task: str
    mutation: str
    mutator: str
    relation: Relation
    metric: str
    arm: str
    """Digest of the arm."""
    n: int
    """Mutated cases."""
    seeds: int
    """Of them, those whose clean text was answered rightly (a score of 1)."""
    robustness: float | None
    """P(right | mutated, clean right); of all where the clean text has no such score. None: of
    none."""
    mutated: float
    """Mean score of the mutated cases."""
    clean: float | None = None
    """Mean score of their clean cases, each as often as it was mutated."""
    delta: float | None = None
    """Mean of mutated − clean, case by case."""
    low: float | None = None
    """Lower and upper one-sided bound of delta, clusters respected."""
    high: float | None = None
    spot_check: float = 0.0
    """Share of the mutated texts that a person should look at."""


@dataclass(frozen=True, slots=True)
class JudgeQuality:
    """What the judge of one rubric did, and how he compares with people."""

    suite: str
    task: str
    rubric: str
    judge: str
    """base, baseline, anchor, or a judge of the policy."""
    who: str
    """What he is: the digest of an arm, or a server's address and the model's name there."""
    asked: str
    """Digest of how he is asked."""
    graded: int
    """Answers that he graded, or compared."""
    failed: int
    """Answers that he could not grade."""
    consistent: float | None = None
    """Of pairs, the share on which he says the same in both orders."""
    spread: float | None = None
    """Of several runs, the mean standard deviation of one answer's grades, as scores."""
    labelled: int = 0
    """Answers with people's grades that he graded as well."""
    exact: float | None = None
    """Of these, the share of equal grades."""
    kappa: float | None = None
    """Cohen's, with quadratic weights."""
    bias: float | None = None
    """Mean of judge − people, as scores from 0 to 1."""
    low: float | None = None
    high: float | None = None
    """One-sided bounds of the bias."""
    strata: tuple[float, ...] = ()
    """The bias on short, middle and long answers."""
    favours: str = ""
    """Whose answers he overrates most beside the others'."""
    favour: float | None = None
    favour_low: float | None = None
    favour_high: float | None = None
    """By how much, and its one-sided bounds."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An adapter in a candidate's line: its own, or one that it continues, near or far."""

    adapter: str
    """Digest of the adapter."""
    name: str
    parent: str | None
    """Digest of the adapter that it continues; None: of none, or nothing says."""
    rows: int
    """Training rows that are known by their digest."""
    documented: bool
    """Whether a manifest says so."""


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Of one candidate."""

    candidate: str
    arm: str
    verdict: GateVerdict
    reasons: tuple[str, ...]
    alpha: float
    """Of promotion: the level of this attempt."""
    attempt: int | None = None
    """Which attempt against this baseline the decision is; None where it spends none."""
    rules: str = ""
    """Digest of suites and policy: what the candidate was judged by."""
    repeats: str | None = None
    """The run whose decision this is, where the same was decided before."""
    notes: tuple[str, ...] = ()
    """What must be known before signing: changed margins, unknown history, missing parents."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A decision of the past that spent an attempt against a baseline."""

    run: str
    number: int
    candidate: str
    """Digest of the candidate's arm."""
    rules: str
    verdict: GateVerdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The header of one gate run."""

    id: str
    """Sortable: UTC time to the second and six random hexadecimal digits."""
    started: str
    """ISO 8601, UTC."""
    version: str
    numerics: str
    """The numerics class of its outputs, as text."""
    policy: str
    """Digest of the policy."""
    suites: Mapping[str, str]
    """Suite name → digest of the suite and its data."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What else was asked for: arguments, policy as read, environment versions."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One whole run, as the report, the store and the decision see it."""

    run: Run
    arms: tuple[Arm, ...]
    cases: tuple[Case, ...]
    answers: tuple[Answer, ...]
    outputs: Mapping[str, Output]
    """Those of the answers, by key."""
    scores: tuple[Score, ...]
    effects: tuple[Effect, ...]
    checks: tuple[CheckResult, ...]
    decisions: tuple[GateDecision, ...]
    finished: str | None
    """ISO 8601, UTC; None for a run that was cut short."""
    seconds: float
    reused: int
    """Outputs that an earlier, finished run had computed."""
    noises: tuple[Noise, ...] = ()
    """Of an A/A run; else empty."""
    robustnesses: tuple[Robustness, ...] = ()
    """Of each mutation and each arm that answered it."""
    judges: tuple[JudgeQuality, ...] = ()
    """Of each rubric that a judge graded."""
    ancestors: tuple[Ancestor, ...] = ()
    """Of all candidates, each adapter once."""


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One measured number of a benchmark."""

    name: str
    value: float | None
    """None where it could not be measured; ``note`` then says why."""
    unit: str
    target: str | None = None
    """The claim in words, such as ``< 180``; None for a mere fact."""
    met: bool | None = None
    """Whether the target is met; None without one, or without a value."""
    note: str = ""
    error: float | None = None
    """Monte Carlo standard error of the value, where it was simulated."""
