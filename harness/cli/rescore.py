"""``loragate rescore``: the gate once more on outputs that are there, after a scorer changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer


def rescore(
    paths: Annotated[list[Path], typer.Argument(help="Suite files, or folders of them.")],
    candidate: Annotated[
        list[str] | None, typer.Option(help="As of pytest: NAME=DIR; repeatable.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="What is in production.")] = None,
    store: Annotated[Path | None, typer.Option(help="The store.")] = None,
) -> None:
    """Gate again without inference: every output is the history's, every score is new.

    It is `pytest SUITES --no-inference`, a run like any other with its own report. What the
    history does not hold, as after a prompt was changed, is not measured.

    Example: `loragate rescore suites/`
    """
    arguments = [*map(str, paths), "--no-inference"]
    for name in candidate or ():
        arguments += ["--candidate", name]
    for option, value in (("--baseline", baseline), ("--store", store)):
        if value is not None:
            arguments += [option, str(value)]
    raise typer.Exit(int(pytest.main(arguments)))
