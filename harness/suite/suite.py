"""A suite as it is used: declaration, tasks, data and identity, checked to the last row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import Problem, SuiteError

from .dataset import Reading, Sample
from .digest import digest
from .judging import LoadedRubric, load_rubrics
from .load import Document, Place, Step, read
from .model import Data, Suite
from .mutations import LoadedMutation, load_mutations
from .root import display, suite_root
from .rules import check_references
from .schema import validated, without_unknown_keys
from .survey import survey, survey_pools
from .tasks import LoadedTask, load_tasks

UNHASHED = {"description", "owner"}
"""For people; they change nothing that is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedSuite:
    """A suite file that has been checked, with its data."""

    path: Path
    root: Path
    spec: Suite
    tasks: Mapping[str, LoadedTask]
    document: Document
    data: Path | None
    """The data file or folder, resolved."""
    data_digest: str
    """SHA-256 of the data's bytes (``Reading.digest``); empty where there is none."""
    rows: int
    digest: str
    """Identity of what is measured: declaration, data and the scorers' versions."""
    pools: Mapping[str, Reading]
    """Files with few-shot examples, by their path in the suite, as they were checked."""
    mutations: Mapping[str, LoadedMutation]
    rubrics: Mapping[str, LoadedRubric]
    """Those that a judge grades."""

    @property
    def name(self) -> str:
        """The suite's name."""
        return self.spec.suite

    def place(self, *steps: Step) -> Place:
        """Line and column of a part of the suite file: ``place("checks", 0)``."""
        return self.document.place(steps)

    def samples(self) -> Iterator[Sample]:
        """The rows of data, streamed; SuiteError where the file is no longer the one checked."""
        if self.data is not None and self.spec.data is not None:
            yield from _again(self.data, self.spec.data, self.data_digest)

    def pool(self, path: str | None) -> Iterator[Sample]:
        """The rows that few-shot examples are taken from; those of the data for no path."""
        if path is None:
            yield from self.samples()
        else:
            checked = self.pools[path]
            yield from _again(checked.path, checked.data, checked.digest)


def _again(path: Path, data: Data, digest: str) -> Iterator[Sample]:
    reading = Reading(path, display(path), data)
    for sample in reading:
        if isinstance(sample, Problem):
            raise SuiteError([sample])
        yield sample
    if reading.digest != digest:
        raise SuiteError([reading.problem(None, "has changed since the suite was loaded")])


def load_suite(path: Path) -> LoadedSuite:
    """Read and check one suite file with its data; SuiteError holds all problems at once."""
    document = read(path, display(path))
    spec, misshapen = validated(Suite, document.data, document)
    if spec is None:
        spec, _ = validated(Suite, without_unknown_keys(Suite, document.data), document)
    if spec is None:
        raise SuiteError(_in_order(document, misshapen))
    tasks, problems = load_tasks(spec, document)
    problems += misshapen
    mutations, wrong = load_mutations(spec, tasks, document)
    problems += wrong
    problems += check_references(spec, tasks, document)
    root = suite_root(path)
    reading, wrong = survey(path.parent, root, spec, tasks, document)
    problems += wrong
    pools, wrong = survey_pools(path.parent, root, spec, tasks, document)
    problems += wrong
    rubrics, wrong = load_rubrics(path.parent, root, spec, tasks, document)
    problems += wrong
    if problems or document.problems:
        raise SuiteError(_in_order(document, problems))
    return LoadedSuite(
        path=path,
        root=root,
        spec=spec,
        tasks=tasks,
        document=document,
        data=reading.path if reading else None,
        data_digest=reading.digest if reading else "",
        rows=reading.rows if reading else 0,
        digest=_identity(spec, tasks, mutations, rubrics, reading, pools),
        pools=pools,
        mutations=mutations,
        rubrics=rubrics,
    )


def same_names(suites: Iterable[LoadedSuite]) -> list[Problem]:
    """A problem for every suite whose name another file has already."""
    first: dict[str, LoadedSuite] = {}
    return [
        suite.document.problem(("suite",), f"'{suite.name}' is also the name of {other.path}")
        for suite in suites
        if (other := first.setdefault(suite.name, suite)) is not suite
    ]


def _identity(
    spec: Suite,
    tasks: Mapping[str, LoadedTask],
    mutations: Mapping[str, LoadedMutation],
    rubrics: Mapping[str, LoadedRubric],
    reading: Reading | None,
    pools: Mapping[str, Reading],
) -> str:
    declared = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=UNHASHED)
    content: dict[str, Any] = {
        "suite": declared,
        "data": reading.digest if reading else "",
        "scorers": {name: task.versions() for name, task in tasks.items()},
        "pools": {path: pool.digest for path, pool in pools.items()},
    }
    if mutations:
        content["mutators"] = {name: mutation.versions for name, mutation in mutations.items()}
    if rubrics:
        content["judged"] = {name: rubric.digest for name, rubric in rubrics.items()}
    return digest(content)


def _in_order(document: Document, problems: Iterable[Problem]) -> list[Problem]:
    """By file and line; where the YAML itself is wrong, only that is said of a place."""
    broken = {(problem.line, problem.column) for problem in document.problems}
    rest = (
        problem
        for problem in problems
        if problem.path != document.path or (problem.line, problem.column) not in broken
    )
    ordered = sorted(
        (*document.problems, *rest),
        key=lambda p: (p.path != document.path, p.path, p.line or 0, p.column or 0),
    )
    return list(dict.fromkeys(ordered))
