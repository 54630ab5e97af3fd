"""``loragate plan``: what a gate could prove, what it would need and cost, before it is run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.errors import UsageError
from harness.pipeline.forecast import Outlook, Work
from harness.pipeline.preview import Cost, Preview, load, preview
from harness.pipeline.settings import Settings, configured, resolve
from harness.reports.visible import visible
from harness.types import Claim

from .place import open_store, project_root
from .validate import suite_files


def plan(
    paths: Annotated[list[Path], typer.Argument(help="Suite files, or folders of them.")],
    flip_rate: Annotated[
        float | None,
        typer.Option(
            help="Share of cases on which two adapters differ, where no run has measured it.",
            min=0.0,
            max=1.0,
        ),
    ] = None,
    base_model: Annotated[Path | None, typer.Option(help="The base model directory.")] = None,
    baseline: Annotated[str | None, typer.Option(help="What is in production.")] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers to this file.")
    ] = None,
) -> None:
    """How many cases each check needs, what each slice can resolve, and what the gate costs.

    For an adapter that is exactly as good as its reference, at the level of the next attempt.
    Nothing is run.

    Example: `loragate plan suites/ --flip-rate 0.1`
    """
    policy, suites = load([file for path in paths for file in suite_files(path)])
    settings, candidates = _settings(
        {"base-model": base_model, "baseline": baseline, "store": store}
    )
    found = preview(policy, suites, open_store(store), settings, flip_rate, candidates)
    if json_file is not None:
        _write(found, json_file)
    # A pipe has no width to cut columns for.
    _print(found, Console(width=None if sys.stdout.isatty() else 10_000))


def _write(found: Preview, file: Path) -> None:
    text = json.dumps(asdict(found), indent=2, ensure_ascii=False, allow_nan=False)
    try:
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--json {file}: cannot be written: {error.strerror}") from error


def _settings(options: dict[str, object]) -> tuple[Settings | None, int]:
    """The arms that are there already, and how many candidates are expected."""
    root = project_root()
    table = configured(root)
    if options["base-model"] is None and "base-model" not in table:
        return None, 1
    named = table.get("candidate") or []
    count = 1 if isinstance(named, str) else max(1, len(named))
    # The candidates need not exist yet: base stands in for them, as it is there in any case.
    return resolve(root, {**options, "candidate": ["base"]}, Path.cwd()), count


def _print(found: Preview, console: Console) -> None:
    say = console.print
    level = f"attempt {found.attempt}: alpha {found.alpha:.4f}"
    say(f"{level}; a loss is proven at {found.alpha_worse:.3g} over {found.family} comparisons")
    checks = [o for o in found.outlooks if o.claim is not Claim.NO_LOSS]
    slices = [o for o in found.outlooks if o.claim is Claim.NO_LOSS]
    if checks:
        say(_table(_CHECKS, (_check(one) for one in checks)))
    if slices:
        say(_table(_SLICES, (_slice(one) for one in slices)))
    for source in dict.fromkeys((o.psi, o.source) for o in found.outlooks):
        say(Text(f"flips {source[0]:.1%}: {visible(source[1])}"))
    for one in found.outlooks:
        for note in one.notes:
            say(Text(f"{_name(one)}: {note}"))
    for note in found.notes:
        say(Text(visible(note)))
    say(_cost(found.cost))


_CHECKS = (
    "check", "margin", "cases", "clusters", "flips", "passes now", "for 80%", "for 90%",
    "resolves",
)  # fmt: skip
_SLICES = ("slice", "cases", "clusters", "flips", "resolves a loss of")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for at, column in enumerate(columns):
        table.add_column(column, no_wrap=True, justify="right" if at else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _name(one: Outlook) -> str:
    return visible(f"{one.suite} {one.task}.{one.name}")


def _check(one: Outlook) -> tuple[str, ...]:
    return (
        _name(one),
        "better" if one.margin is None else f"{100 * one.margin:.1f}",
        f"{one.cases:,}",
        f"{one.clusters:,.0f}",
        f"{one.psi:.1%}",
        "" if one.power is None else f"{one.power:.0%}",
        _count(one.cases_for_80),
        _count(one.cases_for_90),
        _points(one.resolves),
    )


def _slice(one: Outlook) -> tuple[str, ...]:
    name = visible(f"{one.suite} {one.task}.{one.metric}: {one.slice}")
    numbers = (f"{one.cases:,}", f"{one.clusters:,.0f}", f"{one.psi:.1%}", _points(one.resolves))
    return (name, *numbers)


def _count(cases: int | None) -> str:
    return "" if cases is None else f"{cases:,}"


def _points(share: float | None) -> str:
    return "nothing" if share is None else f"{100 * share:.1f} points"


def _cost(cost: Cost | None) -> str:
    if cost is None:
        return "cost unknown: no base model is named (--base-model, or [tool.loragate])"
    time = cost.unknown or f"about {cost.seconds or 0:.0f} s"
    if cost.seconds is not None and cost.seconds >= 90:
        time = f"about {cost.seconds / 60:.0f} minutes"
    said = f"{cost.arms} arms: {_tokens(cost.whole)}"
    if cost.left != cost.whole:
        said += f"; not in the history yet: {_tokens(cost.left)}"
    return f"{said}; time {time}"


def _tokens(work: Work) -> str:
    return f"{work.prompt:,} prompt tokens and at most {work.generated:,} generated"
