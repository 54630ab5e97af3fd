"""Parquet files and datasets on disk: rows of plain values, numbered.

``saved/`` was written by datasets 5.2.0: ``DatasetDict.save_to_disk`` of the rows of ``row``,
two in the split train and three, in two files, in the split test.
"""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from harness.suite.formats import columns
from harness.suite.formats.row import MAX_ROW, Row, Rows, UnusableFileError, UnusableRowError

SAVED = Path(__file__).parent / "saved"


def row(split: str, number: int) -> dict[str, Any]:
    """What was saved: a dialogue with a tool call, a class label and a time."""
    return {
        "id": f"{split}-{number}",
        "label": number % 2,
        "when": f"2024-01-02T03:04:0{number}",
        "messages": [
            {"role": "user", "content": "é?", "tool_calls": None},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"name": "find", "arguments": "{}"}],
            },
        ],
    }


def told(rows: Rows) -> list[tuple[int, Row | str]]:
    """Each row, or the sentence that is told instead."""
    return [(n, str(row) if isinstance(row, UnusableRowError) else row) for n, row in rows]


def read(path: Path, table: pa.Table) -> list[tuple[int, Row | str]]:
    """A table as Parquet, written and read."""
    pq.write_table(table, path / "d.parquet")
    return told(columns.parquet(path / "d.parquet", sha256()))


def save(folder: Path, *tables: pa.Table) -> Path:
    """A dataset as ``save_to_disk`` lays it out, a file for each table."""
    folder.mkdir()
    names = [f"data-{number}.arrow" for number in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with pa.ipc.new_stream(folder / name, table.schema) as stream:
            stream.write_table(table)
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": n} for n in names]})
    )
    return folder


@pytest.mark.parametrize(("split", "size"), [("train", 2), ("test", 3)])
def test_a_split_is_read_as_it_was_saved(split: str, size: int) -> None:
    """Dialogues and tool calls as they are, labels as numbers, times as text."""
    found = told(columns.dataset(SAVED, split, sha256()))

    assert found == [(number + 1, row(split, number)) for number in range(size)]


def test_a_dataset_is_known_by_its_rows(tmp_path: Path) -> None:
    """``sha256sum *.arrow | sha256sum`` gives the same, whatever else was saved with them."""
    files = sorted((SAVED / "test").glob("*.arrow"))
    listing = "".join(f"{sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files)
    again = tmp_path / "again"
    shutil.copytree(SAVED / "test", again)
    state = json.loads((again / "state.json").read_text())
    (again / "state.json").write_text(json.dumps(state | {"_fingerprint": "other"}))

    for folder, split in ((SAVED, "test"), (again, None)):
        hashed = sha256()
        told(columns.dataset(folder, split, hashed))
        assert hashed.hexdigest() == sha256(listing.encode()).hexdigest()


@pytest.mark.parametrize(
    ("folder", "split", "reason"),
    [
        (SAVED, None, "the key 'split' should name one of test, train"),
        (SAVED, "tset", r"unknown split 'tset' \(did you mean 'test'\?\)"),
        (SAVED / "test", "test", "a dataset without splits, and 'split' asks for 'test'"),
        (SAVED.parent, None, "a folder without state.json or dataset_dict.json"),
    ],
)
def test_a_split_is_named_where_there_are_some(
    folder: Path, split: str | None, reason: str
) -> None:
    """And only there."""
    with pytest.raises(UnusableFileError, match=reason):
        told(columns.dataset(folder, split, sha256()))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret.arrow", "'../secret.arrow' of state.json leads out of the dataset's folder"),
        ("link.arrow", "'link.arrow' of state.json leads out of the dataset's folder"),
        ("/etc/passwd", "leads out of the dataset's folder"),
        (".", "leads out of the dataset's folder"),
        ("x\0", "cannot be followed"),
        ("loop.arrow", "cannot be followed"),
        ("gone.arrow", "no 'gone.arrow', which state.json lists"),
        (7, "state.json should list names as '_data_files'"),
    ],
)
def test_a_dataset_is_read_from_its_own_folder_only(
    tmp_path: Path, name: object, reason: str
) -> None:
    """Its list of files is data, and can say anything."""
    folder = save(tmp_path / "saved", pa.table({"id": ["a"]}))
    (tmp_path / "secret.arrow").write_bytes((folder / "data-0.arrow").read_bytes())
    (folder / "link.arrow").symlink_to(tmp_path / "secret.arrow")
    (folder / "loop.arrow").symlink_to(folder / "loop.arrow")
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))

    with pytest.raises(UnusableFileError, match=reason):
        told(columns.dataset(folder, None, sha256()))


@pytest.mark.parametrize("content", ["", "[]", '"x"', "{}", '{"_data_files": 1}', "[" * 100_000])
def test_a_list_of_files_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    """A damaged state.json is no dataset without rows."""
    folder = save(tmp_path / "saved")
    (folder / "state.json").write_text(content)

    with pytest.raises(UnusableFileError, match=r"state\.json should list names"):
        told(columns.dataset(folder, None, sha256()))


def test_values_are_those_of_json(tmp_path: Path) -> None:
    """Dates and times in ISO 8601, categories as what they stand for."""
    values: dict[str, Any] = {
        "text": "é", "whole": 2**40, "number": 0.5, "yes": True, "nothing": None,
        "list": [[1], []], "mapping": {"a": None, "b": ["x"]},
    }  # fmt: skip
    times: dict[str, Any] = {
        "date": date(2024, 2, 29), "time": time(1, 2, 3), "moment": datetime(2024, 1, 2, 3),
        "zoned": datetime(2024, 1, 2, 3, tzinfo=UTC),
    }  # fmt: skip
    table = pa.Table.from_pylist([values | times])
    table = table.append_column("category", pa.array(["law"]).dictionary_encode())

    ((_, found),) = read(tmp_path, table)

    iso = {
        "date": "2024-02-29", "time": "01:02:03", "moment": "2024-01-02T03:00:00",
        "zoned": "2024-01-02T03:00:00+00:00",
    }  # fmt: skip
    assert found == values | iso | {"category": "law"}


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pa.array([b"x"]), "column 'x' is binary; text, numbers, true and false, dates, and lists"),
        (pa.array([{"y": [b"x"]}]), "column 'x' is binary"),
        (pa.array([Decimal("1.5")]), "column 'x' is decimal128"),
        (pa.array([1], pa.duration("s")), "column 'x' is duration"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "column 'x' is map<string"),
    ],
)
def test_a_column_that_is_no_plain_data_is_told_once(
    tmp_path: Path, column: pa.Array, reason: str
) -> None:
    """By its name, before any row."""
    with pytest.raises(UnusableFileError, match=reason):
        read(tmp_path, pa.table({"x": column}))


def test_depth_has_a_limit(tmp_path: Path) -> None:
    """As it has in JSON lines."""
    value: Any = "x"
    for _ in range(40):
        value = [value]

    with pytest.raises(UnusableFileError, match="nested more than 32 deep"):
        read(tmp_path, pa.table({"x": [value]}))


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    """One of them would be lost."""
    folder = save(tmp_path / "saved", pa.table([pa.array([1]), pa.array([2])], names=["x", "x"]))

    with pytest.raises(UnusableFileError, match="2 columns are called 'x'"):
        told(columns.dataset(folder, None, sha256()))


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pa.array([0.5, float("nan"), 0.5]), "nan in 'x' is no number"),
        (pa.array([[0.5], [float("-inf")], []]), "-inf in 'x' is no number"),
        (pa.array([0, 2**55, 0], pa.timestamp("ms")), "a value that Python cannot hold"),
        (pa.array(["a", "x" * (MAX_ROW + 1), "a"]), "a row of more than 1 MiB"),
    ],
)
def test_a_broken_row_is_told_by_number_and_the_next_is_read(
    tmp_path: Path, column: pa.Array, reason: str
) -> None:
    """In the middle of good ones."""
    first, broken, last = read(tmp_path, pa.table({"x": column}))

    assert isinstance(first[1], dict)
    assert isinstance(last[1], dict)
    assert broken[0] == 2
    assert str(broken[1]).startswith(reason)


def test_a_time_finer_than_python_s_is_told(tmp_path: Path) -> None:
    """Not cut, whether pandas is installed or not."""
    (_, found), (_, fine) = read(
        tmp_path, pa.table({"x": pa.array([10**9, 1], pa.timestamp("ns"))})
    )

    assert found == {"x": "1970-01-01T00:00:01"}
    assert "microsecond" in str(fine) or "Nanosecond" in str(fine)


def test_rows_are_numbered_through_files_and_batches(tmp_path: Path) -> None:
    """However many there are of each."""
    tables = [pa.table({"x": range(start, start + 700)}) for start in (0, 700)]

    found = told(columns.dataset(save(tmp_path / "saved", *tables), None, sha256()))

    assert found == [(number + 1, {"x": number}) for number in range(1400)]
    assert read(tmp_path, pa.concat_tables(tables)) == found


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_damaged_file_is_rows_or_a_sentence(tmp_path: Path, kind: str) -> None:
    """Never another exception, and never a crash: 300 files with bytes changed, lost or cut."""
    chance = random.Random(5)
    table = pa.Table.from_pylist([row("test", number) for number in range(9)])
    folder = save(tmp_path / "saved", table)
    pq.write_table(table, tmp_path / "d.parquet")
    path = tmp_path / "d.parquet" if kind == "parquet" else folder / "data-0.arrow"
    whole = path.read_bytes()
    refused = []
    for _ in range(300):
        content = bytearray(whole)
        place = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                del content[place:]
            case 1:
                del content[place : place + chance.randrange(1, 20)]
            case _:
                content[place] = chance.choice([0, 128, 255, chance.randrange(256)])
        path.write_bytes(content)
        try:
            rows = (
                columns.parquet(path, sha256())
                if kind == "parquet"
                else columns.dataset(folder, None, sha256())
            )
            json.dumps(told(rows), allow_nan=False).encode()
        except UnusableFileError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert not any("\n" in sentence for sentence in refused)
