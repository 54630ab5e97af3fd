"""Contamination: was a candidate, or an adapter that it continues, trained on the gate's samples?

A sample that was trained on proves nothing. Training rows and cases are compared by
``harness.suite.digest.input_digest``, also where one's prompt reads a field more than the other's
(``part_digests``). Parents are found by the digest in a manifest. An adapter is its content: what
any directory with the same content knows of its rows counts, so a bare copy hides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.adapters.manifest import MANIFEST_FILE, read_manifest, training_rows
from harness.errors import AdapterError
from harness.suite.digest import part_digests
from harness.types import Ancestor, Arm, Case

from .arms import Arms
from .search import Search

_SHORT = 12


@dataclass(frozen=True, slots=True)
class Lineage:
    """What is known of the rows a candidate was trained on."""

    trained_on: Mapping[str, str]
    """Case digest → the nearest adapter among whose training rows the case's input is.

    As a reader is told of it: ``contracts-v2``, ``parent contracts-v1``.
    """
    unknown: tuple[str, ...]
    """A sentence for each adapter whose training rows or parent are not known."""


@dataclass(frozen=True, slots=True)
class _Ancestor:
    """An adapter, and what it was trained on."""

    name: str
    parent: str | None
    rows: frozenset[str]
    documented: bool


class Ancestry:
    """Reads each adapter's manifest and training rows once, for all candidates of a gate."""

    def __init__(self, arms: Arms, search: Search) -> None:
        """``search`` is where parents are looked for."""
        self._arms, self._search = arms, search
        self._read: dict[str, _Ancestor] = {}

    def lineage(self, arm: Arm, cases: Iterable[Case]) -> Lineage:
        """Which cases the adapter that serves them, or one before it, was trained on.

        Raises AdapterError for a manifest or rows file that cannot be trusted or read.
        """
        by_suite: dict[str, list[Case]] = defaultdict(list)
        for case in cases:
            by_suite[case.suite].append(case)
        trained_on: dict[str, str] = {}
        unknown: dict[str, None] = {}
        for suite, asked in by_suite.items():
            line, sentences = self._line(self._arms.serving(arm, suite))
            unknown |= dict.fromkeys(sentences)
            rows = frozenset[str]().union(*(found for _, found in line))
            for case in asked if rows else ():
                known = rows.intersection((case.input_digest, *part_digests(case.fields)))
                nearest = next((name for name, own in line if not own.isdisjoint(known)), None)
                if nearest is not None:
                    trained_on[case.digest] = nearest
        return Lineage(trained_on, tuple(unknown))

    @property
    def ancestors(self) -> tuple[Ancestor, ...]:
        """Every adapter that was found so far, each once."""
        return tuple(
            Ancestor(adapter, one.name, one.parent, len(one.rows), one.documented)
            for adapter, one in self._read.items()
        )

    def _line(self, arm: Arm) -> tuple[list[tuple[str, frozenset[str]]], list[str]]:
        """Name and rows of an arm's adapter and of all before it, and what is unknown of them."""
        line: list[tuple[str, frozenset[str]]] = []
        unknown: list[str] = []
        adapter = arm.adapter
        past: set[str] = set()
        while adapter is not None:
            directories = self._directories(adapter)
            if not directories:
                unknown.append(
                    f"{line[-1][0]} continues adapter {adapter[:_SHORT]}, which was not found, so"
                    " whether that was trained on samples of this gate is unknown; looked at "
                    f"{self._search.looked(adapter)}"
                )
                break
            if adapter in past:
                raise AdapterError(
                    f"{directories[0]}: by the {MANIFEST_FILE} of its parents the"
                    " adapter is its own ancestor"
                )
            past.add(adapter)
            found = self._ancestor(adapter, directories)
            name = _related(found.name, len(line))
            line.append((name, found.rows))
            if not found.documented:
                unknown.append(_no_manifest(name, found.rows))
            adapter = found.parent
        return line, unknown

    def _directories(self, adapter: str) -> list[Path]:
        """Each directory with that content once, those that were named for this gate first."""
        found = (*self._arms.places.get(adapter, ()), *self._search.directories(adapter))
        once: dict[Path, Path] = {}
        for path in found:
            once.setdefault(path.resolve(), path)
        return list(once.values())

    def _ancestor(self, adapter: str, directories: Sequence[Path]) -> _Ancestor:
        if adapter not in self._read:
            read = [manifest for path in directories if (manifest := read_manifest(path))]
            self._read[adapter] = _Ancestor(
                name=read[0].name if read else directories[0].resolve().name,
                parent=next((manifest.parent for manifest in read if manifest.parent), None),
                rows=frozenset[str]().union(*map(training_rows, directories)),
                documented=bool(read),
            )
        return self._read[adapter]


def trace(
    arms: Arms, cases: Collection[Case], search: Search
) -> tuple[Arms, Mapping[str, Lineage], tuple[Ancestor, ...]]:
    """The lineage of each candidate that can be measured, by its name, and who is in them.

    A candidate whose manifest or rows, or those of an adapter before it, cannot be read gets
    that as its problem in the arms that are returned.
    """
    ancestry = Ancestry(arms, search)
    lineages: dict[str, Lineage] = {}
    candidates = []
    for candidate in arms.candidates:
        traced = candidate
        if candidate.problem is None:
            try:
                lineages[candidate.name] = ancestry.lineage(candidate, cases)
            except AdapterError as error:
                traced = replace(candidate, problem=str(error))
        candidates.append(traced)
    return replace(arms, candidates=tuple(candidates)), lineages, ancestry.ancestors


def _related(name: str, generation: int) -> str:
    relations = (name, f"parent {name}", f"grandparent {name}")
    return relations[generation] if generation < 3 else f"{name}, {generation} generations back"


def _no_manifest(name: str, rows: frozenset[str]) -> str:
    what = "its parent is" if rows else "the rows it was trained on are"
    return (
        f"{name} has no {MANIFEST_FILE}: {what} unknown, so whether it was trained on samples of"
        " this gate is too"
    )
