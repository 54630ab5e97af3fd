"""Rows of JSON lines: samples, or what is wrong with them and where."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import Problem
from harness.suite.dataset import MAX_ROW, Reading, Sample
from harness.suite.load import MAX_DEPTH
from harness.suite.model import Data

DATA = Data(path="d.jsonl", id="id", cluster="doc", slices=("kind",))
ROW = {"id": "a", "doc": "d", "kind": "k"}


def read(tmp_path: Path, *rows: object, data: Data = DATA) -> list[Sample | Problem]:
    """One pass over rows, given as values, or as raw lines of bytes."""
    path = tmp_path / "d.jsonl"
    lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return list(Reading(path, "d.jsonl", data))


def test_a_row_is_a_sample(tmp_path: Path) -> None:
    """With its id, cluster and slices as text, all its fields, and its line."""
    row = {"id": 7, "doc": "d", "kind": True, "text": "é"}

    assert read(tmp_path, row) == [Sample("7", "d", {"kind": "true"}, row, 1)]


def test_without_a_cluster_a_row_is_its_own(tmp_path: Path) -> None:
    """Independent rows need no field for it."""
    (sample,) = read(tmp_path, {"id": "a"}, data=Data(path="d.jsonl"))

    assert isinstance(sample, Sample)
    assert sample.cluster == "a"


def test_empty_lines_and_a_byte_order_mark_are_no_rows(tmp_path: Path) -> None:
    """Lines are still counted as an editor counts them."""
    found = read(tmp_path, b"\xef\xbb\xbf" + json.dumps(ROW).encode(), b" ", ROW | {"id": "b"})

    assert [(s.id, s.line) for s in found if isinstance(s, Sample)] == [("a", 1), ("b", 3)]


BROKEN: list[tuple[object, str]] = [
    (b'{"id": ', "not JSON: Expecting value at column 7"),
    (b"[1, 2]", "should be a JSON object, not a list"),
    (b'"text"', "should be a JSON object, not 'text'"),
    (b'{"id": "b", "id": "c"}', "key 'id' a second time"),
    (b'{"id": "b", "x": {"y": 1, "y": 2}}', "key 'y' a second time"),
    (b'{"id": NaN}', "NaN is no number"),
    (b'{"id": -Infinity}', "-Infinity is no number"),
    (b'{"x": 1e999}', "number 1e999 is out of range"),
    (b'{"x": ' + b"9" * 5000 + b"}", "not JSON that can be read: Exceeds the limit"),
    (b'{"x": "\\ud800"}', "half of a surrogate pair, which is no character"),
    (b'{"x": "caf\xe9"}', "not UTF-8: byte 0xe9"),
    (b"[" * 100_000, "not JSON that can be read: nested too deep"),
    (b'{"id": "b", "x": ' + b"[" * 40 + b"]" * 40 + b"}", f"nested more than {MAX_DEPTH} deep"),
    ({"doc": "d", "kind": "k"}, "no field 'id' for the id (there is doc, kind)"),
    ({"id": "b", "dcc": "d", "kind": "k"}, "no field 'doc' for the cluster (there is"),
    ({"id": "b", "doc": "d"}, "no field 'kind' for the slice"),
    ({"id": None, "doc": "d", "kind": "k"}, "id 'id' should be text or a whole number"),
    ({"id": "b", "doc": [], "kind": "k"}, "cluster 'doc' should be text or a whole number, "),
    ({"id": "b", "doc": "d", "kind": 0.5}, "slice 'kind' should be text or a whole number"),
    ({"id": "", "doc": "d", "kind": "k"}, "id '' should be 1 to 200 characters in one line"),
    ({"id": "a\nb", "doc": "d", "kind": "k"}, "should be 1 to 200 characters in one line"),
    ({"id": "x" * 201, "doc": "d", "kind": "k"}, "should be 1 to 200 characters in one line"),
    (ROW, "id 'a' a second time (the first is in line 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "reason"), BROKEN, ids=[reason[:40] for _, reason in BROKEN])
def test_a_broken_row_is_told_by_line_and_the_next_is_read(
    tmp_path: Path, row: object, reason: str
) -> None:
    """In the middle of good ones."""
    first, broken, last = read(tmp_path, ROW, row, ROW | {"id": "z"})

    assert isinstance(first, Sample)
    assert isinstance(last, Sample)
    assert isinstance(broken, Problem)
    assert (broken.path, broken.line) == ("d.jsonl", 2)
    assert reason in broken.message


def test_ids_that_read_alike_are_one_id(tmp_path: Path) -> None:
    """The number 1 and the text "1" name the same sample."""
    _, problem = read(tmp_path, ROW | {"id": 1}, ROW | {"id": "1"})

    assert str(problem) == "d.jsonl:2: id '1' a second time (the first is in line 1)"


@pytest.mark.parametrize("rows", [[], [b""], [b"  ", b""]])
def test_an_empty_file_is_told(tmp_path: Path, rows: list[bytes]) -> None:
    """An empty set is never a result."""
    assert [str(p) for p in read(tmp_path, *rows)] == [
        "d.jsonl: no rows; one JSON object a line is a sample"
    ]


def test_a_row_has_a_limit(tmp_path: Path) -> None:
    """A file without line breaks is not read into memory."""
    (problem,) = read(tmp_path, b"x" * (3 * MAX_ROW))

    assert str(problem) == "d.jsonl:1: a row of more than 1 MiB"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """It may vanish between two readings."""
    (problem,) = Reading(tmp_path / "d.jsonl", "d.jsonl", DATA)

    assert str(problem) == "d.jsonl: cannot be read: No such file or directory"


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    """``sha256sum`` gives the same."""
    read(tmp_path, ROW, b"", ROW)
    reading = Reading(tmp_path / "d.jsonl", "d.jsonl", DATA)
    list(reading)

    assert reading.digest == sha256((tmp_path / "d.jsonl").read_bytes()).hexdigest()
    assert (reading.rows, reading.fields) == (2, {"id": 2, "doc": 2, "kind": 2})


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), JSON), st.booleans())
def test_fields_are_what_json_says(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any], ascii_only: bool
) -> None:
    """The standard library is the oracle, whatever the escapes."""
    row = fields | ROW
    line = json.dumps(row, ensure_ascii=ascii_only).encode()

    (sample,) = read(tmp_path_factory.getbasetemp(), line)

    assert isinstance(sample, Sample)
    assert sample.fields == json.loads(line)


@given(st.lists(st.binary(max_size=30) | st.just(json.dumps(ROW).encode()), max_size=5))
def test_any_bytes_are_samples_or_problems(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes]
) -> None:
    """Never an exception, and every problem of a row has its line."""
    for found in read(tmp_path_factory.getbasetemp(), *rows):
        assert isinstance(found, Sample) or found.line or found.message.startswith("no rows")
