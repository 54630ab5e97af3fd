"""Identity by content of adapters and base models, and the cache that makes it cheap.

A digest is SHA-256 over what decides the answers: every tensor's name, dtype, shape and bytes,
and the configuration without its origin. A renamed or copied directory keeps its digest, one
retrained in place gets a new one. The same pass refuses what cannot be trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.adapters.config import CONFIG_FILE, AdapterConfig, read_config, read_json
from harness.adapters.tensors import (
    Content,
    adapter_tensors,
    base_files,
    base_tensors,
    read_contents,
)
from harness.errors import AdapterError

CACHE_SCHEMA = 1
BASE_TEXTS = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
)
"""Files beside config.json and the weights that can change what a base model answers."""
BASE_ORIGIN = frozenset({"_name_or_path", "transformers_version"})
RACY_NS = 2_000_000_000
"""Files younger than this are not cached: a second write could leave their times unchanged."""


def adapter_digest(directory: str | os.PathLike[str]) -> str:
    """The digest of an adapter directory, from all its bytes.

    Raises AdapterError for a hostile or unknown configuration, pickled, truncated or malformed
    weights, NaN or infinity, a lora_A without its lora_B, and an adapter that does nothing.
    """
    path = Path(directory)
    config = read_config(path)
    contents = _finite(read_contents(adapter_tensors(path)))
    _check_pairs(path, [content.tensor.name for content in contents])
    _check_effect(path, config, contents)
    return _digest("adapter", config.behaviour(), contents, {})


def base_digest(directory: str | os.PathLike[str]) -> str:
    """The digest of a base model directory, from all its bytes; AdapterError if unsound."""
    path = Path(directory)
    if not path.is_dir():
        raise AdapterError(f"{path}: no such base model directory")
    config = read_json(path / "config.json")
    stated = {key: value for key, value in config.items() if key not in BASE_ORIGIN}
    texts = {
        name: hashlib.sha256((path / name).read_bytes()).hexdigest()
        for name in BASE_TEXTS
        if (path / name).is_file()
    }
    return _digest("base", stated, _finite(read_contents(base_tensors(path))), texts)


def _digest(
    kind: str, config: dict[str, Any], contents: Sequence[Content], texts: dict[str, str]
) -> str:
    sha = hashlib.sha256(f"loragate {kind} 1\n".encode())
    tensors = [(c.tensor.name, c.tensor.dtype, c.tensor.shape, c.sha256) for c in contents]
    for part in (config, texts, *tensors):
        sha.update(json.dumps(part, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return sha.hexdigest()


def _finite(contents: Iterable[Content]) -> list[Content]:
    checked = []
    for content in contents:
        if not content.finite:
            raise AdapterError(
                f"{content.tensor.file}: {content.tensor.name} holds NaN or infinity:"
                " its training diverged, or the file is damaged"
            )
        checked.append(content)
    return checked


def _check_pairs(path: Path, names: Sequence[str]) -> None:
    present = set(names)
    for name in names:
        stem, dot, part = name.rpartition(".lora_")
        other = {"A.weight": "B.weight", "B.weight": "A.weight"}.get(part)
        if other is not None and (partner := f"{stem}{dot}{other}") not in present:
            raise AdapterError(f"{path}: {name} has no partner {partner}: the file is partial")


def _check_effect(path: Path, config: AdapterConfig, contents: Sequence[Content]) -> None:
    """An adapter whose every lora_B is zero is the base model under another name."""
    if not contents:
        raise AdapterError(f"{path}: no tensors, so the adapter does nothing")
    rest = [c for c in contents if ".lora_A." not in c.tensor.name]
    up = [c for c in rest if ".lora_B." in c.tensor.name]
    if up and len(up) == len(rest) and all(content.zero for content in up):
        raise AdapterError(
            f"{path}: lora_B is zero in all {len(up)} modules (first: {up[0].tensor.name}), so the"
            " adapter does nothing: it was never trained, or saved before training"
        )


class DigestCache:
    """Digests by (path, size, mtime, ctime, inode) of all files of a directory.

    ``path`` is a JSON file, created when first needed and rewritten atomically; one that cannot
    be read is begun anew, since it only ever saves time. ``verify`` recomputes from the bytes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def adapter(self, directory: str | os.PathLike[str], *, verify: bool = False) -> str:
        """See :func:`adapter_digest`."""
        path = Path(directory)
        files = [path / CONFIG_FILE, path / "adapter_model.safetensors"]
        return self._cached("adapter", path, files, adapter_digest, verify)

    def base(self, directory: str | os.PathLike[str], *, verify: bool = False) -> str:
        """See :func:`base_digest`."""
        path = Path(directory)
        if not path.is_dir():
            raise AdapterError(f"{path}: no such base model directory")
        weights = base_files(path)
        files = [path / "config.json", *(path / name for name in BASE_TEXTS), *weights]
        return self._cached("base", path, files, base_digest, verify)

    def _cached(
        self,
        kind: str,
        directory: Path,
        files: Sequence[Path],
        compute: Callable[[Path], str],
        verify: bool,
    ) -> str:
        before = _stamps(files)
        place = f"{kind}:{directory.resolve()}"
        known = self._read().get(place)
        if not verify and known is not None and known["stamps"] == before:
            return str(known["digest"])
        value = compute(directory)
        if before == _stamps(files) and _settled(before):
            entries = self._read()
            entries[place] = {"stamps": before, "digest": value}
            self._write(entries)
        return value

    def _read(self) -> dict[str, Any]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(stored, dict) or stored.get("schema") != CACHE_SCHEMA:
            return {}
        return dict(stored["entries"])

    def _write(self, entries: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        scratch.write_text(json.dumps({"schema": CACHE_SCHEMA, "entries": entries}), "utf-8")
        scratch.replace(self._path)


def _stamps(files: Sequence[Path]) -> list[list[int] | None]:
    """Size, mtime, ctime and inode of each file in its order; None where there is none.

    ctime is there because tools that copy into place can restore mtime and never ctime. Raises
    AdapterError for a file that cannot be looked at.
    """
    stamps: list[list[int] | None] = []
    for path in files:
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            stamps.append(None)
        except OSError as error:
            raise AdapterError(f"{path}: {error.strerror}") from None
        else:
            stamps.append([status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino])
    return stamps


def _settled(stamps: Sequence[list[int] | None]) -> bool:
    newest = max((max(stamp[1], stamp[2]) for stamp in stamps if stamp is not None), default=0)
    return time.time_ns() - newest > RACY_NS
