"""YAML by its events: plain data, and the line and column of every key and value.

What PyYAML would do silently is refused or read as YAML 1.2 does: a key twice is a problem,
``no`` is text, ``017`` is 17 and ``1e3`` a number; there are no anchors, aliases, tags or
merge keys, and depth and size have limits. All problems of a file are told at once; the
first syntax error ends the reading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.errors import Problem, SuiteError

MAX_BYTES = 64 * 2**20
"""Size of one YAML file; rows of data belong into a data file."""
MAX_DEPTH = 32
"""Nesting of lists and mappings; the suite language needs eight."""
MAX_DIGITS = 100
"""Digits of one number; Python refuses longer ones from about 4,300 on."""

Place = tuple[int, int]
"""Line and column, from 1."""
Step = str | int
"""A key of a mapping or an index of a list."""

_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one YAML file and where each part of it stands."""

    path: str
    data: Any
    places: dict[int, dict[Step, tuple[Place, Place]]]
    """By ``id`` of a list or mapping in ``data``: place of each key and of its value."""
    problems: tuple[Problem, ...]

    def place(self, steps: tuple[Step, ...], *, key: bool = False) -> Place:
        """Where the node at the end of the steps stands, or the deepest one that exists.

        With ``key`` the place of the key that leads to it rather than of its value.
        """
        node, found = self.data, (1, 1)
        for number, step in enumerate(steps, 1):
            both = self.places.get(id(node), {}).get(step)
            if both is None:
                break
            found, node = both[0 if key and number == len(steps) else 1], node[step]
        return found

    def problem(self, steps: tuple[Step, ...], message: str, *, key: bool = False) -> Problem:
        """A problem at that place, its message led by the path of the node."""
        where = spell(steps)
        text = f"{where}: {message}" if where else message
        return Problem(self.path, *self.place(steps, key=key), text)


def spell(steps: tuple[Step, ...]) -> str:
    """``('cases', 3, 'expect')`` as people write it: ``cases[3].expect``."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).removeprefix(".")


def read(path: Path, shown: str) -> Document:
    """Read a YAML file; ``shown`` is the path as problems name it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SuiteError([Problem(shown, None, None, f"larger than {MAX_BYTES >> 20} MiB")])
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SuiteError([Problem(shown, None, None, f"cannot be read: {reason}")]) from error
    try:
        return parse(raw.decode("utf-8-sig"), shown)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte 0x{raw[error.start]:02x}"
        raise SuiteError([Problem(shown, line, None, message)]) from error


def parse(text: str, shown: str) -> Document:
    """Parse YAML text; problems are collected in the document, never raised."""
    builder = _Builder(shown)
    try:
        parser = _parser(text)
        builder.data = builder.document(iter(parser.get_event, None))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        sentence = ", ".join(part for part in (error.context, error.problem) if part)
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.problems.append(Problem(shown, *place, f"not YAML: {sentence}"))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"U+{ord(text[error.position]):04X} at character {error.position}"
        builder.problems.append(Problem(shown, line, None, f"not YAML: {error.reason}: {found}"))
    except _StopReadingError:
        pass  # its problem is in the list
    return Document(shown, builder.data, builder.places, tuple(builder.problems))


def _parser(text: str) -> Any:
    """A source of events, and of nothing else: libyaml's where PyYAML was built with it."""
    return getattr(yaml, "CLoader", yaml.Loader)(text)


class _StopReadingError(Exception):
    """The rest of the file cannot be read with profit."""


@dataclass(slots=True)
class _Builder:
    path: str
    data: Any = None
    places: dict[int, dict[Step, tuple[Place, Place]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, event: Any, message: str) -> None:
        self.problems.append(Problem(self.path, *_place(event), message))

    def document(self, events: Iterator[Any]) -> Any:
        data, seen = None, False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    self.problem(event, "a second document; one file holds one suite")
                    raise _StopReadingError
                data, seen = self.node(next(events), events, 0), True
        return data

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self.problem(event, f"alias '*{event.anchor}'; write the value out, there are none")
            return None
        if event.anchor is not None:
            self.problem(event, f"anchor '&{event.anchor}'; write the value out, there are none")
        if event.tag is not None:
            self.problem(event, f"tag '{event.tag}'; there are none, quotes make a value text")
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if depth == MAX_DEPTH:
            self.problem(event, f"nested more than {MAX_DEPTH} deep")
            raise _StopReadingError
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, depth + 1)
        return self.mapping(events, depth + 1)

    def sequence(self, events: Iterator[Any], depth: int) -> list[Any]:
        items: list[Any] = []
        places = self.places[id(items)] = {}
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            places[len(items)] = (_place(event),) * 2
            items.append(self.node(event, events, depth))
        return items

    def mapping(self, events: Iterator[Any], depth: int) -> dict[Any, Any]:
        items: dict[Any, Any] = {}
        places = self.places[id(items)] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, events, depth)
            value_event = next(events)
            value = self.node(value_event, events, depth)
            if not isinstance(key, (str, int)) or isinstance(key, bool):
                if isinstance(event, (yaml.CollectionStartEvent, yaml.ScalarEvent)):
                    self.problem(event, f"a key should be text or a whole number, not {key!r:.40}")
            elif key in items:
                line = places[key][0][0]
                self.problem(event, f"key '{key}' a second time (the first is in line {line})")
            elif key == "<<" and event.implicit[0]:
                self.problem(event, "merge key '<<'; write the values out, there are none")
            else:
                items[key], places[key] = value, (_place(event), _place(value_event))
        return items

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return text
        if len(text) <= MAX_DIGITS:
            number = _number(text)
            if not isinstance(number, float) or math.isfinite(number):
                return number
        elif not _FLOAT.fullmatch(text):
            return text
        self.problem(event, f"number '{text[:20]}' is out of range; quotes make it text")
        return None


def _number(text: str) -> int | float | str:
    """A plain scalar by YAML 1.2's core schema; what is no number stays text."""
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return int(text, 0) if _BASED.fullmatch(text) else text


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1
