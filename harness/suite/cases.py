"""Rows × tasks and hand-written cases, as the questions that an engine is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, replace
from typing import Any

from harness.errors import Problem, SuiteError
from harness.types import Case, Kind

from .digest import digest, input_digest
from .root import display
from .suite import LoadedSuite
from .tasks import LoadedTask
from .template import UnusableTemplateError


def cases(suite: LoadedSuite) -> Iterator[Case]:
    """Every case of a suite: row by row, each in every task, then the hand-written ones."""
    for sample in suite.samples():
        for task in suite.tasks.values():
            try:
                yield _case(
                    suite, task, Kind.CHECK, sample.id, sample.fields, sample.cluster, sample.slices
                )
            except UnusableTemplateError as error:
                place = display(suite.data or suite.path)
                raise SuiteError([Problem(place, sample.line, None, str(error))]) from error
    for hand in suite.spec.cases:
        task = suite.tasks[hand.task]
        case = _case(suite, task, Kind.CASE, hand.id, hand.input, hand.id, {})
        expected = tuple(text for each in hand.expect for text in each.spoken())
        yield replace(case, expect=expected)


def _case(
    suite: LoadedSuite,
    task: LoadedTask,
    kind: Kind,
    sample: str,
    fields: Mapping[str, Any],
    cluster: str,
    slices: Mapping[str, str],
) -> Case:
    prompt = task.prompt.render(fields)
    target = task.target.render(fields) if task.target and kind is Kind.CHECK else None
    how = task.generation
    identity = {
        "suite": suite.name,
        "task": task.name,
        "kind": kind,
        "sample": sample,
        "prompt": prompt,
        "choices": task.task.choices,
        "target": target,
        "generation": None if how is None else astuple(how),
        "unconditional": task.task.unconditional,
        "rolling": task.task.rolling,
    }
    return Case(
        digest=digest(identity),
        suite=suite.name,
        task=task.name,
        sample=sample,
        kind=kind,
        prompt=prompt,
        choices=task.task.choices,
        generation=how,
        target=target,
        cluster=cluster,
        slices=slices,
        fields=fields,
        input_digest=input_digest(
            {key: fields[key] for key in task.prompt.variables if key in fields}
        ),
        unconditional=task.task.unconditional,
        rolling=task.task.rolling,
    )
