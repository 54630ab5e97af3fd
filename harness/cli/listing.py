"""``loragate list``: what a suite can name, one line each."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from harness.errors import UsageError
from harness.registry import EXTRACTORS, SCORERS, nearest
from harness.suite.scoring import CorpusScorer

KINDS = {"scorers": SCORERS, "metrics": SCORERS, "extractors": EXTRACTORS}


def listing(
    kind: Annotated[str, typer.Argument(help="scorers, metrics or extractors.")],
    markdown: Annotated[bool, typer.Option(help="As a table for a page.")] = False,
) -> None:
    """List what a suite can name, installed plug-ins included.

    Every scorer is a metric: the mean of its scores. `metrics` are those that are more than a
    mean.

    Example: `loragate list scorers`
    """
    if kind not in KINDS:
        raise UsageError(f"there is no list of '{kind}' ({nearest(kind, KINDS)})")
    if markdown:
        print("| name | options | what it does |\n| --- | --- | --- |")
        for line in lines(kind):
            print("| `{}` | {} | {} |".format(*(cell.replace("|", "\\|") for cell in line)))
        return
    table = Table("name", "options", "what it does", box=None, pad_edge=False)
    for name, options, sentence in lines(kind):
        table.add_row(name, options, sentence)
    Console().print(table)


def lines(kind: str) -> list[tuple[str, str, str]]:
    """Name, options and first sentence of everything of a kind, sorted by name."""
    registry = KINDS[kind]
    found: list[tuple[str, str, str]] = []
    for name in registry.names():
        model: Any = registry.load(name)
        if (kind == "metrics") <= issubclass(model, CorpusScorer):
            sentence = (inspect.getdoc(model) or "").partition("\n\n")[0].replace("\n", " ")
            found.append((name, ", ".join(_options(model)), sentence))
    return found


def _options(model: Any) -> list[str]:
    """Each option by its name, and whether it must be given."""
    return [
        (field.alias or name) + (" (required)" if field.is_required() else "")
        for name, field in model.model_fields.items()
    ]
