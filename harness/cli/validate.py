"""``loragate validate``: everything that is wrong with suites, before anything is run."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness.errors import Problem, SuiteError, UsageError
from harness.suite.cases import examples
from harness.suite.policy import load_policy
from harness.suite.root import is_suite_file, suite_root
from harness.suite.suite import LoadedSuite, load_suite, same_names


def validate(
    paths: Annotated[list[Path], typer.Argument(help="Suite files, or folders of them.")],
) -> None:
    """Check suites and their data without running a model.

    Exits with 2 where something is wrong, all problems of all files told at once.

    Example: `loragate validate suites/`
    """
    files = [file for path in paths for file in suite_files(path)]
    gc.disable()  # all that is loaded stays: walking it over and over takes a quarter of the time
    try:
        suites, problems = _loaded(files)
    finally:
        gc.enable()
    if problems:
        raise SuiteError(problems)
    for suite in suites:
        spec = suite.spec
        print(
            f"{suite.name}: {suite.rows:,} rows × {len(suite.tasks)} tasks, {len(spec.checks)} "
            f"checks, {len(spec.mutations)} mutations, {len(spec.rubrics)} rubrics, "
            f"{len(spec.cases)} hand-written cases"
        )


def _loaded(files: Sequence[Path]) -> tuple[list[LoadedSuite], list[Problem]]:
    suites: list[LoadedSuite] = []
    problems: list[Problem] = []
    for root in dict.fromkeys(suite_root(file) for file in files):
        try:
            load_policy(root)
        except SuiteError as error:
            problems += error.problems
    for file in files:
        try:
            suites.append(load_suite(file))
            examples(suites[-1])  # too few of them show only when all rows are known
        except SuiteError as error:
            problems += error.problems
    return suites, [*problems, *same_names(suites)]


def suite_files(path: Path) -> list[Path]:
    """The suites at a path, examples only where it names them; UsageError where there is none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"{path}: no such file or folder")
    named = "examples" in path.resolve().parts
    found = [p for p in sorted(path.rglob("*.y*ml")) if is_suite_file(p, named=named)]
    if not found:
        raise UsageError(f"{path}: no suite in this folder; a suite is a YAML file with 'suite:'")
    return found
