"""safetensors files that are cut, padded, lying or poisoned are refused by name."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.adapters.tensors import adapter_tensors, base_tensors, read_contents, read_header
from harness.errors import AdapterError


def raw(path: Path, header: object, body: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def entry(shape: list[object], start: int, stop: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_a_header_is_read_as_the_library_wrote_it(tmp_path: Path) -> None:
    """Names sorted; dtypes, shapes and bytes as saved."""
    arrays = {"b": np.arange(6, dtype=np.float16).reshape(2, 3), "a": np.arange(4.0)}
    save_file(arrays, tmp_path / "x.safetensors", metadata={"format": "pt"})
    tensors = read_header(tmp_path / "x.safetensors")
    assert [(t.name, t.dtype, t.shape) for t in tensors] == [
        ("a", "F64", (4,)),
        ("b", "F16", (2, 3)),
    ]
    contents = {c.tensor.name: c for c in read_contents(tensors)}
    for name, array in arrays.items():
        assert contents[name].sha256 == hashlib.sha256(array.tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        ({"a": entry([2], 0, 8)}, b"1234", "truncated"),
        ({"a": entry([2], 0, 8)}, b"123456789", "truncated"),
        ({"a": entry([3], 0, 8)}, b"12345678", "shape needs 12"),
        ({"a": entry([1], 0, 4), "b": entry([1], 0, 4)}, b"1234", "gap or overlap before b"),
        ({"a": entry([1], 4, 8)}, b"12345678", "gap or overlap before a"),
        ({"a": entry([1], 0, 4, "F99")}, b"1234", "unknown dtype 'F99'"),
        ({"a": entry([-1], 0, -4)}, b"", "whole numbers"),
        ({"a": entry([True], 0, 4)}, b"1234", "whole numbers"),
        ({"a": {"dtype": "F32"}}, b"", "shape"),
        ({"a": 3}, b"", "sound"),
        ([1], b"", "sound"),
    ],
)
def test_what_is_malformed_is_refused(
    tmp_path: Path, header: object, body: bytes, message: str
) -> None:
    """Offsets must tile the file exactly; nothing but AdapterError is raised."""
    path = raw(tmp_path / "x.safetensors", header, body)
    with pytest.raises(AdapterError, match=message) as error:
        read_header(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("size", [0, 5, 8, 11])
def test_a_stump_of_a_file_is_refused(tmp_path: Path, size: int) -> None:
    """Shorter than its own header."""
    path = raw(tmp_path / "x.safetensors", {"a": entry([1], 0, 4)}, b"1234")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(AdapterError, match="truncated"):
        read_header(path)


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    """The length is checked against the file before memory is asked for."""
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    with pytest.raises(AdapterError, match="truncated or no safetensors"):
        read_header(tmp_path / "x.safetensors")


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32", "F64"])
@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -float("inf")])
def test_one_bad_element_is_found(tmp_path: Path, dtype: str, poison: float) -> None:
    """In the last place of the second chunk; the largest finite value is no alarm."""
    count = (1 << 22) // 2 + 3
    values = np.full(count, 1.0)
    values[0] = 65504.0
    for last, finite in ((1.0, True), (poison, False)):
        values[-1] = last
        body = _encode(values, dtype)
        path = raw(tmp_path / "x.safetensors", {"a": entry([count], 0, len(body), dtype)}, body)
        (content,) = read_contents(read_header(path))
        assert content.finite is finite


def _encode(values: np.ndarray, dtype: str) -> bytes:
    if dtype == "BF16":  # the upper half of a float32
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return values.astype({"F16": np.float16, "F32": np.float32, "F64": np.float64}[dtype]).tobytes()


@pytest.mark.parametrize(("value", "zero"), [(0.0, True), (-0.0, True), (1e-40, False)])
def test_zero_means_zero(tmp_path: Path, value: float, zero: bool) -> None:
    """Minus zero is zero, a denormal is not."""
    save_file({"a": np.array([0.0, value], dtype=np.float32)}, tmp_path / "x.safetensors")
    (content,) = read_contents(read_header(tmp_path / "x.safetensors"))
    assert content.zero is zero


def test_pickled_weights_are_refused_with_the_way_out(tmp_path: Path) -> None:
    """A .bin can run code; the message says how to convert it."""
    (tmp_path / "adapter_model.bin").write_bytes(b"\x80")
    with pytest.raises(AdapterError, match="safe_serialization=True"):
        adapter_tensors(tmp_path)


def test_shards_outside_the_directory_are_refused(tmp_path: Path) -> None:
    """An index cannot point elsewhere."""
    index = {"weight_map": {"a": "../secret.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(AdapterError, match=r"\.\./secret"):
        base_tensors(tmp_path)
