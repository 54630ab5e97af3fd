"""Comma- and tab-separated tables: rows of text with the line at which each begins."""

from __future__ import annotations

import csv
import io
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.formats.row import MAX_ROW, Row, UnusableFileError, UnusableRowError
from harness.suite.formats.table import rows


def read(path: Path, content: bytes, delimiter: str = ",") -> list[tuple[int, Row | str]]:
    """Each row of a file, or the sentence that is told instead."""
    file = path / "d.csv"
    file.write_bytes(content)
    return [
        (line, str(row) if isinstance(row, UnusableRowError) else row)
        for line, row in rows(file, sha256(), delimiter)
    ]


def test_the_header_names_the_cells_and_all_are_text(tmp_path: Path) -> None:
    """A number that looks like one is as the file has it; nothing is guessed."""
    assert read(tmp_path, b"\xef\xbb\xbfid,n\r\n1,007\r\na,\r\n") == [
        (2, {"id": "1", "n": "007"}),
        (3, {"id": "a", "n": ""}),
    ]


def test_a_row_has_the_first_of_its_lines(tmp_path: Path) -> None:
    """Quoted cells may span lines, and hold quotes and commas; empty lines are no rows."""
    content = b'id,text\n\na,"one\ntwo, ""three"""\n\nb,x\n'

    assert read(tmp_path, content) == [
        (3, {"id": "a", "text": 'one\ntwo, "three"'}),
        (6, {"id": "b", "text": "x"}),
    ]


def test_tabs_part_cells_where_the_format_says_so(tmp_path: Path) -> None:
    """Commas then are text."""
    assert read(tmp_path, b"id\ttext\n1\ta,b\n", "\t") == [(2, {"id": "1", "text": "a,b"})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"b", "1 cells, and the header has 2"),
        (b"b,x,y", "3 cells, and the header has 2"),
        (b'b,"x"y', "not CSV: text after a closing quote"),
        (b"b,x\ry", "not CSV: a carriage return in a cell without quotes"),
        (b"b,caf\xe9", "not UTF-8: byte 0xe9"),
        (b"b," + b"x" * 140_000, "not CSV: a cell of more than 131,072 characters"),
    ],
)
def test_a_broken_row_is_told_and_the_next_is_read(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    """By the line at which it begins."""
    first, broken, last = read(tmp_path, b"id,text\na,x\n" + line + b"\nz,x\n")

    assert (first[0], broken[0], last[0]) == (2, 3, 4)
    assert str(broken[1]).startswith(reason)


def test_an_open_quote_is_told_at_its_beginning(tmp_path: Path) -> None:
    """Where the person who looks for it has to look."""
    assert read(tmp_path, b'id,text\na,"x\nb,y\n') == [
        (2, "not CSV: a quote that is opened here and never closed")
    ]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"id,,x\n", 1, "column 2 has no name"),
        (b"\nid,x,id\n", 2, "2 columns are called 'id'"),
        (b'id,"x\n', 1, "not CSV: a quote that is opened here"),
        (b"id\na\n" + b"x" * (2 * MAX_ROW), 3, "a row of more than 1 MiB"),
        (b"id\na\n" + b'"x\n",' * (MAX_ROW // 3), 3, "a row of more than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_on_is_told(
    tmp_path: Path, content: bytes, line: int, reason: str
) -> None:
    """Also where quotes would make one row of all its lines."""
    with pytest.raises(UnusableFileError, match=reason) as told:
        read(tmp_path, content)

    assert told.value.line == line


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=2, max_size=2),
        min_size=1,
    )
)
def test_what_the_standard_library_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    """Whatever the text: quotes, line breaks, delimiters."""
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *table])

    found = read(tmp_path_factory.getbasetemp(), written.getvalue().encode())

    assert [row for _, row in found] == [{"a": a, "b": b} for a, b in table]


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_or_sentences(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Never another exception, and all of what was read is hashed."""
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(b"id,x\n" + content)
    hashed = sha256()

    for line, _ in rows(file, hashed, ","):
        assert line > 1

    assert hashed.digest() == sha256(file.read_bytes()).digest()
