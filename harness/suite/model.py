"""The suite language as strict, frozen models: keys are refused unless they are named here.

A model knows the shape of its own part; what one part says about another (a check about a
task) is in ``rules``, what the policy fills in is in ``policy``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from harness.registry import unknown
from harness.types import Claim

from .criteria import READY
from .filter import compile_filter

MAX_NAME = 100
MAX_PATTERN = 1000
"""Characters of one regular expression."""


class Strict(BaseModel):
    """Base of all parts: no unknown keys, no conversions, no changes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, populate_by_name=False, hide_input_in_errors=True
    )


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


NAME = regex.compile(rf"[A-Za-z0-9._/-]{{1,{MAX_NAME}}}")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$", min_length=1, max_length=MAX_NAME)]
"""Part of a pytest node id: ``[`` and ``::`` would break its ``--lf``."""
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
"""A margin, floor or ceiling of a score in [0, 1]."""
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""The same of a metric that may exceed 1, such as a perplexity."""
Listed = BeforeValidator(_listed)
"""YAML has lists, frozen models have tuples."""


class Draw(Strict):
    """How many rows are drawn, and of which draw; all of them where there are no more."""

    n: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


def _one_name_each(value: dict[str, str]) -> dict[str, str]:
    if len(set(value.values())) < len(value):
        raise ValueError("gives one field of the file two names")
    return value


def _expression(value: str) -> str:
    compile_filter(value)
    return value


def _pinned(value: str) -> str:
    if not regex.fullmatch("sha256:[0-9a-f]{64}", value):
        raise ValueError("should be sha256: and 64 hexadecimal digits, as sha256sum prints them")
    return value


class Data(Strict):
    """Where the samples are and which of their fields mean something to the gate.

    ``id``, ``cluster``, ``slices``, ``weight`` and the filter use the names that ``fields``
    gives; rows are filtered before they are drawn.
    """

    path: Text
    """A file, or the folder of a dataset on disk."""
    format: Literal["jsonl", "csv", "tsv", "parquet"] | None = None
    """Where the file's suffix does not say it."""
    split: Text | None = None
    """Of a dataset on disk that has splits."""
    fields: Annotated[dict[Text, Text], AfterValidator(_one_name_each)] = {}
    """A field's name in the suite → its name in the file; the others keep theirs."""
    filter: Annotated[Text, AfterValidator(_expression)] | None = None
    """An expression as in a prompt, true or false of each row."""
    sample: Draw | None = None
    """Rows, not clusters: of as many rows, those of more clusters are more evidence."""
    digest: Annotated[str, AfterValidator(_pinned)] | None = None
    """The only content for which the suite is meant."""
    id: Text | None = "id"
    """None: rows without one are named by their content."""
    cluster: Text | None = None
    slices: Annotated[tuple[Text, ...], Listed] = ()
    weight: Text | None = None
    """The field with how much a row counts."""


class Generate(Strict):
    """How an answer is generated: greedily unless there is a temperature."""

    max_tokens: Annotated[int, Field(ge=1, le=100_000)]
    stop: Annotated[tuple[Text, ...], Listed] = ()
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of the draws; each repeat has the next one."""
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many answers are drawn for each sample."""

    @model_validator(mode="after")
    def _draws(self) -> Self:
        if self.temperature == 0 and (self.repeats > 1 or self.seed):
            what = "'repeats'" if self.repeats > 1 else "'seed'"
            raise ValueError(f"{what} without a temperature: every answer would be the same")
        return self


class Reduce(Strict):
    """How the scores of a sample's repeats become one."""

    how: Literal["mean", "first", "majority", "pass_at", "at_least"]
    k: Annotated[int, Field(ge=1)] | None = None
    """Of ``pass_at`` and ``at_least``."""

    @property
    def counts(self) -> bool:
        """Whether it counts right answers, and so needs a number."""
        return self.how in ("pass_at", "at_least")


def _reduced(value: Any) -> Any:
    if isinstance(value, str):
        return {"how": value}
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("pass_at", "at_least"):
        ((how, k),) = value.items()
        return {"how": how, "k": k}
    return value


Reduction = Annotated[
    Reduce,
    BeforeValidator(
        _reduced,
        json_schema_input_type=(
            Literal["mean", "first", "majority"] | dict[Literal["pass_at", "at_least"], int]
        ),
    ),
]
"""``majority``, or ``{pass_at: 3}``."""


def _named_options(value: Any) -> Any:
    return {value: {}} if isinstance(value, str) else value


Named = Annotated[
    dict[str, Any],
    BeforeValidator(_named_options),
    Field(min_length=1, max_length=1),
]
"""``accuracy`` or ``{grounded: {source: text}}``: a name, and its options."""
PLUGGED = "$comment"
"""Marks in a JSON schema what is plugged in, by its kind; ``published`` fills it in."""
ScorerEntry = Annotated[Named, WithJsonSchema({PLUGGED: "scorer"})]
MutatorEntry = Annotated[Named, WithJsonSchema({PLUGGED: "mutator"})]
StepEntry = Annotated[Named, WithJsonSchema({PLUGGED: "extractor"})]
Pipeline = Annotated[tuple[StepEntry, ...], Listed, Field(min_length=1)]
"""Extraction steps, one after another."""
WHOLE = ""
"""The name of the pipeline that a task without names for them has."""


def _pipelines(value: Any) -> Any:
    return {WHOLE: value} if isinstance(value, list) else value


class Turn(Strict):
    """One message of a chat, or the messages in a field of the row."""

    system: Text | None = None
    user: Text | None = None
    assistant: Text | None = None
    messages: Text | None = None
    """A field that holds a list of messages, tool calls among them."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            raise ValueError("should be one of system, user, assistant or messages")
        return self

    @property
    def said(self) -> tuple[str, str]:
        """The key that it has, and its value."""
        return next((key, value) for key, value in self if value is not None)


class FewShot(Strict):
    """Solved examples before the question."""

    n: Annotated[int, Field(ge=1, le=100)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    balance: Text | None = None
    """A field of which each value is shown as often as the next."""
    path: Text | None = None
    """Where the examples are, in the form of the suite's data; None: among those."""
    separator: str = "\n\n"


class Limit(Strict):
    """How long a prompt may be."""

    tokens: Annotated[int, Field(ge=1)] | None = None
    """None: as many as the model takes."""
    cut: Literal["left", "right", "middle", "shots"] | None = None
    """What of a longer one is left out; None: a longer one is an error."""


class Task(Strict):
    """One way to ask a model about a sample, and how its answers are scored."""

    name: Name
    prompt: Text | None = None
    chat: Annotated[tuple[Turn, ...], Listed] = ()
    tools: Text | None = None
    """The field with the functions that a chat's model may call."""
    few_shot: FewShot | None = None
    budget: Limit | None = None
    choices: Annotated[tuple[Text, ...], Listed] = ()
    choices_from: Text | None = None
    """The field with the row's own choices, a list of texts."""
    unconditional: Text | None = None
    """A prompt without the question: how likely the choices are by themselves."""
    generate: Generate | None = None
    rolling: bool = False
    """Whether the likelihood of the whole prompt is measured, and nothing answered."""
    target: str | None = None
    extract: (
        Annotated[
            dict[str, Pipeline],
            BeforeValidator(_pipelines, json_schema_input_type=Pipeline | dict[str, Pipeline]),
        ]
        | None
    ) = None
    """Name → steps; a list of steps is for all scorers of the task."""
    reduce: Reduction | None = None
    """How the repeats become one; None means their mean."""
    scorers: Annotated[tuple[ScorerEntry, ...], Listed] = ()

    @property
    def chosen(self) -> bool:
        """Whether its answers are chosen, not written."""
        return bool(self.choices) or self.choices_from is not None


def compiles(pattern: str) -> regex.Pattern[str]:
    """A compiled regular expression; ValueError says why it is none."""
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    except RecursionError as error:
        raise ValueError("not a regular expression: nested too deep") from error


class Matches(Strict):
    """A regular expression that must be found in the answer."""

    pattern: Annotated[str, Field(min_length=1, max_length=MAX_PATTERN)]
    ignore_case: bool = False

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        compiles(self.pattern)
        return self


def _pattern(value: Any) -> Any:
    return {"pattern": value} if isinstance(value, str) else value


Pattern = Annotated[Matches, BeforeValidator(_pattern, json_schema_input_type=Text | Matches)]
"""``matches: ^no`` is short for ``matches: {pattern: ^no}``."""
Alternatives = Annotated[tuple["Expectation", ...], Listed, Field(min_length=1)]


class Expectation(Strict):
    """What an answer must be like; where several words are given, all of them must hold."""

    contains: Text | None = None
    not_contains: Annotated[Text | None, Field(alias="not-contains")] = None
    icontains: Text | None = None
    not_icontains: Annotated[Text | None, Field(alias="not-icontains")] = None
    equals: str | None = None
    not_equals: Annotated[str | None, Field(alias="not-equals")] = None
    starts_with: Annotated[Text | None, Field(alias="starts-with")] = None
    not_starts_with: Annotated[Text | None, Field(alias="not-starts-with")] = None
    ends_with: Annotated[Text | None, Field(alias="ends-with")] = None
    not_ends_with: Annotated[Text | None, Field(alias="not-ends-with")] = None
    matches: Pattern | None = None
    not_matches: Annotated[Pattern | None, Field(alias="not-matches")] = None
    is_json: Annotated[bool | None, Field(alias="is-json")] = None
    """Whether the whole answer must, or must not, be JSON."""
    refuses: bool | None = None
    """Whether it must, or must not, refuse to answer; as the scorer ``refusal`` finds it."""
    asks_back: Annotated[bool | None, Field(alias="asks-back")] = None
    """The same of asking what was meant (``clarification``)."""
    flags_conflict: Annotated[bool | None, Field(alias="flags-conflict")] = None
    """The same of saying that the source contradicts itself (``conflict_flagged``)."""
    max_words: Annotated[int, Field(ge=0)] | None = None
    min_words: Annotated[int, Field(ge=1)] | None = None
    any: Alternatives | None = None
    all: Alternatives | None = None
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """How much it counts among others that have a threshold; else 1."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not list(self.words()):
            raise ValueError("expects nothing; one word at least, such as contains: …")
        return self

    def words(self) -> Iterator[tuple[str, Any]]:
        """Its words, by the fields' names, and what each wants."""
        return ((k, wanted) for k, wanted in self if k != "weight" and wanted is not None)

    def spoken(self) -> tuple[str, ...]:
        """Each of its words as a person reads it: ``contains conflict``."""
        return tuple(spoken(name, wanted) for name, wanted in self.words())


def spoken(name: str, wanted: Any) -> str:
    """One word of the language with what it wants; ``name`` is the field's."""
    if name in ("any", "all"):
        return f"{name} of: {' / '.join(text for each in wanted for text in each.spoken())}"
    word = name if name.endswith("_words") else name.replace("_", "-")
    if isinstance(wanted, bool):
        return word if wanted else f"not {word}"
    return f"{word} {wanted.pattern if isinstance(wanted, Matches) else wanted}"


Expectations = Annotated[tuple[Expectation, ...], Listed, Field(min_length=1)]


class Expecting(Strict):
    """What hand-written cases and rubrics share: how many expectations must hold."""

    threshold: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of their weights that must; None: all of them."""


def _check_weights(expected: Sequence[Expectation], threshold: float | None) -> None:
    if threshold is None and any(each.weight is not None for each in expected):
        raise ValueError("a weight without 'threshold': all expectations must hold anyway")


Severity = Literal["critical", "high", "medium", "low"]


class HandCase(Expecting):
    """A hand-written adversarial case: an item that must pass."""

    id: Name
    task: Name
    input: Annotated[dict[str, Any], Field(min_length=1)]
    expect: Expectations
    rate: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The share of the task's repeats that must be as expected; None: every one."""
    severity: Severity | None = None
    """How bad a failure is, for people; the worst stand first in the report."""
    reason: str = ""
    required: bool = True

    @model_validator(mode="after")
    def _weights(self) -> Self:
        _check_weights(self.expect, self.threshold)
        return self

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.severity == "critical" and not self.required:
            raise ValueError("a critical case is always required")
        return self


class Claimed(Strict):
    """What checks and rubrics share: a claim about one task."""

    name: Name
    task: Name
    against: Literal["base", "baseline", "anchor"] | None = None
    """None where the policy says it, or where the claim compares with nothing."""
    margin: Amount | None = None
    """None where the policy says it, or where the claim has none."""
    min: Amount | None = None
    required: bool = True


class Check(Claimed):
    """One statistical claim; it is not-worse unless the check says otherwise."""

    metric: Text
    """A scorer of the task: the mean of its scores."""
    claim: Literal["not-worse", "better", "min", "max"] | None = None
    max: Amount | None = None
    method: Literal["exact"] | None = None
    """None: as the scores ask for. ``exact``: the unconditional test, of right-or-wrong scores."""
    max_per_cluster: Annotated[int, Field(ge=1)] | None = None
    """Rows kept of each cluster, drawn with a seed of the suite's content."""
    sequential: bool = False
    """Whether to look early, up to four times, and stop where the answer is known."""

    @property
    def claims(self) -> Claim:
        """The claim, said or implied by ``min`` or ``max``."""
        if self.claim is not None:
            return Claim(self.claim)
        if self.min is not None:
            return Claim.MIN
        return Claim.NOT_WORSE if self.max is None else Claim.MAX

    @model_validator(mode="after")
    def _one_claim(self) -> Self:
        claim = self.claims
        allowed = {
            Claim.NOT_WORSE: {"against", "margin"},
            Claim.BETTER: {"against"},
            Claim.MIN: {"min"},
            Claim.MAX: {"max"},
        }[claim]
        given = {key for key in ("against", "margin", "min", "max") if getattr(self, key)}
        if given - allowed:
            raise ValueError(
                f"the claim is {claim}, to which {_and(given - allowed)} does not belong"
            )
        if claim in (Claim.MIN, Claim.MAX) and not given:
            raise ValueError(f"the claim is {claim}; missing key '{claim}'")
        if self.sequential and claim is not Claim.NOT_WORSE:
            raise ValueError(f"the claim is {claim}; 'sequential' belongs to not-worse only")
        if self.method == "exact" and claim not in (Claim.NOT_WORSE, Claim.BETTER):
            raise ValueError(f"the claim is {claim}; 'method: exact' belongs to comparisons")
        if self.method == "exact" and self.sequential:
            raise ValueError("either 'method: exact' or 'sequential'; not both")
        return self


class Criterion(Strict):
    """One quality of an answer on an anchored scale."""

    scale: Annotated[dict[int, Text], Field(min_length=2, max_length=20)]
    """Grade → what an answer of it is like; the highest is the best."""


def _ready(value: Any) -> Any:
    """Names of ready-made criteria, as the scales that they stand for."""
    if not isinstance(value, list):
        return value
    for name in value:
        if not isinstance(name, str) or name not in READY:
            raise ValueError(unknown("ready-made criterion", str(name), READY))
    return {name: {"scale": dict(READY[name])} for name in value}


Criteria = Annotated[
    dict[Name, Criterion],
    BeforeValidator(_ready, json_schema_input_type=list[str] | dict[Name, Criterion]),
    Field(min_length=1, max_length=10),
]
"""``[conciseness]``, or criteria with scales of their own."""


class Labels(Strict):
    """Answers that people have graded already: what a judge is compared with."""

    path: Text
    """A file of rows as the suite's data, each with an answer and its grade."""
    answer: Text = "answer"
    """The field with the answer."""
    grade: Text = "grade"
    """The field with the people's grade, on the criterion's scale; their mean where several are."""
    arm: Text | None = None
    """The field with who answered: a judge may favour one of them."""


class Judging(Strict):
    """Who judges answers, and how he is asked."""

    by: Text
    """base, baseline or anchor, or a judge of the policy."""
    pairwise: bool = False
    """Whether two answers are compared, in both orders, or each is graded by itself."""
    runs: Annotated[int, Field(ge=1, le=20)] = 1
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Above 0 a grade is written; else the likelihoods of all grades give the expected one."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of the first run; each has the next one."""
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 16
    """Of a written grade."""
    chat: bool = False
    """Whether a model of ours is asked through its chat template; a served one always is."""
    template: Text | None = None
    """How he is asked; None: as ``harness.suite.judging`` says."""
    labels: Labels | None = None

    @model_validator(mode="after")
    def _draws(self) -> Self:
        if self.temperature == 0 and self.runs > 1:
            raise ValueError("'runs' without a temperature: every run would be the same")
        if self.pairwise and self.labels is not None:
            raise ValueError("'labels' are grades of single answers, and the judge compares two")
        return self


class Rubric(Claimed, Expecting):
    """A quality that answers should have, and who judges it."""

    criteria: Criteria
    by: Literal["assertions", "judge", "human"]
    assertions: Annotated[tuple[Expectation, ...], Listed] = ()
    judge: Judging | None = None
    margin: Share | None = None
    min: Share | None = None

    @property
    def claims(self) -> Claim:
        """A share of at least ``min``, or not worse than the reference."""
        return Claim.NOT_WORSE if self.min is None else Claim.MIN

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        for key, given in (("assertions", bool(self.assertions)), ("judge", bool(self.judge))):
            if self.by == key and not given:
                raise ValueError(f"judged by {key}; missing key '{key}'")
            if given and self.by != key:
                raise ValueError(f"judged by {self.by}, to which '{key}' does not belong")
        if self.threshold is not None and self.by != "assertions":
            raise ValueError("'threshold' is of assertions")
        return self

    @model_validator(mode="after")
    def _one_claim(self) -> Self:
        _check_weights(self.assertions, self.threshold)
        if self.min is not None and (self.against is not None or self.margin is not None):
            raise ValueError("either min, or against and margin; not both")
        if self.min is not None and self.judge is not None and self.judge.pairwise:
            raise ValueError("a judge who compares two answers gives no level; leave 'min' out")
        return self


class Mutation(Claimed):
    """A mutator applied to the samples of a task, and what must hold of the answers."""

    name: Name = ""
    """Its mutator's name unless it says another."""
    mutator: MutatorEntry
    field: Text | None = None
    """The field of a row that is mutated; None: the only one that the prompt uses."""
    metric: Text | None = None
    """A scorer of the task; None: the first, or what tells whether the relation holds."""
    target: str | None = None
    """What is right of every mutated text; None: what the mutator says."""
    sample: Draw | None = None
    """How many samples are mutated, of those that can be; None: all."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of what the mutator draws."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] | None = None
    """How far a score may fall and still be equivalent; None: 0.1."""
    compare: Literal["score", "drop"] = "score"
    """Whether scores of mutated texts are compared, or how far they fell from the clean ones."""
    margin: Share | None = None
    min: Share | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "name" in value:
            return value
        mutator = value.get("mutator")
        name = next(iter(mutator), None) if isinstance(mutator, dict) else mutator
        return {**value, "name": name} if isinstance(name, str) else value

    @property
    def claims(self) -> Claim:
        """A share of at least ``min``, or not worse than the reference."""
        return Claim.NOT_WORSE if self.min is None else Claim.MIN

    @model_validator(mode="after")
    def _one_claim(self) -> Self:
        if self.min is not None and (self.against is not None or self.margin is not None):
            raise ValueError("either min, or against and margin; not both")
        if self.min is not None and self.compare == "drop":
            raise ValueError("'min' is of a score; 'compare: drop' belongs to against and margin")
        return self


def _and(words: set[str]) -> str:
    return " and ".join(f"'{word}'" for word in sorted(words))


class Suite(Strict):
    """One suite file."""

    suite: Name
    description: str = ""
    owner: str = ""
    data: Data | None = None
    tasks: Annotated[tuple[Task, ...], Listed, Field(min_length=1)]
    cases: Annotated[tuple[HandCase, ...], Listed] = ()
    mutations: Annotated[tuple[Mutation, ...], Listed] = ()
    rubrics: Annotated[tuple[Rubric, ...], Listed] = ()
    checks: Annotated[tuple[Check, ...], Listed] = ()
