"""``loragate.json``: what an adapter was trained from, and proof that it is still that.

Beside it lies ``loragate.rows``: one digest per training row and line (see
``harness.suite.digest.input_digest``), so that a gate sample that was trained on is found.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from harness.adapters.config import CONFIG_FILE, read_json
from harness.errors import AdapterError

MANIFEST_FILE = "loragate.json"
ROWS_FILE: Final = "loragate.rows"
SEALED = (CONFIG_FILE, "adapter_model.safetensors", ROWS_FILE)
"""The files whose digests a manifest carries."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_ROW = re.compile(r"[0-9a-f]{64}")


class Manifest(BaseModel):
    """The content of ``loragate.json``."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    name: Annotated[str, Field(min_length=1, max_length=200)]
    base: Sha256
    """Digest of the base model it was trained on."""
    parent: Sha256 | None
    """Digest of the adapter it continues, if any."""
    seed: int
    recipe: dict[str, Any]
    """How it was trained: plain JSON, whatever reproduces it."""
    files: dict[str, Sha256]
    """Digest of each file of ``SEALED``, no more and no fewer."""
    rows: Literal["loragate.rows"] = ROWS_FILE

    @field_validator("files")
    @classmethod
    def _sealed(cls, files: dict[str, str]) -> dict[str, str]:
        if set(files) != set(SEALED):
            raise ValueError(f"must be exactly {', '.join(SEALED)}")
        return files


def write_manifest(
    directory: str | os.PathLike[str],
    *,
    name: str,
    base: str,
    parent: str | None,
    seed: int,
    recipe: Mapping[str, Any],
    row_digests: Iterable[str],
) -> Manifest:
    """Write manifest and rows beside a saved adapter and return what was written."""
    path = Path(directory)
    rows = "".join(f"{row}\n" for row in sorted(set(row_digests)))
    (path / ROWS_FILE).write_text(rows, encoding="ascii")
    manifest = Manifest(
        name=name,
        base=base,
        parent=parent,
        seed=seed,
        recipe=dict(recipe),
        files={file: _sha256(path / file) for file in SEALED},
    )
    text = manifest.model_dump_json(by_alias=True, indent=2)
    (path / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
    return manifest


def read_manifest(directory: str | os.PathLike[str]) -> Manifest | None:
    """The verified manifest of an adapter, or None if it has none.

    Raises AdapterError for a broken manifest and for a file that changed since training.
    """
    path = Path(directory)
    if not (path / MANIFEST_FILE).is_file():
        return None
    try:
        manifest = Manifest.model_validate(read_json(path / MANIFEST_FILE))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AdapterError(f"{path / MANIFEST_FILE}: {place}: {first['msg']}") from None
    for file, expected in manifest.files.items():
        if (found := _sha256(path / file)) != expected:
            raise AdapterError(
                f"{path / file}: changed since it was trained: {MANIFEST_FILE} says"
                f" {expected[:12]}, found {found[:12]}; train again, or remove {MANIFEST_FILE}"
                " if the change is meant"
            )
    return manifest


def training_rows(directory: str | os.PathLike[str]) -> frozenset[str]:
    """Digests of the rows an adapter was trained on; empty where nothing says.

    Raises AdapterError for a file that cannot be read or holds anything else.
    """
    path = Path(directory) / ROWS_FILE
    if not path.is_file():
        return frozenset()
    try:
        rows = path.read_text(encoding="ascii").split()
    except OSError as error:
        raise AdapterError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AdapterError(f"{path}: not row digests: byte {error.start} is not ASCII") from None
    for number, row in enumerate(rows, start=1):
        if not _ROW.fullmatch(row):
            raise AdapterError(f"{path}:{number}: not a row digest (64 hexadecimal digits)")
    return frozenset(rows)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AdapterError(f"{path}: {error.strerror}") from None
