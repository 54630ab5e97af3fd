"""``loragate import``: what other tools wrote, as suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.errors import UsageError

from .suite import NAME, write_schema

app = typer.Typer(no_args_is_help=True, help="Make suites of what other tools wrote.")

Root = Annotated[Path, typer.Option(help="The folder of suites.")]


@app.command()
def garak(
    report: Annotated[Path, typer.Argument(help="A *.report.jsonl of garak.")],
    name: Annotated[str, typer.Option(help="The suite's name.")] = "redteam/garak",
    probes: Annotated[str, typer.Option(help="Which probes, as a glob: dan.*")] = "*",
    per_probe: Annotated[int, typer.Option(min=1, help="Most cases of one probe.")] = 10,
    root: Root = Path("suites"),
) -> None:
    """Turn the attempts of a garak report that hit into hand-written cases.

    What no expectation can honestly say is left out and counted.

    Example: `loragate import garak run.report.jsonl --probes 'promptinject.*'`
    """
    from harness.suite.importing.garak import read_report, suite_of
    from harness.suite.importing.writing import as_yaml

    found = read_report(_readable(report), probes, per_probe)
    print(f"{found.attempts:,} finished attempts, {len(found.cases):,} cases")
    for reason, n in found.left_out.most_common():
        print(f"left out {n:,}: {reason}")
    if not found.cases:
        raise UsageError(f"{report}: no attempt of '{probes}' that hit can be a case")
    comment = f"Imported from {report.name}; every case must be met. Shorten it to what matters."
    target = _target(root, name)
    _write(target, as_yaml(suite_of(name, found, report.name), comment))


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    return path


def _target(root: Path, name: str) -> Path:
    """Where a suite of a name goes; UsageError where something is there."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"--name: '{name}' should be letters, digits and ._- with / between, such as "
            "redteam/garak"
        )
    target = root / f"{name}.yaml"
    if target.exists():
        raise UsageError(f"{target}: is there already; nothing was written")
    return target


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    schema = write_schema(target.parent)
    print(f"{target}\n{schema}\nnext: loragate validate {target}")
