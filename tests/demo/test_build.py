"""Building the demo world: once, whole, and again only where something changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from harness.adapters.digest import adapter_digest, base_digest
from harness.adapters.manifest import read_manifest, training_rows
from harness.demo import adapters, build, pretrain, shipped
from harness.demo import data as demo_data
from harness.demo.recipe import ADAPTERS, BASE, DEMO_SEED
from harness.suite.digest import input_digest

TINY = replace(BASE, hidden=16, layers=1, heads=2, feed_forward=24, steps=2, questions=4, clauses=2)
SMALL = tuple(replace(recipe, documents=2, replay=2, epochs=1) for recipe in ADAPTERS)


def shrink(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Base, adapters and the shipped base in miniature."""
    for module in (build, pretrain):
        patch.setattr(module, "BASE", TINY)
    patch.setattr(build, "ADAPTERS", SMALL)
    patch.setattr(shipped, "FOLDER", folder / "shipped")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``trained``: a world whose base was trained; ``world``: one that unpacked it."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch, folder)
        trained = build.build(folder / "trained", rebuild=True)
        shipped.pack(trained.base, shipped.FOLDER)
        build.build(folder / "world")
    return folder


@pytest.fixture
def tiny(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what was made, to be damaged."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    shrink(monkeypatch, tmp_path)
    return tmp_path


def test_a_world_is_made_of_standard_directories_with_their_lineage(tiny: Path) -> None:
    """Manifests name base, parent, seed and one digest per training row."""
    world = build.build(tiny / "world")
    assert list(world.adapters) == [recipe.name for recipe in SMALL]
    assert world.baseline == world.adapters["contracts-v1"]
    for recipe in SMALL:
        manifest = read_manifest(world.adapters[recipe.name])
        assert manifest is not None
        assert manifest.base == base_digest(world.base)
        parent = recipe.parent and adapter_digest(world.adapters[recipe.parent])
        assert manifest.parent == parent
        assert manifest.seed == DEMO_SEED
        rows = {input_digest(row.fields) for row in demo_data.training_rows(recipe, DEMO_SEED)}
        assert training_rows(world.adapters[recipe.name]) == rows


def test_the_shipped_base_and_a_retrained_one_are_the_same(tiny: Path) -> None:
    """So `--rebuild` reproduces what is shipped."""
    unpacked = build.build(tiny / "world").base
    trained = tiny / "trained" / "base"
    assert base_digest(unpacked) == base_digest(trained)


def test_a_second_build_does_nothing(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trained and nothing reported when everything is in place."""
    before = build.build(tiny / "world")
    monkeypatch.setattr(adapters, "save_adapter", None)
    said: list[str] = []
    assert build.build(tiny / "world", progress=lambda what, _: said.append(what)) == before
    assert said == []


def test_a_damaged_adapter_is_built_again(tiny: Path) -> None:
    """And its child, whose parent is the same again, is kept."""
    world = build.build(tiny / "world")
    path = world.baseline / "adapter_model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    said: list[str] = []
    build.build(tiny / "world", progress=lambda what, _: said.append(what))
    assert path.read_bytes() == whole
    assert set(said) == {"contracts-v1"}


@pytest.mark.parametrize("damage", [b"", b"\x00", None])
def test_a_damaged_base_is_unpacked_again(tiny: Path, damage: bytes | None) -> None:
    """Truncated, flipped or gone; its adapters are of the same base again and are kept."""
    path = tiny / "world" / "base" / shipped.WEIGHTS
    whole = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(whole[:-1] + damage)
    said: list[str] = []
    build.build(tiny / "world", progress=lambda what, _: said.append(what))
    assert path.read_bytes() == whole
    assert set(said) == {"base model"}


def test_a_killed_build_leaves_nothing_half_and_resumes(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was whole stays, what was not is not there."""
    real = adapters.save_adapter

    def dies(folder: Path, base: Path, recipe: object, *rest: object) -> None:
        if recipe is SMALL[1]:
            (folder / "adapter_config.json").write_text("{")
            raise KeyboardInterrupt
        real(folder, base, recipe, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(adapters, "save_adapter", dies)
    with pytest.raises(KeyboardInterrupt):
        build.build(tiny / "fresh")
    left = [path.name for path in (tiny / "fresh" / "adapters").iterdir()]
    assert left == ["contracts-v1"]
    monkeypatch.setattr(adapters, "save_adapter", real)
    assert all(path.is_dir() for path in build.build(tiny / "fresh").adapters.values())


def test_a_new_recipe_builds_its_adapter_again(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only that one: the others are what they were."""
    build.build(tiny / "world")
    changed = (*SMALL[:2], replace(SMALL[2], peak=1e-3))
    monkeypatch.setattr(build, "ADAPTERS", changed)
    said: list[str] = []
    build.build(tiny / "world", progress=lambda what, _: said.append(what))
    assert set(said) == {"contracts-deluge"}


def test_packing_loses_nothing(tiny: Path) -> None:
    """Half precision in the package, single in use, the same values."""
    packed = load_file(shipped.FOLDER / shipped.WEIGHTS)
    trained = load_file(tiny / "trained" / "base" / shipped.WEIGHTS)
    assert {weight.dtype for weight in packed.values()} == {np.dtype(np.float16)}
    assert all(np.array_equal(packed[k].astype(np.float32), trained[k]) for k in trained)


def test_the_shipped_base_is_of_the_frozen_recipe() -> None:
    """A recipe that changed without a new base would ship a base nobody can reproduce."""
    made_from = json.loads((shipped.FOLDER / shipped.PROVENANCE).read_text("utf-8"))
    assert made_from["made_from"] == build.base_recipe(DEMO_SEED)
    assert sum(path.stat().st_size for path in shipped.FOLDER.iterdir()) < 2 * 2**20


def test_looking_at_a_world_imports_no_torch() -> None:
    """A built world is recognised in milliseconds."""
    code = "import sys, harness.demo.build, harness.demo.seeds; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
