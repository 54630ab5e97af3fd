"""``loragate list``: what a suite can name, one line each."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from harness.errors import UsageError
from harness.registry import EXTRACTORS, MUTATORS, SCORERS, nearest
from harness.reports.headline import must
from harness.reports.visible import shortened
from harness.suite.mutating import Draw, Mutator, Seed
from harness.suite.scoring import CorpusScorer

BAR = "\\|"
LONGEST = 300
"""Characters of an example."""
EXAMPLE = Seed(
    "Acme shall pay Birch $40,000 within 30 days of March 3, 2024. Mary does not sign it, and he "
    "keeps a copy for 2 years. This clause is governed by the law of Ohio.",
    "Ohio",
    ("Ohio", "Texas", "Utah"),
)
"""What mutators are shown at work on."""
KINDS = {"scorers": SCORERS, "metrics": SCORERS, "extractors": EXTRACTORS, "mutators": MUTATORS}


def listing(
    kind: Annotated[str, typer.Argument(help="scorers, metrics, extractors or mutators.")],
    markdown: Annotated[bool, typer.Option(help="As a table for a page.")] = False,
) -> None:
    """List what a suite can name, installed plug-ins included.

    Every scorer is a metric: the mean of its scores. `metrics` are those that are more than a
    mean.

    Example: `loragate list scorers`
    """
    if kind not in KINDS:
        raise UsageError(f"there is no list of '{kind}' ({nearest(kind, KINDS)})")
    titles = ["name", "options", "what it does"]
    titles += ["the answer", "to look at", "example"] if kind == "mutators" else []
    rows = [[*line, *(_of_mutator(line[0]) if kind == "mutators" else ())] for line in lines(kind)]
    if markdown:
        print(f"| {' | '.join(titles)} |\n| {' | '.join('---' for _ in titles)} |")
        for name, *cells in rows:
            print(f"| {' | '.join([f'`{name}`', *(c.replace('|', BAR) for c in cells)])} |")
        return
    table = Table(*titles[:4], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row[:4])
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


def _of_mutator(name: str) -> tuple[str, str, str]:
    """What must hold of the answers, the share to look at, and what it makes of an example."""
    model: Any = MUTATORS.load(name)
    mutator: Mutator = model()
    # Where the example's answer holds nothing that could change, none is known.
    made = mutator.mutate(EXAMPLE, Draw(name)) or mutator.mutate(Seed(EXAMPLE.text), Draw(name))
    text = shortened(made[0].text, LONGEST) if made else "nothing to mutate in the example"
    seldom = f"{mutator.spot_check:.0%}" if mutator.spot_check else "none"
    return must(mutator.relation), seldom, text


def _options(model: Any) -> list[str]:
    """Each option by its name, and whether it must be given."""
    return [
        (field.alias or name) + (" (required)" if field.is_required() else "")
        for name, field in model.model_fields.items()
    ]
