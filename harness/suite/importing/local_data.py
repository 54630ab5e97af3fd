"""The rows of a task's data, from files that lie here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import Problem, SuiteError
from harness.suite.dataset import FORMATS, Reading
from harness.suite.model import Data

from .task_file import TaskFile

Rows = Sequence[Mapping[str, Any]]
_BUILDERS = ("json", "csv", "parquet")
"""What ``dataset_path`` is where the data are local files."""


def rows_of(task: TaskFile, data: Path | None, examples: Path | None) -> tuple[Rows, Rows | None]:
    """The rows to ask about, and those that examples are taken from; None: there are none.

    SuiteError where there are no local data, or a row cannot be read.
    """
    values = task.values
    split, shown = splits(values)
    found = data or _file(task, split)
    if found is None:
        task.refuse(
            "dataset_path",
            f"'{values.get('dataset_path')}' is no local data; save it and say --data FILE",
        )
    pool = examples or _file(task, shown)
    rows = _read(found, split)
    if pool is None and shown == split:
        return rows, rows
    return rows, None if pool is None else _read(pool, shown)


def splits(values: Mapping[str, Any]) -> tuple[Any, Any]:
    """The split that is asked about, and the one that examples are taken from."""
    training, validation, test = (
        values.get(f"{key}_split") for key in ("training", "validation", "test")
    )
    return test or validation, values.get("fewshot_split") or training or validation or test


def _file(task: TaskFile, split: Any) -> Path | None:
    """The file of a split that the task itself names, beside it or in the current folder."""
    if task.values.get("dataset_path") not in _BUILDERS:
        return None
    files = (task.values.get("dataset_kwargs") or {}).get("data_files")
    name = files.get(split) if isinstance(files, dict) else files
    if not isinstance(name, str):
        return None
    beside = task.path.parent / name
    return beside if beside.exists() else Path(name)


def _read(path: Path, split: Any) -> list[dict[str, Any]]:
    if not path.exists():
        raise SuiteError([Problem(str(path), None, None, "no such file")])
    suffix = path.suffix[1:].lower()
    data = Data(
        path=path.name,
        id=None,
        split=str(split) if path.is_dir() and split else None,
        format=None if path.is_dir() or suffix in FORMATS else "jsonl",
    )
    rows: list[dict[str, Any]] = []
    for sample in Reading(path, str(path), data):
        if isinstance(sample, Problem):
            raise SuiteError([sample])
        rows.append(sample.fields)
    return rows
