"""Mutations made ready: their mutators built, and samples mutated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import Problem
from harness.registry import MUTATORS, SCORERS, unknown
from harness.types import Relation

from .dataset import Sample
from .load import Document, Step
from .model import Draw, Mutation, Suite
from .mutating import Draw as Luck
from .mutating import Mutated, Mutator, Seed
from .schema import validated
from .scoring import BuiltScorer, CorpusScorer
from .tasks import LoadedTask, plugged, scorer_name, unsuited

TOLERANCE = 0.1
"""How far a score may fall and still be equivalent, where the suite does not say it."""
VARIANT = "variant"
"""The slice that tells apart several mutations of one sample."""
TOLD_BY = {
    Relation.REFUSES: "refusal",
    Relation.CLARIFIES: "clarification",
    Relation.FLAGS: "conflict_flagged",
}
"""What tells whether a relation holds that the clean text's target says nothing of."""
_RELATIVE = (Relation.EQUIVALENT, Relation.MONOTONIC)


@dataclass(frozen=True, eq=False)
class LoadedMutation:
    """A mutation with its mutator built."""

    declared: Mutation
    mutator: Mutator
    kind: str
    """Of mutator, as the registry names it."""
    field: str
    metric: str
    """The scorer under whose name its scores are kept."""
    detector: BuiltScorer | None
    """What scores the mutated texts, where it is no scorer of the task."""

    @property
    def tolerance(self) -> float | None:
        """How far a score may fall below the clean text's; None where it stands for itself."""
        if self.mutator.relation is Relation.EQUIVALENT:
            return TOLERANCE if self.declared.tolerance is None else self.declared.tolerance
        return 0.0 if self.mutator.relation is Relation.MONOTONIC else None

    @property
    def versions(self) -> list[str]:
        """Of the mutator, and of what scores its texts: they enter the suite's digest."""
        return [self.mutator.version, *([self.detector.version] if self.detector else ())]

    def apply(
        self, rows: Iterable[Sample], task: LoadedTask
    ) -> Iterator[tuple[Sample, Sample, str | None]]:
        """Each sample that can be mutated, its mutation, and what is right of that.

        ValueError with a sentence where the field of a row is no text.
        """
        most, done = self.declared.sample, 0
        for sample in _drawn(list(rows), most) if most else rows:
            found = self._usable(sample, task)
            for mutated in found:
                slices = sample.slices | ({VARIANT: mutated.variant} if mutated.variant else {})
                fields = {**sample.fields, self.field: mutated.text}
                yield sample, replace(sample, fields=fields, slices=slices), mutated.target
            done += bool(found)
            if most and done == most.n:
                return

    def _usable(self, sample: Sample, task: LoadedTask) -> list[Mutated]:
        """The mutations of a sample for which there is a right answer."""
        text = sample.fields.get(self.field)
        if not isinstance(text, str):
            raise ValueError(f"field '{self.field}' should be text to be mutated")
        choices = task.choices(sample.fields)
        target = task.answer(sample.fields) if task.target else None
        luck = Luck(f"{self.declared.seed}\0{self.declared.name}\0{sample.id}")
        found = self.mutator.mutate(Seed(text, target, choices), luck)
        if self.declared.target is not None:
            return [replace(each, target=self.declared.target) for each in found]
        return [one for one in found if one.target is None or not choices or one.target in choices]


def _drawn(rows: Sequence[Sample], draw: Draw) -> list[Sample]:
    """The rows in an order that is made of the seed and their ids alone."""

    def number(sample: Sample) -> bytes:
        return hashlib.sha256(f"{draw.seed}:{sample.id}".encode("utf-8", "surrogatepass")).digest()

    return sorted(rows, key=number)


def load_mutations(
    spec: Suite, tasks: Mapping[str, LoadedTask], document: Document
) -> tuple[dict[str, LoadedMutation], list[Problem]]:
    """All mutations of a suite that could be made ready, and what is wrong with the others."""
    mutations: dict[str, LoadedMutation] = {}
    problems: list[Problem] = []
    for index, declared in enumerate(spec.mutations):
        steps = ("mutations", index)
        ((kind, options),) = declared.mutator.items()
        model, wrong = plugged(MUTATORS, kind, Mutator, (*steps, "mutator"), document)
        problems += wrong
        mutator = None
        if model is not None:
            mutator, wrong = validated(model, options, document, (*steps, "mutator", kind))
            problems += wrong
        task = tasks.get(declared.task)
        if declared.name in mutations:
            message = f"a second mutation named '{declared.name}'; give one of them a name:"
            problems.append(document.problem(steps, message))
        if mutator is None or task is None:
            continue
        loaded, wrong = _loaded(declared, mutator, kind, task, steps, document)
        problems += wrong
        if not wrong and loaded is not None:
            mutations[declared.name] = loaded
    return mutations, problems


def _loaded(
    declared: Mutation,
    mutator: Mutator,
    kind: str,
    task: LoadedTask,
    steps: tuple[Step, ...],
    document: Document,
) -> tuple[LoadedMutation | None, list[Problem]]:
    problems: list[Problem] = []

    def problem(message: str, *keys: Step) -> None:
        problems.append(document.problem((*steps, *keys), message))

    variables = sorted(task.prompt.variables)
    field = declared.field or variables[0] if len(variables) == 1 else declared.field
    if field is None:
        problem(f"missing key 'field': the prompt of task '{task.name}' uses {_listed(variables)}")
    elif field not in variables:
        message = unknown(f"field of the prompt of task '{task.name}'", field, variables)
        problem(message, "field" if declared.field else "task")
    relation, scorers = mutator.relation, [scorer_name(each) for each in task.task.scorers]
    detector = None
    metric = declared.metric or next(iter(scorers), "")
    if declared.metric is None and declared.target is None and relation in TOLD_BY:
        metric = TOLD_BY[relation]
        detector = SCORERS.load(metric)()
        for reason in unsuited(task.task, metric, type(detector)):
            problem(f"{reason}; or say what is right with 'target'")
    elif declared.metric is not None and declared.metric not in scorers:
        problem(unknown(f"metric of task '{task.name}'", metric, scorers), "metric")
    elif not metric:
        problem(f"task '{task.name}' has no scorer by which its mutations could be judged")
    if isinstance(task.scorers.get(metric), CorpusScorer) and detector is None:
        message = f"'{metric}' is a metric of the whole set; mutations are judged one by one"
        problem(message, *(["metric"] if declared.metric else ()))
    if declared.tolerance is not None and relation is not Relation.EQUIVALENT:
        message = f"belongs to mutators that keep a score equivalent, and '{kind}' is {relation}"
        problem(message, "tolerance")
    if relation is Relation.CHANGES and task.target is None and declared.target is None:
        problem(f"'{kind}' changes what is right, and task '{task.name}' has no target")
    if declared.compare == "drop" and (detector is not None or relation in _RELATIVE):
        what = f"'{metric}' does not score the clean texts"
        if detector is None:
            what = f"'{kind}' is judged beside the clean texts as it is"
        problem(f"{what}; leave 'compare' out", "compare")
    if task.task.rolling:
        problem(f"task '{task.name}' is rolling: it has no answers to judge", "task")
    return LoadedMutation(declared, mutator, kind, field or "", metric, detector), problems


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words) or "no field"
