"""An adapter is only run on the base that it fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.adapters.digest import DigestCache
from harness.adapters.inspection import AdapterInfo, inspect_adapter
from harness.adapters.manifest import write_manifest
from harness.errors import AdapterError

FOREIGN = "base_model.model.model.embed_tokens.lora_embedding_A"


def inspect(directories, adapter: Path, base: Path) -> AdapterInfo:
    digests = DigestCache(directories.root / "digests.json")
    return inspect_adapter(adapter, base, digests.base(base), digests)


def test_a_plain_adapter_runs_fused(directories) -> None:
    """Under the directory's name where it has no manifest."""
    info = inspect(directories, directories.adapter("v7"), directories.base())
    assert (info.name, info.executor, info.reason) == ("v7", "fused", "")


def test_a_manifest_names_the_adapter(directories) -> None:
    """The directory may be called anything."""
    base, path = directories.base(), directories.adapter("tmp123")
    digest = DigestCache(directories.root / "d.json").base(base)
    write_manifest(
        path, name="v7", base=digest, parent=None, seed=0, recipe={}, row_digests=["ab" * 32]
    )
    assert inspect(directories, path, base).name == "v7"


@pytest.mark.parametrize(
    ("config", "tensors", "reason"),
    [
        ({"use_dora": True}, {}, "use_dora"),
        ({}, {FOREIGN: np.ones((2, 20), np.float32)}, "lora_embedding_A"),
    ],
)
def test_the_rest_runs_through_peft_with_a_reason(
    directories, config: dict, tensors: dict, reason: str
) -> None:
    """Slower, labelled, not refused."""
    info = inspect(directories, directories.adapter(tensors=tensors, **config), directories.base())
    assert info.executor == "peft"
    assert reason in info.reason


def test_other_shapes_are_another_base(directories) -> None:
    """Module and both shapes are named."""
    path = directories.adapter(modules={"self_attn.q_proj": (16, 16), "mlp.down_proj": (8, 12)})
    with pytest.raises(AdapterError, match=r"q_proj has lora_A \[2, 16\].*\[2, 8\]"):
        inspect(directories, path, directories.base())


def test_other_modules_are_another_base(directories) -> None:
    """The module, the base's own layers, and where it was trained."""
    path = directories.adapter(
        modules={"attn.c_attn": (8, 8)},
        target_modules=["c_attn"],
        base_model_name_or_path="someone/gpt2",
    )
    with pytest.raises(AdapterError, match=r"c_attn.*down_proj.*trained for someone/gpt2"):
        inspect(directories, path, directories.base())


def test_another_rank_than_configured_is_refused(directories) -> None:
    """Later peft would fail on it."""
    with pytest.raises(AdapterError, match=r"would have to be \[4, 12\]"):
        inspect(directories, directories.adapter(r=4), directories.base())


def test_tensors_that_no_target_names_are_refused(directories) -> None:
    """Otherwise peft would ignore them, and the adapter would be half an adapter."""
    path = directories.adapter(target_modules=["q_proj"])
    with pytest.raises(AdapterError, match=r"tensors for .*down_proj.*does not name"):
        inspect(directories, path, directories.base())


def test_targets_without_tensors_are_refused(directories) -> None:
    """Otherwise peft would fill them with a no-op."""
    path = directories.adapter(modules={"self_attn.q_proj": (8, 8)})
    with pytest.raises(AdapterError, match=r"names .*down_proj, which has no tensors \(2 such"):
        inspect(directories, path, directories.base())


def test_a_manifest_of_another_base_is_refused(directories) -> None:
    """Same shapes, other weights: only the digest can tell."""
    path = directories.adapter()
    write_manifest(
        path, name="v1", base="0" * 64, parent=None, seed=0, recipe={}, row_digests=["ab" * 32]
    )
    with pytest.raises(AdapterError, match="trained on base 000000000000"):
        inspect(directories, path, directories.base())


def test_a_named_local_base_of_other_content_is_refused(directories) -> None:
    """base_model_name_or_path is a directory here, and not this base; a copy of it is fine."""
    base, copy = directories.base(), directories.base("copy")
    other = directories.base("other", seed=5)
    fine = directories.adapter("fine", base_model_name_or_path=str(copy))
    assert inspect(directories, fine, base)
    wrong = directories.adapter("wrong", base_model_name_or_path=str(other))
    with pytest.raises(AdapterError, match=f"--base-model {other}"):
        inspect(directories, wrong, base)


def test_inspection_imports_no_torch(directories) -> None:
    """A run that finds everything in the store must not pay for it."""
    code = "import sys, harness.adapters.inspection as i; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
