"""``loragate rescore``: the gate once more on outputs that are there, after a scorer changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def rescore(
    paths: Annotated[list[Path], typer.Argument(help="Suite files, or folders of them.")],
    candidate: Annotated[
        list[str] | None, typer.Option(help="As of pytest: NAME=DIR; repeatable.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="What is in production.")] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
    engine: Annotated[str | None, typer.Option(help="What ran the models.")] = None,
) -> None:
    """Gate again without inference: every output is the history's, every score is new.

    It is `pytest SUITES --no-inference`, a run like any other with its own report. What the
    history does not hold, as after a prompt was changed, is not measured.

    Example: `loragate rescore suites/`
    """
    arguments = ["-m", "pytest", *map(str, paths), "--no-inference"]
    for name in candidate or ():
        arguments += ["--candidate", name]
    others = (("--baseline", baseline), ("--store", store), ("--engine", engine))
    for option, value in others:
        if value is not None:
            arguments += [option, str(value)]
    raise typer.Exit(subprocess.call([sys.executable, *arguments]))
