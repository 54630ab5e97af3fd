"""Every row of a suite's data read once, and tried in every task, before anything is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import Problem
from harness.registry import nearest

from .dataset import Reading
from .load import Document
from .model import Data, Suite
from .root import display, inside
from .tasks import LoadedTask

MAX_TOLD = 20
"""Problems of one kind in one data file that are told one by one."""
Part = tuple[str, str]
"""A task and what of it a row does not fit; empty for the row itself."""


def survey(
    folder: Path, root: Path, spec: Suite, tasks: Mapping[str, LoadedTask], document: Document
) -> tuple[Reading | None, list[Problem]]:
    """The finished reading of the suite's data, None where there is none, and all problems."""
    if spec.data is None:
        return None, []
    try:
        file = inside(spec.data.path, folder, root)
    except ValueError as error:
        return None, [document.problem(("data", "path"), str(error))]
    return _read(file, spec.data, spec, tasks, document)


def survey_pools(
    folder: Path, root: Path, spec: Suite, tasks: Mapping[str, LoadedTask], document: Document
) -> tuple[dict[str, Reading], list[Problem]]:
    """The finished readings of files with few-shot examples, by path, and all problems."""
    readings: dict[str, Reading] = {}
    problems: list[Problem] = []
    for index, declared in enumerate(spec.tasks):
        given = declared.few_shot.path if declared.few_shot else None
        task = tasks.get(declared.name)
        if given is None or task is None or given in readings or spec.data is None:
            continue
        try:
            file = inside(given, folder, root)
        except ValueError as error:
            steps = ("tasks", index, "few_shot", "path")
            problems.append(document.problem(steps, str(error)))
            continue
        asking = {
            name: one
            for name, one in tasks.items()
            if one.task.few_shot is not None and one.task.few_shot.path == given
        }
        reading, wrong = _read(file, pool_data(spec.data, given), spec, asking, document)
        readings[given] = reading
        problems += wrong
    return readings, problems


def pool_data(data: Data, path: str) -> Data:
    """How a file with few-shot examples is read: all of it, as the suite's own data."""
    return data.model_copy(
        update={"path": path, "filter": None, "sample": None, "digest": None, "format": None}
    )


def _read(
    file: Path, data: Data, spec: Suite, tasks: Mapping[str, LoadedTask], document: Document
) -> tuple[Reading, list[Problem]]:
    """Every row tried in every one of the tasks."""
    reading = Reading(file, display(file), data)
    found: dict[Part, list[Problem]] = defaultdict(list)
    for sample in reading:
        if isinstance(sample, Problem):
            found["", ""].append(sample)
            continue
        for task in tasks.values():
            for part, sentence in task.misfits(sample.fields):
                message = f"{sentence} (task '{task.name}', {part})"
                found[task.name, part].append(reading.problem(sample.line, message))
    problems: list[Problem] = []
    for nowhere, problem in _of_no_row(spec, tasks, reading, document):
        found.pop(nowhere, None)
        problems.append(problem)
    for told in found.values():
        problems += told[:MAX_TOLD]
        if len(told) > MAX_TOLD:
            rest = f"{len(told) - MAX_TOLD} more rows like that of line {told[0].line}"
            problems.append(reading.problem(None, rest))
    return reading, problems


def _of_no_row(
    spec: Suite, tasks: Mapping[str, LoadedTask], reading: Reading, document: Document
) -> Iterator[tuple[Part, Problem]]:
    """Fields that a template or scorer uses and no row has: told once, in the suite file."""
    for index, declared in enumerate(spec.tasks):
        task = tasks.get(declared.name)
        if task is None or not reading.fields:
            continue
        for part, steps, fields in task.uses():
            for name in sorted(fields - reading.fields.keys()):
                message = f"no row has field '{name}' ({nearest(name, reading.fields)})"
                yield (task.name, part), document.problem(("tasks", index, *steps), message)
