"""The base model as it is shipped: half precision in the package, single precision in use.

Its weights are rounded to half precision when they are trained (``pretrain``), so that packing
loses nothing and a base that was trained anew is the same kind of thing as the shipped one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

FOLDER = Path(__file__).parent / "shipped"
WEIGHTS = "model.safetensors"
PROVENANCE = "provenance.json"
"""Digest, seed and recipe of a base, in its directory."""
FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
         "chat_template.jinja", PROVENANCE)  # fmt: skip


def unpack(target: Path) -> None:
    """Write the shipped base into the existing folder ``target``."""
    _copy(FOLDER, target, np.float32)


def pack(base: Path, folder: Path = FOLDER) -> None:
    """Make the base in directory ``base`` the shipped one."""
    folder.mkdir(exist_ok=True)
    _copy(base, folder, np.float16)


def _copy(source: Path, target: Path, dtype: type[np.floating]) -> None:
    weights = load_file(source / WEIGHTS)
    save_file(
        {name: weight.astype(dtype) for name, weight in weights.items()},
        target / WEIGHTS,
        metadata={"format": "pt"},
    )
    for name in FILES:
        shutil.copyfile(source / name, target / name)
