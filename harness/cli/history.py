"""``loragate history``: what earlier gates found, as tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.reports.rounding import plain
from harness.reports.visible import visible
from harness.stats.forgetting import retention, transfer_since
from harness.store.past import Release, Skill
from harness.store.read import Table

from .place import open_store


class Question(StrEnum):
    """What can be asked."""

    RUNS = "runs"
    CHECKS = "checks"
    FLIPS = "flips"
    TREND = "trend"
    RELEASES = "releases"


_RELEASES = (
    "release", "run", "candidate", "suite", "task", "scorer", "score", "base", "retention",
    "change",
)  # fmt: skip


def history(
    question: Annotated[Question, typer.Argument(help="What to show.")] = Question.RUNS,
    run: Annotated[str | None, typer.Argument(help="Id of a run; the latest by default.")] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
    sql: Annotated[str | None, typer.Option(help="Your own question; read-only.")] = None,
) -> None:
    """Show runs, the checks or flips of one run, the trend over all of them, or the releases.

    Of a release: how much of the base model's score each skill has (retention), and how it has
    changed since the first release that was measured on it.

    Example: `loragate history --sql "SELECT * FROM v1.trend"`
    """
    found = open_store(store)
    if sql is not None:
        _print(found.sql(sql))
    elif question is Question.RUNS:
        _print(found.runs())
    elif question is Question.TREND:
        _print(found.trend())
    elif question is Question.RELEASES:
        _print_releases(found.releases())
    else:
        run = run or found.latest_run() or ""
        _print(found.checks(run) if question is Question.CHECKS else found.flips(run))


def _print_releases(releases: Sequence[Release]) -> None:
    if not releases:
        print("no release yet: a release is a candidate that 'pytest suites/' found PROMOTE")
        return
    history = [{_content(skill): skill.score for skill in each.skills} for each in releases]
    entered = {key: at for at, scores in reversed([*enumerate(history)]) for key in scores}
    rows: list[tuple[object, ...]] = []
    for at, release in enumerate(releases):
        names = (at + 1, release.run, release.candidate)
        rows += [(*names, *row) for row in _skill_rows(release, history, entered)]
    _print(Table(_RELEASES, tuple(rows)))
    for at, release in enumerate(releases):
        transfer = transfer_since(history[: at + 1], entered)
        if transfer is not None:
            print(f"backward transfer of release {at + 1} ({release.candidate}): {plain(transfer)}")


def _skill_rows(
    release: Release,
    history: Sequence[dict[tuple[str, ...], float]],
    entered: dict[tuple[str, ...], int],
) -> Iterator[tuple[object, ...]]:
    if not release.skills:
        yield ("",) * (len(_RELEASES) - 3)
    for skill in release.skills:
        kept = None if skill.base is None else retention(skill.score, skill.base)
        change = skill.score - history[entered[_content(skill)]][_content(skill)]
        yield skill.suite, skill.task, skill.scorer, skill.score, skill.base, kept, change


def _content(skill: Skill) -> tuple[str, ...]:
    """What makes scores of two releases comparable; an edited suite is a new skill."""
    return skill.suite, skill.content, skill.task, skill.scorer


def _print(table: Table) -> None:
    shown = RichTable(box=None, pad_edge=False)
    for name in table.columns:
        shown.add_column(name, no_wrap=True)
    for row in table.rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    # A pipe has no width to cut columns for.
    Console(width=None if sys.stdout.isatty() else 10_000).print(shown)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return visible(", ".join(map(str, value)))
    return "" if value is None else visible(str(value))
