"""``loragate suite``: a starter to fill in, and the language as an editor wants it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from harness.errors import UsageError

from .place import project_root

SCHEMA = Path("docs/suite.schema.json")
"""Where this project keeps the schema."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")

app = typer.Typer(no_args_is_help=True, help="Write a suite: a starter, and help for editors.")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The suite's name, such as contracts/clauses.")],
    root: Annotated[Path, typer.Option(help="The folder of suites.")] = Path("suites"),
) -> None:
    """Write a commented suite and five rows of data, ready to be gated and then changed.

    Example: `loragate suite new contracts/clauses`
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' should be letters, digits and ._- with / between, such as contracts/clauses"
        )
    suite = root / f"{name}.yaml"
    data = suite.parent / "data" / f"{suite.stem}.jsonl"
    for path in (suite, data):
        if path.exists():
            raise UsageError(f"{path}: is there already; nothing was written")
    data.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(_SUITE.format(name=name, stem=suite.stem), encoding="utf-8")
    data.write_text(_ROWS, encoding="utf-8")
    print(f"{suite}\n{data}\n{write_schema(suite.parent)}\nnext: loragate validate {suite}")


def write_schema(folder: Path) -> Path:
    """The schema beside a suite whose first line names it."""
    path = folder / "suite.schema.json"
    path.write_text(_schema(), encoding="utf-8")
    return path


@app.command()
def schema(
    path: Annotated[
        Path | None, typer.Argument(help=f"Where to write it; else {SCHEMA} in the project.")
    ] = None,
) -> None:
    """Write the JSON Schema of the suite language, installed plug-ins included.

    An editor with a YAML language server completes and checks a suite whose first line is
    `# yaml-language-server: $schema=suite.schema.json`.

    Example: `loragate suite schema suites/suite.schema.json`
    """
    target = project_root() / SCHEMA if path is None else path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_schema(), encoding="utf-8")
    print(target)


def _schema() -> str:
    from harness.suite.published import suite_schema

    return json.dumps(suite_schema(), indent=1, ensure_ascii=False) + "\n"


_SUITE = """\
# yaml-language-server: $schema=suite.schema.json
suite: {name}
description: Which kind of clause is this?   # for people
owner: your-team

data:
  path: data/{stem}.jsonl     # relative to this file; also .csv, .parquet, a dataset on disk
  id: id                      # unique; names a row for ever
  slices: [length]            # the report shows each value apart
  # cluster: document         # rows of one document are one piece of evidence

tasks:
  - name: classify
    prompt: "Clause: {{{{ text }}}}\\nType:"      # a Jinja template over the fields of a row
    choices: [payment, term]                  # by log-likelihood; or generate: {{max_tokens: 20}}
    target: "{{{{ label }}}}"
    scorers: [accuracy]                       # loragate list scorers

cases:                        # hand-written; each must pass
  - id: says-payment
    task: classify
    input: {{text: The fee is due within thirty days.}}
    expect: [{{equals: payment}}]
    reason: the plainest payment clause there is

checks:                       # what a release has to prove
  - {{name: no-worse, task: classify, metric: accuracy, against: baseline, margin: 0.03}}
  # - {{name: floor, task: classify, metric: accuracy, min: 0.8}}
"""
_ROWS = """\
{"id": "1", "text": "The fee is due within thirty days.", "label": "payment", "length": "short"}
{"id": "2", "text": "This agreement runs for two years.", "label": "term", "length": "short"}
{"id": "3", "text": "Invoices are paid in dollars.", "label": "payment", "length": "long"}
{"id": "4", "text": "Either party may renew it by notice.", "label": "term", "length": "long"}
{"id": "5", "text": "Late payments bear interest.", "label": "payment", "length": "short"}
"""
