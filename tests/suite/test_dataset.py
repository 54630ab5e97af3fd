"""Rows of data: samples, or what is wrong with them and where; most of them in JSON lines."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import Problem
from harness.suite.dataset import FORMATS, Reading, Sample
from harness.suite.formats.row import MAX_ROW
from harness.suite.load import MAX_DEPTH, parse
from harness.suite.model import Data
from harness.suite.schema import validated

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


def test_rows_without_an_id_are_named_by_their_content(tmp_path: Path) -> None:
    """Neither their order nor that of their fields changes a name; a row twice is told."""
    data = Data(path="d.jsonl", id=None)
    one, other = {"text": "a", "n": 1}, {"text": "b", "n": 1}
    first = read(tmp_path, one, other, data=data)
    second = read(tmp_path, other, {"n": 1, "text": "a"}, data=data)
    names = [[s.id for s in found if isinstance(s, Sample)] for found in (first, second)]

    assert names[0] == names[1][::-1]
    assert len(set(names[0])) == 2
    (_, twice) = read(tmp_path, one, one, data=data)
    assert isinstance(twice, Problem)
    assert (twice.line, twice.message) == (2, "the same row a second time (the first is in line 1)")


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
        "d.jsonl: no rows; a sample is one row, in JSON lines one object a line"
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


def named(path: Path, content: bytes, **data: Any) -> list[str]:
    """What is told of a file called as ``path`` is, with some words of a suite."""
    path.write_bytes(content)
    return [str(found) for found in Reading(path, path.name, Data(path=path.name, **data))]


TABLE = "id,n\na,1\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("d.jsonl", '{"id": "a", "n": "1"}', {}),
        ("d.csv", TABLE, {}),
        ("d.CSV", TABLE, {}),
        ("d.tsv", TABLE.replace(",", "\t"), {}),
        ("rows", TABLE, {"format": "csv"}),
        ("d.jsonl", TABLE, {"format": "csv"}),
    ],
)
def test_the_suffix_or_the_suite_says_the_format(
    tmp_path: Path, name: str, content: str, words: dict[str, Any]
) -> None:
    """The suite, where it says something."""
    path = tmp_path / name
    path.write_text(content)

    (sample,) = Reading(path, name, Data(path=name, **words))

    assert isinstance(sample, Sample)
    assert (sample.id, sample.fields) == ("a", {"id": "a", "n": "1"})


def test_parquet_and_a_folder_are_samples_too(tmp_path: Path) -> None:
    """With the line of a row its number; a broken one is told by it."""
    table = pyarrow.table({"id": ["a", "a"], "n": [1, 2]})
    folder = tmp_path / "saved"
    folder.mkdir()
    pyarrow.parquet.write_table(table, tmp_path / "d.parquet")
    with pyarrow.ipc.new_stream(folder / "x.arrow", table.schema) as stream:
        stream.write_table(table)
    (folder / "state.json").write_text('{"_data_files": [{"filename": "x.arrow"}]}')

    for name in ("d.parquet", "saved"):
        sample, problem = Reading(tmp_path / name, name, Data(path=name))
        assert sample == Sample("a", "a", {}, {"id": "a", "n": 1}, 1)
        assert str(problem) == f"{name}:2: id 'a' a second time (the first is in line 1)"


def test_a_format_that_is_not_known_is_told(tmp_path: Path) -> None:
    """So is what belongs to a folder and is said of a file, or the other way round."""
    listed = ", ".join(FORMATS)
    assert named(tmp_path / "d.xls", b"x") == [
        f"d.xls: suffix '.xls' is no format's; the key 'format' can be {listed}"
    ]
    assert named(tmp_path / "d.jsonl", b"{}", split="test") == [
        "d.jsonl: a file, and 'split' is of a dataset's folder; filter its rows"
    ]
    (problem,) = Reading(tmp_path, "folder", Data(path="folder", format="csv"))
    assert str(problem) == "folder: a folder, and 'format' is of a file"


def test_fields_get_the_suite_s_names(tmp_path: Path) -> None:
    """Two may change names with each other; id, slices and the rest use the new ones."""
    data = Data(path="d.jsonl", fields={"id": "key", "text": "label", "label": "text"})

    (sample,) = read(tmp_path, {"key": "a", "text": "t", "label": "l", "x": 1}, data=data)

    assert sample == Sample("a", "a", {}, {"id": "a", "label": "t", "text": "l", "x": 1}, 1)


def test_a_field_that_cannot_be_renamed_is_told(tmp_path: Path) -> None:
    """Where its new name is taken; and once, at the end, where no row has it."""
    data = Data(path="d.jsonl", fields={"text": "body", "label": "glod"})
    rows = ({"id": "a", "body": "x", "gold": 1}, {"id": "b", "body": "x", "text": "y"})

    _, taken, nowhere = read(tmp_path, *rows, data=data)

    assert str(taken) == "d.jsonl:2: has 'text' as well as 'body', which 'fields' calls 'text'"
    assert str(nowhere) == (
        "d.jsonl: no row has field 'glod', which 'fields' calls 'label' (did you mean 'gold'?)"
    )


def test_a_filter_leaves_rows_out(tmp_path: Path) -> None:
    """They are not counted, and may have the id of another."""
    data = Data(path="d.jsonl", filter="lang == 'en' and words > 3")
    rows = [("a", "en", 4), ("a", "de", 9), ("b", "en", 3), ("c", "en", 5)]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(json.dumps({"id": i, "lang": l, "words": w}) for i, l, w in rows))
    reading = Reading(path, "d.jsonl", data)

    kept = [sample.id for sample in reading if isinstance(sample, Sample)]

    assert kept == ["a", "c"]
    assert (reading.rows, reading.fields["lang"]) == (2, 2)


def test_a_row_that_a_filter_does_not_fit_is_told(tmp_path: Path) -> None:
    """It is neither kept nor left out in silence; nor are all of them."""
    data = Data(path="d.jsonl", filter="words > 3")

    undefined, _ = read(tmp_path, {"id": "a"}, {"id": "b", "words": 4}, data=data)
    none = read(tmp_path, {"id": "a", "words": 1}, {"id": "b", "words": 2}, data=data)

    assert str(undefined) == "d.jsonl:1: filter cannot be rendered: 'words' is undefined"
    assert [str(p) for p in none] == ["d.jsonl: the filter keeps none of 2 rows"]


def drawn(tmp_path: Path, ids: list[str], n: int, seed: int = 0) -> list[str]:
    """The ids of the rows that are drawn, in the order in which they come."""
    data = Data(path="d.jsonl", sample={"n": n, "seed": seed})
    found = read(tmp_path, *({"id": name} for name in ids), data=data)
    return [sample.id for sample in found if isinstance(sample, Sample)]


IDS = [f"s{number}" for number in range(200)]


def test_a_draw_is_the_lowest_hashes(tmp_path: Path) -> None:
    """``printf 7:s0 | sha256sum`` and so on, sorted, are the oracle; the file's order is kept."""
    lowest = sorted(IDS, key=lambda name: sha256(f"7:{name}".encode()).hexdigest())[:20]

    assert drawn(tmp_path, IDS, 20, seed=7) == sorted(lowest, key=IDS.index)
    assert drawn(tmp_path, IDS, 20, seed=8) != drawn(tmp_path, IDS, 20, seed=7)


@given(st.permutations(IDS[:30]), st.integers(1, 29))
def test_a_draw_depends_on_no_order_and_on_no_neighbours(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], n: int
) -> None:
    """A larger one holds the smaller, and a row stays drawn where others leave the file."""
    folder = tmp_path_factory.getbasetemp()
    first = set(drawn(folder, IDS[:30], n))

    assert set(drawn(folder, ids, n)) == first
    assert first < set(drawn(folder, ids, n + 1))
    assert first & set(ids[:20]) <= set(drawn(folder, ids[:20], n))


def test_a_draw_counts_its_rows_and_hides_no_problem(tmp_path: Path) -> None:
    """All rows are read, and those of a small file are all drawn."""
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps({"id": name}) + "\n" for name in IDS))
    reading = Reading(path, "d.jsonl", Data(path="d.jsonl", sample={"n": 20}))
    assert (len(list(reading)), reading.rows) == (20, 20)

    path.write_bytes(path.read_bytes() + b"{")
    problem, *_ = Reading(path, "d.jsonl", Data(path="d.jsonl", sample={"n": 20}))
    assert isinstance(problem, Problem)
    assert problem.line == 201
    assert drawn(tmp_path, ["a", "b"], 500) == ["a", "b"]


def test_a_pin_is_the_only_content(tmp_path: Path) -> None:
    """Another is told with both digests."""
    content = json.dumps(ROW).encode()
    pin = "sha256:" + sha256(content).hexdigest()
    path = tmp_path / "d.jsonl"
    path.write_bytes(content)
    pinned = Data(path="d.jsonl", digest=pin)

    assert len(list(Reading(path, "d.jsonl", pinned))) == 1

    path.write_bytes(content + b"\n")
    _, problem = Reading(path, "d.jsonl", pinned)
    found = "sha256:" + sha256(content + b"\n").hexdigest()
    assert str(problem) == f"d.jsonl: its digest is {found}, and the suite was written for {pin}"


@pytest.mark.parametrize(("value", "weight"), [(2, 2.0), (0.5, 0.5), ("1.5", 1.5)])
def test_a_row_has_the_weight_of_its_field(tmp_path: Path, value: Any, weight: float) -> None:
    """A table has it as text."""
    (sample,) = read(tmp_path, {"id": "a", "w": value}, data=Data(path="d.jsonl", weight="w"))

    assert isinstance(sample, Sample)
    assert sample.weight == weight


@pytest.mark.parametrize("value", [0, -1, True, None, "", "x", "nan", "inf", [], [1], 10**400])
def test_a_weight_is_a_number_above_0(tmp_path: Path, value: Any) -> None:
    """Never a guess."""
    (problem,) = read(tmp_path, {"id": "a", "w": value}, data=Data(path="d.jsonl", weight="w"))

    assert isinstance(problem, Problem)
    assert problem.message.startswith("weight 'w' should be a number above 0, not ")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("digest: abc", "2:9: digest: should be sha256: and 64 hexadecimal digits, as sha256sum"),
        ("filter: range(9)", "2:9: filter: a call is not possible; fields, filters, if and for"),
        ("filter: 'a }}{{ b'", "2:9: filter: '}}' is not possible; a filter is one expression"),
        ("fields: {a: x, b: x}", "2:9: fields: gives one field of the file two names"),
        ("sample: {n: 0}", "2:13: sample.n: should be at least 1, not 0"),
        ("format: json", "2:9: format: should be 'jsonl', 'csv', 'tsv' or 'parquet', not 'json'"),
    ],
)
def test_what_is_wrong_with_the_declaration_has_its_place(line: str, told: str) -> None:
    """Before any data are read."""
    document = parse(f"path: d.jsonl\n{line}\n", "d.yaml")

    _, (problem,) = validated(Data, document.data, document)

    assert str(problem).startswith(f"d.yaml:{told}")
