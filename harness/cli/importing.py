"""``loragate import``: what other tools wrote, as suites."""

from __future__ import annotations

import re
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


@app.command("lm-eval")
def lm_eval(
    task: Annotated[Path, typer.Argument(help="A task's YAML file.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Its rows: JSON lines, CSV, Parquet, or a dataset's folder."),
    ] = None,
    few_shot_data: Annotated[
        Path | None, typer.Option(help="The rows that examples are taken from.")
    ] = None,
    few_shot: Annotated[
        int | None, typer.Option(min=0, max=100, help="Examples; else as the task says.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The suite's name; else imported/TASK.")] = None,
    root: Root = Path("suites"),
) -> None:
    """Turn a task of lm-evaluation-harness into a suite that asks the same prompts, to the byte.

    Tasks that call Python are refused at the line that does.

    Example: `loragate import lm-eval sciq.yaml --data sciq.jsonl`
    """
    from harness.suite.importing.lm_eval import check, convert
    from harness.suite.importing.local_data import rows_of
    from harness.suite.importing.task_file import read_task
    from harness.suite.importing.writing import as_yaml, json_lines

    read = read_task(_readable(task))
    check(read)
    rows, pool = rows_of(read, data, few_shot_data)
    plain = re.sub("[^A-Za-z0-9._-]", "-", str(read.values.get("task") or task.stem)).lstrip("._-")
    target = _target(root, name or f"imported/{plain}")
    found = convert(read, name or f"imported/{plain}", rows, pool, few_shot)
    print(f"{len(found.rows):,} of {len(rows):,} rows")
    for reason, n in found.left_out.most_common():
        print(f"left out {n:,}: {reason}")
    for note in found.notes:
        print(f"note: {note}")
    asked = target.parent / str(found.suite["data"]["path"])
    if asked.exists():
        raise UsageError(f"{asked}: is there already; nothing was written")
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.write_text(json_lines(found.rows), encoding="utf-8")
    comment = "\n".join([f"Imported from {task.name}; prompts are in the data.", *found.notes])
    _write(target, as_yaml(found.suite, comment))


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
