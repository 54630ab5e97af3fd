"""safetensors files without torch: headers, contents, and what is wrong with them.

Format: https://huggingface.co/docs/safetensors; eight bytes of little-endian header length, a
JSON header, then the tensors back to back.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.adapters.config import read_json
from harness.errors import AdapterError

MAX_HEADER = 100_000_000
CHUNK = 1 << 22
_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
}
_EXPONENT = {
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
    "F32": (np.uint32, 0x7F80_0000),
    "F64": (np.uint64, 0x7FF0_0000_0000_0000),
}
"""Unsigned view and exponent mask: all exponent bits set means NaN or infinity."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies: ``file[start:stop]``, row-major."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Content:
    """What one pass over a tensor's bytes found."""

    tensor: Tensor
    sha256: str
    finite: bool
    zero: bool
    """Whether every element is zero (of either sign)."""


def read_header(path: Path) -> tuple[Tensor, ...]:
    """The tensors of one file, by name; AdapterError if it is truncated or malformed."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0] if size >= 8 else 0
            if not 2 <= length <= min(size - 8, MAX_HEADER):
                raise ValueError(f"truncated or no safetensors file ({size:,} bytes)")
            header = json.loads(file.read(length))
        tensors = [
            _tensor(path, name, entry, 8 + length)
            for name, entry in header.items()
            if name != "__metadata__"
        ]
        _check_layout(tensors, 8 + length, size)
    except OSError as error:
        raise AdapterError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AdapterError(f"{path}: not a sound safetensors file: {error}") from None
    return tuple(sorted(tensors, key=lambda tensor: tensor.name))


def _tensor(path: Path, name: str, entry: dict[str, Any], offset: int) -> Tensor:
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    start, stop = entry["data_offsets"]
    if dtype not in _BITS:
        raise ValueError(f"{name}: unknown dtype {dtype!r}")
    if not all(type(n) is int and n >= 0 for n in (*shape, start, stop)):
        raise ValueError(f"{name}: shape and offsets must be whole numbers")
    expected = math.prod(shape) * _BITS[dtype] // 8
    if stop - start != expected:
        raise ValueError(f"{name}: {stop - start:,} bytes, but its shape needs {expected:,}")
    return Tensor(name, dtype, shape, path, offset + start, offset + stop)


def _check_layout(tensors: list[Tensor], begin: int, size: int) -> None:
    """Tensors lie back to back and fill the file: anything else is truncated or tampered with."""
    ordered = sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop))
    ends = [begin, *(tensor.stop for tensor in ordered)]
    if ends[-1] != size:
        raise ValueError(
            f"the header describes {ends[-1]:,} bytes, the file has {size:,} (truncated?)"
        )
    for end, tensor in zip(ends, ordered, strict=False):
        if tensor.start != end:
            raise ValueError(f"a gap or overlap before {tensor.name}")


def read_contents(tensors: Iterable[Tensor]) -> Iterator[Content]:
    """One streaming pass over each tensor's bytes, in the given order."""
    opened: Path | None = None
    data: mmap.mmap | None = None
    for tensor in tensors:
        if tensor.file != opened:
            with tensor.file.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            opened = tensor.file
        assert data is not None  # the first tensor has opened its file
        yield _scan(tensor, data)


def _scan(tensor: Tensor, data: mmap.mmap) -> Content:
    sha, finite, zero = hashlib.sha256(), True, True
    view, mask = _EXPONENT.get(tensor.dtype, (np.uint8, None))
    for start in range(tensor.start, tensor.stop, CHUNK):
        chunk = data[start : min(start + CHUNK, tensor.stop)]
        sha.update(chunk)
        bits = np.frombuffer(chunk, dtype=view)
        if mask is not None:
            finite = finite and not bool(np.any((bits & mask) == mask))
            zero = zero and not bool(np.any(bits << 1))  # the sign bit shifted out
        else:
            zero = zero and not bool(np.any(bits))
    return Content(tensor, sha.hexdigest(), finite, zero)


def adapter_tensors(directory: Path) -> tuple[Tensor, ...]:
    """The tensors of an adapter directory. Pickled weights are refused: they run code."""
    path = directory / "adapter_model.safetensors"
    if path.is_file():
        return read_header(path)
    if (directory / "adapter_model.bin").exists():
        raise AdapterError(
            f"{directory}: only adapter_model.bin, a pickle that can run code when it is loaded;"
            " convert it where it was trained: model.save_pretrained(dir, safe_serialization=True)"
        )
    raise AdapterError(f"{directory}: no adapter_model.safetensors")


def base_files(directory: Path) -> tuple[Path, ...]:
    """The weight files of a base model directory: one file, or the shards of its index."""
    single, index = directory / "model.safetensors", directory / "model.safetensors.index.json"
    if single.is_file():
        return (single,)
    if not index.is_file():
        raise AdapterError(
            f"{directory}: no model.safetensors and no model.safetensors.index.json, so this is"
            " no base model directory with safe weights"
        )
    shards = _shards(index)
    for name in shards:
        if Path(name).name != name or not (directory / name).is_file():
            raise AdapterError(f"{index}: shard {name!r} is not a file in this directory")
    return tuple(directory / name for name in shards)


def _shards(index: Path) -> list[str]:
    weights = read_json(index, max_bytes=MAX_HEADER).get("weight_map")
    if not isinstance(weights, dict) or not all(isinstance(v, str) for v in weights.values()):
        raise AdapterError(f"{index}: weight_map must name a file for each tensor")
    return sorted(set(weights.values()))


def base_tensors(directory: Path) -> tuple[Tensor, ...]:
    """The tensors of a base model directory, over all its shards, by name."""
    tensors = [tensor for path in base_files(directory) for tensor in read_header(path)]
    names = [tensor.name for tensor in tensors]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise AdapterError(f"{directory}: tensor {twice} stands in two shards")
    return tuple(sorted(tensors, key=lambda tensor: tensor.name))
