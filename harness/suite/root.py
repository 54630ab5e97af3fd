"""Where suites are: the suite root, what counts as a suite file, and paths that stay inside."""

from __future__ import annotations

import re
from pathlib import Path

from harness.registry import suggest

from .policy import POLICY_FILE, Policy

SUFFIXES = (".yaml", ".yml")
EXAMPLES = "examples"
"""A folder whose suites are only collected when they are named."""
_HEAD = 65_536
"""Bytes at the beginning of a file in which its keys are looked for."""
_KEY = re.compile(rb"^(\w+)[ \t]*:", re.MULTILINE)
_SUITE_KEYS = {b"suite", b"tasks"}
_POLICY_KEYS = {name.encode() for name in Policy.model_fields}


def suite_root(path: Path) -> Path:
    """The nearest folder upward with a policy.yaml, else the folder of the suite itself."""
    folder = path.resolve().parent
    return _policy_folder(folder) or folder


def is_suite_file(path: Path, named: bool) -> bool:
    """Whether a file is a suite: YAML, not the policy, an example only when ``named``.

    ``named``: the file, or a folder inside ``examples``, was given by the user. Under our
    policy every YAML file is a suite, so that a misspelt one is told rather than skipped.
    Elsewhere a file that nobody named needs the keys ``suite`` and ``tasks``: pytest offers
    every file of every project where the plug-in is installed, other tools' too.
    """
    if path.suffix not in SUFFIXES or path.name == POLICY_FILE:
        return False
    if named:
        return True
    folder = path.resolve().parent
    root = _policy_folder(folder)
    if EXAMPLES in (folder if root is None else folder.relative_to(root.parent)).parts:
        return False
    if root is not None and _keys(root / POLICY_FILE) & _POLICY_KEYS:
        return True
    return _keys(path) >= _SUITE_KEYS


def inside(given: str, folder: Path, root: Path) -> Path:
    """The file or folder that a path in a suite names, links followed.

    ValueError says why it is refused.
    """
    if Path(given).is_absolute():
        raise ValueError(f"'{given}' is absolute; write it relative to this file")
    try:
        path = (folder / given).resolve()
        within, found = path.is_relative_to(root.resolve()), path.exists()
        usable = path.is_file() or path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a NUL
        raise ValueError(f"'{given}' cannot be followed: {error}") from error
    if not within:
        raise ValueError(f"'{given}' leads out of the suite root")
    if not found:
        raise ValueError(f"no file '{given}'{_nearby(path)}")
    if not usable:
        raise ValueError(f"'{given}' is neither a file nor a folder")
    return path


def display(path: Path) -> str:
    """A path as problems name it: relative to the working directory where it is below it."""
    absolute, here = path.resolve(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def _policy_folder(folder: Path) -> Path | None:
    return next((up for up in (folder, *folder.parents) if (up / POLICY_FILE).is_file()), None)


def _keys(path: Path) -> set[bytes]:
    """The keys at the left edge of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return set(_KEY.findall(file.read(_HEAD)))
    except OSError:
        return set()  # whoever wants the file will be told


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return f" (there is no folder '{path.parent.name}')"
    hint = suggest(path.name, (entry.name for entry in path.parent.iterdir()))
    return f" ({hint})" if hint else ""
