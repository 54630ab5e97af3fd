"""Builds the demo world: the shipped base, or one trained anew, and the three adapters.

Every directory is built under a temporary name and renamed when it is whole, and carries what
it was built from: a killed build resumes, a finished one is recognised without importing torch.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.adapters.digest import adapter_digest, base_digest
from harness.adapters.manifest import read_manifest, write_manifest
from harness.demo import phrasing, shipped, skills
from harness.demo.data import training_rows
from harness.demo.recipe import (
    ADAPTERS,
    BASE,
    BASELINE,
    CHAT_TEMPLATE,
    DEMO_SEED,
    VERSION,
    AdapterRecipe,
)
from harness.errors import AdapterError
from harness.suite.digest import canonical_json, digest, input_digest

Progress = Callable[[str, float], None]
"""Called with what is being built and the share of it that is done."""


@dataclass(frozen=True, slots=True)
class World:
    """Where a built demo world lies."""

    base: Path
    baseline: Path
    adapters: dict[str, Path]


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What decides an adapter's weights; its manifest says the same."""

    base: str
    parent: str | None
    seed: int
    recipe: dict[str, Any]


def build(
    root: Path,
    *,
    seed: int = DEMO_SEED,
    rebuild: bool = False,
    progress: Progress | None = None,
) -> World:
    """Build what is missing or stale under ``root`` and say where it lies.

    ``rebuild`` trains the base as well, instead of unpacking the shipped one; any seed but
    ``DEMO_SEED`` needs that. The same seed gives the same weights on the same kind of CPU.
    """
    report = progress or (lambda _what, _done: None)
    base = root / "base"
    if rebuild or not _base_is_current(base, seed):
        _build_base(base, seed, rebuild or seed != DEMO_SEED, report)
    paths = {recipe.name: root / "adapters" / recipe.name for recipe in ADAPTERS}
    world = World(base, paths[BASELINE], paths)
    identity = base_digest(base)
    for recipe in ADAPTERS:
        parent = None if recipe.parent is None else paths[recipe.parent]
        made_from = _made_from(recipe, identity, parent, seed)
        if rebuild or not _adapter_is_current(paths[recipe.name], made_from):
            _build_adapter(world, recipe, made_from, report)
    return world


def _build_base(path: Path, seed: int, train: bool, report: Progress) -> None:
    report("base model", 0.0)
    with _whole(path) as folder:
        if train:
            from harness.demo.pretrain import save_base

            save_base(folder, seed, lambda done: report("base model", done))
            record = {"digest": base_digest(folder), "made_from": base_recipe(seed)}
            (folder / shipped.PROVENANCE).write_text(canonical_json(record) + "\n")
        else:
            shipped.unpack(folder)
    report("base model", 1.0)


def _build_adapter(
    world: World, recipe: AdapterRecipe, made_from: MadeFrom, report: Progress
) -> None:
    from harness.demo.adapters import save_adapter

    rows = training_rows(recipe, made_from.seed)
    parent = None if recipe.parent is None else world.adapters[recipe.parent]
    report(recipe.name, 0.0)
    with _whole(world.adapters[recipe.name]) as folder:
        save_adapter(
            folder,
            world.base,
            recipe,
            rows,
            parent,
            made_from.seed,
            lambda done: report(recipe.name, done),
        )
        write_manifest(
            folder,
            name=recipe.name,
            base=made_from.base,
            parent=made_from.parent,
            seed=made_from.seed,
            recipe=made_from.recipe,
            row_digests=(input_digest(row.fields) for row in rows),
        )  # fmt: skip


def _made_from(recipe: AdapterRecipe, base: str, parent: Path | None, seed: int) -> MadeFrom:
    return MadeFrom(
        base=base,
        parent=None if parent is None else adapter_digest(parent),
        seed=seed,
        recipe=_plain({**asdict(recipe), "words": _fingerprint()}),
    )


def _adapter_is_current(path: Path, made_from: MadeFrom) -> bool:
    try:
        manifest = read_manifest(path)
    except AdapterError:
        return False  # changed since it was trained: built again
    return manifest is not None and made_from == MadeFrom(
        manifest.base, manifest.parent, manifest.seed, manifest.recipe
    )


def base_recipe(seed: int) -> dict[str, Any]:
    """What a base of this seed is made from, as plain JSON."""
    made_from = {"seed": seed, "recipe": asdict(BASE), "chat_template": CHAT_TEMPLATE}
    return _plain({**made_from, "words": _fingerprint()})


def _base_is_current(path: Path, seed: int) -> bool:
    record = path / shipped.PROVENANCE
    if not record.is_file():
        return False
    try:
        now = {"digest": base_digest(path), "made_from": base_recipe(seed)}
        return bool(json.loads(record.read_text("utf-8")) == now)
    except (AdapterError, ValueError):
        return False  # damaged: built again


def _fingerprint() -> str:
    """Identity of the words that decide what is drawn; for the code, ``recipe.VERSION``."""
    return digest({"version": VERSION, "words": phrasing.words(), "skills": skills.words()})


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """The value as it reads back from JSON: lists for tuples, text for enums."""
    plain: dict[str, Any] = json.loads(canonical_json(value))
    return plain


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``path`` once it is whole, never before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent / f".{path.name}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
        shutil.rmtree(path, ignore_errors=True)
        folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
