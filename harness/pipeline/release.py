"""A release set: a file that says which adapter serves which suites.

base: ../models/base-2            # only where it is not the gate's base
"contracts/*": contracts-v2       # adapter directory, or a name in the adapters folder
"contracts/letters": letters-v1   # the longest glob that matches a suite serves it
"general/*": base                 # the base model alone, as for a suite that no glob matches
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, RootModel

from harness.adapters.config import CONFIG_FILE
from harness.errors import Problem, SuiteError
from harness.registry import suggest
from harness.suite.load import Document, read
from harness.suite.model import Text
from harness.suite.root import SUFFIXES, display
from harness.suite.schema import validated

BASE = "base"
"""The name that means the base model itself: as an arm, and as what serves a suite."""

EVERY_SUITE = "*"
"""The glob that matches every suite."""

_GLOB = re.compile(r"[A-Za-z0-9._/*?!\[\]-]+")


def _glob(text: str) -> str:
    if not _GLOB.fullmatch(text):
        raise ValueError(
            "should be a glob of suite names: letters, digits, ._/- and the wildcards * ? [ ]"
        )
    return text


class ReleaseFile(RootModel[dict[Annotated[Text, AfterValidator(_glob)], Text]]):
    """The shape of a release file: text to text, the keys being globs (``base`` looks like one)."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Release:
    """A release set, resolved to existing directories."""

    file: Path
    base: Path | None
    """Directory of its base model; None is the gate's."""
    adapters: Mapping[str, Path | None]
    """Suite glob → adapter directory; None is the base model alone."""
    lines: Mapping[str, int]
    """Glob, or ``base`` → where the file says so."""

    def place(self, key: str) -> str:
        """A glob, or ``base``, as an error names it: ``release.yaml:2: contracts/*``."""
        return f"{display(self.file)}:{self.lines[key]}: {key}"


def load_release(path: Path, adapters: Path | None) -> Release:
    """Read and check a release file; ``adapters`` is a folder to look names up in.

    Raises SuiteError with everything that is wrong with it, each at its line. What a directory
    holds is not looked at, but for a base model where an adapter should be.
    """
    document = read(path, display(path))
    checked, problems = validated(ReleaseFile, document.data, document)
    if checked is None or document.problems:
        raise SuiteError((*document.problems, *problems))
    found: dict[str, Path | None] = {}
    base: Path | None = None
    for key, value in checked.root.items():
        if key == BASE:
            base = path.parent / value
            if not (base / "config.json").is_file():
                problems.append(document.problem((key,), _no_base(base)))
        elif value == BASE:
            found[key] = None
        else:
            directory = located(value, path.parent, adapters)
            problem = _no_adapter(value, directory, path.parent, adapters)
            if problem is not None:
                problems.append(document.problem((key,), problem))
            found[key] = directory
    if not found:
        message = "names no adapter; write a suite glob and the adapter directory that serves it"
        problems.append(Problem(document.path, *document.place(()), message))
    if problems:
        raise SuiteError(problems)
    return Release(path, base, found, _lines(document, checked.root))


def located(target: str, where: Path, adapters: Path | None) -> Path | None:
    """A directory or release file of that name below ``where``, else in the adapters folder."""
    places = [where / target, *([adapters / target] if adapters else [])]
    return next((place for place in places if place.is_dir() or is_release(place)), None)


def is_release(path: Path) -> bool:
    """Whether a path is that of a release file."""
    return path.suffix in SUFFIXES and path.is_file()


def nearby(target: str, where: Path, adapters: Path | None) -> str:
    """Where an adapter was looked for in vain, and what it may have been meant to be."""
    known = sorted(p.name for p in adapters.iterdir()) if adapters and adapters.is_dir() else []
    elsewhere = f", and none of that name in {adapters}" if adapters else ""
    hint = suggest(target, [*known, BASE]) or f"give a directory with its {CONFIG_FILE}"
    return f"{where / target}{elsewhere}; {hint}"


def serving_glob(globs: Iterable[str], suite: str) -> str | None:
    """The longest glob that matches a suite, of equally long ones the last by the alphabet."""
    matching = [glob for glob in globs if fnmatchcase(suite, glob)]
    return max(matching, key=lambda glob: (len(glob), glob), default=None)


def _lines(document: Document, keys: Iterable[str]) -> dict[str, int]:
    return {key: document.place((key,), key=True)[0] for key in keys}


def _no_adapter(
    value: str, directory: Path | None, where: Path, adapters: Path | None
) -> str | None:
    if directory is None:
        return f"there is no adapter directory {nearby(value, where, adapters)}"
    if not directory.is_dir():
        return f"{directory} is a release file; a release set is made of adapter directories"
    if (directory / "config.json").is_file() and not (directory / CONFIG_FILE).is_file():
        return f"{directory} holds a base model; the key for another base model is '{BASE}'"
    return None


def _no_base(path: Path) -> str:
    what = "has no config.json" if path.is_dir() else "does not exist"
    return f"the base model directory {path} {what}; give one that transformers can load"
