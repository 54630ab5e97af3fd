"""``loragate doctor``: is everything there that a gate needs?"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from harness.adapters.digest import DigestCache
from harness.engine.numerics import numerics_class
from harness.errors import LoragateError
from harness.pipeline.arms import identify
from harness.pipeline.settings import engine_options, resolve
from harness.store.store import Store

from .place import configured_path, project_root

PACKAGES = ("loragate", "torch", "triton", "transformers", "peft", "tokenizers", "duckdb", "pytest")
LEAST_FREE = 2**30
"""bytes"""


def doctor() -> None:
    """Look at Python, packages, base model, adapters and store; exit with 1 if a gate would fail.

    Example: `loragate doctor`
    """
    examinations: dict[str, Callable[[], str]] = {
        "python": _python,
        "packages": _packages,
        "numerics": lambda: numerics_class(engine_options(project_root())),
        "disk": _disk,
        "store": _store,
        "arms": _arms,
    }
    healthy = True
    for name, examine in examinations.items():
        try:
            print(f"✓ {name}: {examine()}")
        except LoragateError as error:
            healthy = False
            print(f"✗ {name}: {error}")
    raise typer.Exit(0 if healthy else 1)


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _packages() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError as error:
            if package != "triton":  # Linux only; nothing on a CPU needs it
                raise LoragateError(
                    f"{package} is not installed; run `pip install loragate`"
                ) from error
    return ", ".join(found)


def _disk() -> str:
    free = shutil.disk_usage(_existing(configured_path("store", ".loragate", None))).free
    if free < LEAST_FREE:
        raise LoragateError(f"{free / 2**20:,.0f} MiB free; a gate should have 1 GiB at least")
    return f"{free / 2**30:,.0f} GiB free"


def _store() -> str:
    path = configured_path("store", ".loragate", None)
    if not os.access(_existing(path), os.W_OK):
        raise LoragateError(f"{path} cannot be written; choose another with --store")
    store = Store(path)
    problems = (*store.recover().damaged, *store.verify())
    if problems:
        raise LoragateError("; ".join(problems))
    return f"{path} is sound"


def _arms() -> str:
    root = project_root()
    settings = resolve(root, {}, root)
    arms = identify(settings, DigestCache(settings.store / "digests.json"))
    for arm in arms:
        if arm.problem is not None:
            raise LoragateError(arm.problem)
    return ", ".join(f"{arm.role} {arm.name} {(arm.adapter or arm.base)[:12]}" for arm in arms)


def _existing(path: Path) -> Path:
    return next(up for up in (path.absolute(), *path.absolute().parents) if up.exists())
