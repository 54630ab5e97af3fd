"""A task file of lm-evaluation-harness: its keys, those of what it includes, and their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from harness.errors import Problem, SuiteError

MAX_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Function:
    """``!function file.name``: Python that we neither load nor run."""

    name: str


@dataclass(frozen=True, slots=True)
class TaskFile:
    """What a file and its includes say; the file's own keys win."""

    path: Path
    values: dict[str, Any]
    places: dict[str, tuple[Path, int]]
    """Where each key stands."""

    def refuse(self, key: str | None, why: str) -> NoReturn:
        """A task that cannot be imported, at the place of one of its keys."""
        path, line = self.places.get(key or "", (self.path, 1))
        what = f"{key}: {why}" if key else why
        raise SuiteError([Problem(str(path), line, None, what)])


class _Loader(yaml.SafeLoader):
    """Safe, with functions as marks."""


def _function(loader: yaml.SafeLoader, node: yaml.Node) -> Function:
    return Function(str(node.value))


_Loader.add_constructor("!function", _function)


def read_task(path: Path, including: tuple[Path, ...] = ()) -> TaskFile:
    """One file with all that it includes. SuiteError where it cannot be read as a mapping."""
    here = path.resolve()
    if here in including:
        _wrong(path, 1, "includes itself")
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            _wrong(path, None, f"larger than {MAX_BYTES >> 20} MiB")
        loader = _Loader(content.decode("utf-8"))
        node = loader.get_single_node()
        own = loader.construct_document(node) if isinstance(node, yaml.MappingNode) else None
    except OSError as error:
        _wrong(path, None, f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        _wrong(path, None, f"not UTF-8: byte 0x{content[error.start]:02x}")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        _wrong(path, mark.line + 1 if mark else None, f"not YAML: {error.problem}")
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        _wrong(path, None, f"not YAML: {error}")
    if own is None or node is None:
        _wrong(path, 1, "should be a mapping of keys to values")
    places = {str(key.value): (path, key.start_mark.line + 1) for key, _ in node.value}
    return _with_includes(TaskFile(path, own, places), (*including, here))


def _with_includes(task: TaskFile, including: tuple[Path, ...]) -> TaskFile:
    values: dict[str, Any] = {}
    places: dict[str, tuple[Path, int]] = {}
    for name in _includes(task):
        other = read_task(task.path.parent / name, including)
        values |= other.values
        places |= other.places
    own = {key: value for key, value in task.values.items() if key != "include"}
    return TaskFile(task.path, values | own, places | task.places)


def _includes(task: TaskFile) -> Iterator[str]:
    found = task.values.get("include", [])
    for name in found if isinstance(found, list) else [found]:
        if not isinstance(name, str):
            task.refuse("include", f"should be a file name, not {name!r}")
        if not (task.path.parent / name).is_file():
            task.refuse("include", f"no such file as '{name}' beside it")
        yield name


def _wrong(path: Path, line: int | None, message: str) -> NoReturn:
    raise SuiteError([Problem(str(path), line, None, message)])
