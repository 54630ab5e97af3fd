"""Rows × tasks, their mutations and hand-written cases, as the questions an engine is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import Problem, SuiteError
from harness.types import Case, Kind

from .dataset import Sample
from .digest import digest, input_digest
from .fewshot import Shots
from .mutations import LoadedMutation
from .root import display
from .suite import LoadedSuite
from .tasks import LoadedTask
from .template import UnusableTemplateError


def cases(suite: LoadedSuite) -> Iterator[Case]:
    """Every case of a suite: row by row, each in every task; mutations; the hand-written ones."""
    shots = examples(suite)
    rows: list[Sample] = []
    clean: dict[tuple[str, str], str] = {}
    for sample in suite.samples():
        for name, task in suite.tasks.items():
            with _at(suite, sample):
                case = _case(suite, task, shots[name], Kind.CHECK, sample)
            yield case
            if suite.mutations:
                clean[name, sample.id] = case.digest
        if suite.mutations:
            rows.append(sample)
    for mutation in suite.mutations.values():
        yield from _mutated(suite, mutation, rows, shots[mutation.declared.task], clean)
    for hand in suite.spec.cases:
        sample = Sample(hand.id, hand.id, {}, hand.input, suite.place("cases")[0])
        case = _case(suite, suite.tasks[hand.task], shots[hand.task], Kind.CASE, sample)
        expected = tuple(text for each in hand.expect for text in each.spoken())
        yield replace(case, expect=expected)


def _mutated(
    suite: LoadedSuite,
    mutation: LoadedMutation,
    rows: Sequence[Sample],
    shots: Shots | None,
    clean: Mapping[tuple[str, str], str],
) -> Iterator[Case]:
    task = suite.tasks[mutation.declared.task]
    try:
        for seed, sample, target in mutation.apply(rows, task):
            with _at(suite, sample):
                made = Made(mutation.declared.name, clean[task.name, seed.id], target)
                yield _case(suite, task, shots, Kind.MUTATION, sample, made)
    except ValueError as error:
        steps = ("mutations", suite.spec.mutations.index(mutation.declared))
        raise SuiteError([suite.document.problem(steps, str(error))]) from error


@contextmanager
def _at(suite: LoadedSuite, sample: Sample) -> Iterator[None]:
    """Tell a template's error at the line of its row."""
    try:
        yield
    except UnusableTemplateError as error:
        place = display(suite.data or suite.path)
        raise SuiteError([Problem(place, sample.line, None, str(error))]) from error


@dataclass(frozen=True, slots=True)
class Made:
    """How a mutated case came to be."""

    mutation: str
    parent: str
    """Digest of the clean case."""
    target: str | None


def _case(
    suite: LoadedSuite,
    task: LoadedTask,
    shots: Shots | None,
    kind: Kind,
    sample: Sample,
    made: Made | None = None,
) -> Case:
    fields, declared = sample.fields, task.task
    shown = [] if shots is None else shots.for_sample(sample)
    asked = task.prompt.render(fields, [(row.fields, task.answer(row.fields)) for row in shown])
    target = task.target.render(fields) if task.target and kind is Kind.CHECK else None
    content: dict[str, Any] = {
        "suite": suite.name,
        "task": task.name,
        "kind": kind,
        "sample": sample.id,
        "target": target if made is None else made.target,
        "prompt": asked.prompt,
        "messages": asked.messages,
        "tools": asked.tools,
        "choices": task.choices(fields),
        "unconditional": declared.unconditional,
        "rolling": declared.rolling,
    }
    if made is not None:
        content |= {"mutation": made.mutation, "parent": made.parent}
    return Case(
        **content,
        generation=task.generation,
        budget=task.budget,
        digest=digest({**content, **task.limits}),
        shots=asked.shots,
        cluster=sample.cluster,
        slices=sample.slices,
        fields=fields,
        input_digest=input_digest(
            {key: fields[key] for key in task.prompt.variables if key in fields}
        ),
        weight=sample.weight,
    )


def examples(suite: LoadedSuite) -> dict[str, Shots | None]:
    """What each task takes its few-shot examples from; SuiteError where there are too few."""
    return {name: _shots(suite, task) for name, task in suite.tasks.items()}


def _shots(suite: LoadedSuite, task: LoadedTask) -> Shots | None:
    """The examples of a task; SuiteError where there are too few of them."""
    declared = task.task.few_shot
    if declared is None:
        return None
    try:
        return Shots(list(suite.pool(declared.path)), declared.n, declared.seed, declared.balance)
    except ValueError as error:
        steps = ("tasks", list(suite.tasks).index(task.name), "few_shot")
        raise SuiteError([suite.document.problem(steps, str(error))]) from error
