"""Where a command is run: the project around the working directory, and its store."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.pipeline.settings import configured
from harness.store.store import Store


def project_root() -> Path:
    """The nearest folder upward with a pyproject.toml, else the working directory."""
    here = Path.cwd()
    return next((up for up in (here, *here.parents) if (up / "pyproject.toml").is_file()), here)


def configured_path(key: str, default: str, given: Path | None) -> Path:
    """A path as given, else as ``[tool.loragate]`` names it, else the default; existing or not."""
    if given is not None:
        return given
    root = project_root()
    return root / str(configured(root).get(key, default))


def open_store(given: Path | None) -> Store:
    """The store, with what earlier runs left taken in; a damaged journal is told on stderr."""
    store = Store(configured_path("store", ".loragate", given))
    for damage in store.recover().damaged:
        print(damage, file=sys.stderr)
    return store
