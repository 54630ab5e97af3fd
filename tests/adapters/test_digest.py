"""Identity is content: renamed is the same, retrained is another, unsound has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from harness.adapters import digest as module
from harness.adapters.digest import DigestCache, adapter_digest, base_digest
from harness.errors import AdapterError

A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = A.replace("lora_A", "lora_B")


def edit(directory: Path, **changes: np.ndarray | None) -> None:
    """Replace or (None) remove tensors of an adapter in place."""
    path = directory / "adapter_model.safetensors"
    tensors = load_file(path) | changes
    save_file({name: value for name, value in tensors.items() if value is not None}, path)


def test_a_copy_has_the_same_digest(directories) -> None:
    """Name, place and times are no content."""
    one = directories.adapter("one")
    other = shutil.copytree(one, directories.root / "other")
    assert adapter_digest(one) == adapter_digest(other)


def test_metadata_and_origin_are_no_content(directories) -> None:
    """A re-saved file with other metadata and another base path is the same adapter."""
    one, other = directories.adapter("one"), directories.adapter("other", peft_version="0.19.0")
    path = other / "adapter_model.safetensors"
    save_file(load_file(path), path, metadata={"format": "pt", "note": "again"})
    assert adapter_digest(one) == adapter_digest(other)


def test_one_bit_is_another_adapter(directories) -> None:
    """Tensors, and the configuration that decides answers."""
    digests = {adapter_digest(directories.adapter("a"))}
    digests.add(adapter_digest(directories.adapter("b", lora_alpha=5)))
    changed = directories.adapter("c")
    value = load_file(changed / "adapter_model.safetensors")[A]
    value[-1, -1] = np.nextafter(value[-1, -1], np.float32(np.inf))
    edit(changed, **{A: value})
    digests.add(adapter_digest(changed))
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({A: np.full((2, 8), np.nan, np.float32)}, "q_proj.lora_A.weight holds NaN or infinity"),
        ({B: None}, "has no partner"),
        ({A: None}, "has no partner"),
    ],
)
def test_unsound_tensors_are_refused(directories, changes, message: str) -> None:
    """The tensor is named."""
    path = directories.adapter()
    edit(path, **changes)
    with pytest.raises(AdapterError, match=message):
        adapter_digest(path)


def test_an_adapter_with_zero_b_everywhere_does_nothing(directories) -> None:
    """It is refused and named; zero in all modules but one is a real adapter."""
    path = directories.adapter()
    tensors = load_file(path / "adapter_model.safetensors")
    edit(path, **{n: np.zeros_like(v) for n, v in tensors.items() if "lora_B" in n and n != B})
    assert adapter_digest(path)
    edit(path, **{B: np.zeros_like(tensors[B])})
    with pytest.raises(AdapterError, match="lora_B is zero in all 4 modules"):
        adapter_digest(path)


def test_a_truncated_file_is_refused(directories) -> None:
    """An interrupted copy."""
    path = directories.adapter()
    file = path / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(AdapterError, match="truncated"):
        adapter_digest(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tokenizer.json", '{"a": 1}'),
        ("generation_config.json", '{"eos_token_id": 7}'),
        ("config.json", '{"model_type": "llama", "eos_token_id": 2}'),
    ],
)
def test_a_base_is_its_weights_tokenizer_and_configuration(
    directories, name: str, text: str
) -> None:
    """A change of any of them is another base."""
    base = directories.base()
    before = base_digest(base)
    (base / name).write_text(text)
    assert base_digest(base) != before


def test_the_version_that_saved_a_base_is_no_content(directories) -> None:
    """The library writes its version into config.json."""
    base = directories.base()
    before = base_digest(base)
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"transformers_version": "9.9"}))
    assert base_digest(base) == before


def test_sharding_is_no_content(directories) -> None:
    """The same tensors in one file or two."""
    base = directories.base()
    before = base_digest(base)
    tensors = sorted(load_file(base / "model.safetensors").items())
    (base / "model.safetensors").unlink()
    shards = {"one.safetensors": dict(tensors[:2]), "two.safetensors": dict(tensors[2:])}
    for name, part in shards.items():
        save_file(part, base / name)
    index = {"weight_map": {t: name for name, part in shards.items() for t in part}}
    (base / "model.safetensors.index.json").write_text(json.dumps(index))
    assert base_digest(base) == before


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Directories whose bytes were read for a digest."""
    read: list[Path] = []

    def spy(directory: Path) -> str:
        read.append(directory)
        return adapter_digest(directory)

    monkeypatch.setattr(module, "adapter_digest", spy)
    monkeypatch.setattr(module, "RACY_NS", -1)
    return read


def test_a_known_directory_is_not_read_again(directories, counted: list[Path]) -> None:
    """Over two caches on one file; a broken cache file only costs time."""
    path, store = directories.adapter(), directories.root / "store" / "digests.json"
    first = DigestCache(store).adapter(path)
    assert DigestCache(store).adapter(path) == first
    assert len(counted) == 1
    store.write_text("{")
    assert DigestCache(store).adapter(path) == first
    assert len(counted) == 2


def test_retrained_in_place_is_noticed(directories, counted: list[Path]) -> None:
    """Same path, same size, other content."""
    cache = DigestCache(directories.root / "digests.json")
    first = cache.adapter(directories.adapter())
    assert cache.adapter(directories.adapter(seed=1)) != first


def test_swapped_directories_are_noticed(directories, counted: list[Path]) -> None:
    """Two adapters that trade places trade digests."""
    cache = DigestCache(directories.root / "digests.json")
    one, other = directories.adapter("one"), directories.adapter("other", seed=1)
    before = cache.adapter(one), cache.adapter(other)
    one.rename(directories.root / "aside")
    other.rename(one)
    (directories.root / "aside").rename(other)
    assert (cache.adapter(other), cache.adapter(one)) == before


def test_verify_reads_the_bytes(directories, counted: list[Path]) -> None:
    """Before a promotion nothing is taken on trust."""
    path, cache = directories.adapter(), DigestCache(directories.root / "digests.json")
    assert cache.adapter(path) == cache.adapter(path, verify=True)
    assert len(counted) == 2


def test_fresh_files_are_not_cached(directories) -> None:
    """A second write within the clock's step could leave every time stamp as it was."""
    store = directories.root / "digests.json"
    DigestCache(store).adapter(directories.adapter())
    assert not store.exists()
