"""``loragate demo``: a small world to gate in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .place import project_root


def demo(
    root: Annotated[Path, typer.Option(help="Where to build it.")] = Path("build/demo"),
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Train the base anew and rewrite the gate's data.")
    ] = False,
) -> None:
    """Build a base model of about a million parameters and three LoRA adapters.

    A second call finds everything in place and returns at once.

    Example: `loragate demo && pytest suites/ --candidate contracts-deluge`
    """
    from harness.demo.build import build
    from harness.demo.data import write_gate
    from harness.demo.recipe import DEMO_SEED

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("demo", total=1.0)
        world = build(
            root,
            rebuild=rebuild,
            progress=lambda what, share: progress.update(task, description=what, completed=share),
        )
    data = project_root() / "suites" / "demo" / "data"
    if rebuild and data.is_dir():
        write_gate(data, DEMO_SEED)
    print(f"base: {world.base}")
    for name, path in world.adapters.items():
        print(f"adapter {name}: {path}")
