"""``loragate history``: what earlier gates found, as tables."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.errors import UsageError
from harness.reports.rounding import plain
from harness.stats.forgetting import transfer_since
from harness.store.past import Skill
from harness.store.questions import QUESTIONS
from harness.store.store import Store

from . import tables
from .place import open_store


class Question(StrEnum):
    """What can be asked by name: the keys of ``QUESTIONS``."""

    RUNS = "runs"
    CHECKS = "checks"
    FLIPS = "flips"
    TREND = "trend"
    COMPARE = "compare"
    ADAPTERS = "adapters"
    LINEAGE = "lineage"
    RELEASES = "releases"


def history(
    question: Annotated[Question, typer.Argument(help="What to show.")] = Question.RUNS,
    run: Annotated[str | None, typer.Argument(help="Id of a run; the latest by default.")] = None,
    other: Annotated[
        str | None, typer.Argument(help="Id of a run to compare with; the one before by default.")
    ] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
    sql: Annotated[
        str | None, typer.Option(help="Your own question; read-only. $run and $other are the runs.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    parquet: Annotated[Path | None, typer.Option(help="Write a Parquet file instead.")] = None,
) -> None:
    """Show runs; the checks, flips or lineage of one run; the trend, adapters or releases of all.

    Or compare the candidates of two runs, case by case.

    Of a release: how much of the base model's score each skill has (retention), and how it has
    changed since the first release that was measured on it.

    Example: `loragate history --sql "SELECT * FROM v1.trend" --csv`
    """
    if json + csv + (parquet is not None) > 1:
        raise UsageError("--json, --csv and --parquet are three forms of one answer: choose one")
    found = open_store(store)
    if sql is None and question == "releases" and not found.releases():
        print(
            "no release yet: a release is a candidate that 'pytest suites/' found PROMOTE",
            file=sys.stderr if json or csv or parquet else sys.stdout,
        )
        return
    query = QUESTIONS[question] if sql is None else sql
    if parquet is not None:
        print(f"{parquet}: {found.parquet(parquet, query, run, other)} rows")
        return
    table = found.sql(query, run, other)
    if json:
        print(tables.to_json(table))
    elif csv:
        print(tables.to_csv(table), end="")
    else:
        tables.show(table)
        if sql is None and question == "releases":
            _print_transfer(found)


def _print_transfer(store: Store) -> None:
    releases = store.releases()
    history = [{_content(skill): skill.score for skill in each.skills} for each in releases]
    entered = {key: at for at, scores in reversed([*enumerate(history)]) for key in scores}
    for at, release in enumerate(releases):
        transfer = transfer_since(history[: at + 1], entered)
        if transfer is not None:
            print(f"backward transfer of release {at + 1} ({release.candidate}): {plain(transfer)}")


def _content(skill: Skill) -> tuple[str, ...]:
    """What makes scores of two releases comparable; an edited suite is a new skill."""
    return skill.suite, skill.content, skill.task, skill.scorer
