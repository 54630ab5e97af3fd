"""Mutations by tasks, as a picture: how the baseline and a candidate stand each."""

from __future__ import annotations

from dataclasses import dataclass

from harness.types import Robustness, Verdict

from .model import Candidate, Report

WIDTH = 96.0
"""Pixels from a robustness of 0 to one of 1."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How a candidate stands one mutation of one task, and where it is drawn; x in pixels."""

    robustness: Robustness
    x: float | None
    reference: float | None
    """Robustness of the baseline."""
    reference_x: float | None
    verdict: Verdict | None
    """The worst of the checks of this mutation; None where none was declared."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Mutations by tasks."""

    measures: tuple[tuple[str, str, str], ...]
    """Suite, task and metric of each column."""
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    """Name of a mutation, and its cells."""


def matrix(report: Report, candidate: Candidate) -> Matrix:
    """The mutations of a run, as the baseline and one candidate stand them."""
    at = {arm.digest: place for place, arm in enumerate(report.arms)}
    reference = at.get(report.baseline.digest) if report.baseline else None
    verdicts: dict[tuple[str, str, str], Verdict] = {}
    for check in candidate.checks:
        key = (check.suite, check.task, check.mutation)
        verdicts[key] = max(
            check.verdict, verdicts.get(key, check.verdict), key=list(Verdict).index
        )
    cells: dict[tuple[str, tuple[str, str, str]], Cell] = {}
    for row in report.mutations:
        ours = row.arms[at[candidate.digest]]
        theirs = row.arms[reference] if reference is not None else None
        if ours is None:
            continue
        stood = theirs.robustness if theirs else None
        cells[row.mutation, (row.suite, row.task, row.metric)] = Cell(
            robustness=ours,
            x=_across(ours.robustness),
            reference=stood,
            reference_x=_across(stood),
            verdict=verdicts.get((row.suite, row.task, row.mutation)),
        )
    measures = tuple(dict.fromkeys(measure for _, measure in cells))
    return Matrix(
        measures,
        tuple(
            (name, tuple(cells.get((name, measure)) for measure in measures))
            for name in dict.fromkeys(name for name, _ in cells)
        ),
    )


def _across(share: float | None) -> float | None:
    return None if share is None else round(share * WIDTH, 1)
