"""The event loader: values, places, and what it refuses."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SuiteError
from harness.suite.load import MAX_DEPTH, parse, read, spell


def told(text: str) -> list[str]:
    """The problems of a text, as a user reads them."""
    return [str(problem) for problem in parse(text, "a.yaml").problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("2026-11-22", "2026-11-22"),
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("=", "="),
    ],
)
def test_scalars_are_read_as_yaml_1_2_does(written: str, value: object) -> None:
    """No Norway problem, no octal, no sexagesimals, no dates."""
    data = parse(f"key: {written}", "a.yaml").data

    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_control_pyyaml_reads_them_otherwise() -> None:
    """Why the loader is our own: the same text through yaml.safe_load."""
    loaded = yaml.safe_load("a: no\nb: 017\nc: 12:30:45\nd: 1e3\ne: 1\ne: 2")

    assert loaded == {"a": False, "b": 15, "c": 45045, "d": "1e3", "e": 2}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "a.yaml:3:1: key 'a' a second time (the first is in line 1)"),
        ("a: {x: 1, x: 1}", "a.yaml:1:11: key 'x' a second time (the first is in line 1)"),
        ("a: &x 1", "a.yaml:1:4: anchor '&x'; write the value out, there are none"),
        ("a: !!python/object:os.system x", "a.yaml:1:4: tag 'tag:yaml.org,2002:python/object:"),
        ("<<: {a: 1}", "a.yaml:1:1: merge key '<<'; write the values out, there are none"),
        ("? [1]\n: 2", "a.yaml:1:3: a key should be text or a whole number, not [1]"),
        ("true: 1", "a.yaml:1:1: a key should be text or a whole number, not True"),
        ("a: 1e999", "a.yaml:1:4: number '1e999' is out of range; quotes make it text"),
        ("a: " + "9" * 5000, "a.yaml:1:4: number '99999999999999999999' is out of range;"),
        ("a: 1\n---\nb: 2", "a.yaml:2:1: a second document; one file holds one suite"),
        ("a: [1", "a.yaml:2:1: not YAML: while parsing a flow sequence,"),
        ("a: 1\n\tb: 2", "a.yaml:2:1: not YAML:"),
        ("a: b: c", "a.yaml:1:5: not YAML: mapping values are not allowed"),
        ("a: 'x\x01'", "a.yaml:1: not YAML: control characters are not allowed: U+0001"),
        ("@a", "a.yaml:1:1: not YAML:"),
    ],
)
def test_what_is_refused_names_its_place(text: str, problem: str) -> None:
    """One problem, at the line and column of the offending token."""
    assert [line[: len(problem)] for line in told(text)] == [problem]


def test_an_alias_is_refused_at_the_anchor_and_at_the_alias() -> None:
    """Aliases multiply when they are walked, so there are none."""
    assert told("a: &x [1]\nb: *x") == [
        "a.yaml:1:4: anchor '&x'; write the value out, there are none",
        "a.yaml:2:4: alias '*x'; write the value out, there are none",
    ]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """What comes after a duplicate key is read as well."""
    assert len(told("a: 1\na: 2\nb: !x 1\nc: 1e999\nc: 2")) == 4


@pytest.mark.parametrize("opening", ["[", "{", "- "])
def test_depth_has_a_limit(opening: str) -> None:
    """A hundred thousand brackets crash libyaml's composer; here they are one problem."""
    assert told(opening * 100_000)[0].endswith(f"nested more than {MAX_DEPTH} deep")


def test_places_are_of_keys_and_of_values() -> None:
    """Line and column from 1, as editors count."""
    document = parse("a:\n  - b: 1\n    cd: [x,\n      y]\n", "a.yaml")

    assert document.place(("a", 0, "cd", 1)) == (4, 7)
    assert document.place(("a", 0, "cd"), key=True) == (3, 5)
    assert document.place(("a", 0, "cd")) == (3, 9)
    assert document.place(()) == (1, 1)


def test_a_place_that_does_not_exist_is_that_of_its_nearest_parent() -> None:
    """A missing key is told where it should have been."""
    document = parse("a:\n  b: 1\n", "a.yaml")

    assert document.place(("a", "missing", 3)) == (2, 3)


def test_steps_are_spelt_as_people_write_them() -> None:
    """The path in a message."""
    assert spell(("cases", 3, "expect", 0, "matches")) == "cases[3].expect[0].matches"


def test_columns_count_characters() -> None:
    """Not bytes: an editor shows the same column."""
    assert parse("é: [ü, x]", "a.yaml").place(("é", 1)) == (1, 8)


def test_a_file_that_is_not_utf8_is_told_by_line(tmp_path: Path) -> None:
    """The usual cause is Latin-1."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")

    with pytest.raises(SuiteError, match=r"^a.yaml:2: not UTF-8: byte 0xe9$"):
        read(path, "a.yaml")


def test_a_byte_order_mark_is_no_character(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert read(path, "a.yaml").data == {"a": 1}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(SuiteError, match=r"^a.yaml: cannot be read: No such file"):
        read(tmp_path / "a.yaml", "a.yaml")
    with pytest.raises(SuiteError, match=r"^a.yaml: cannot be read: Is a directory"):
        read(tmp_path, "a.yaml")


def test_size_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that large is data."""
    monkeypatch.setattr("harness.suite.load.MAX_BYTES", 2**20)
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (2**20 + 1))

    with pytest.raises(SuiteError, match="larger than 1 MiB"):
        read(path, "a.yaml")


PLAIN = st.text(string.ascii_letters + "éß漢 ", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_json_is_read_as_json(value: object) -> None:
    """YAML 1.2 contains JSON: the standard library is the oracle."""
    text = json.dumps(value, ensure_ascii=False)

    document = parse(text, "a.yaml")

    assert document.data == json.loads(text)
    assert document.problems == ()


@pytest.mark.parametrize("without", [False, True], ids=["libyaml", "pure Python"])
def test_without_libyaml_the_values_are_the_same(
    without: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyYAML may have been built without its C parser."""
    if without:
        monkeypatch.delattr(yaml, "CLoader")

    document = parse("a: [1, {b: no}]\nc: |\n  x\n  y\nc: 2", "a.yaml")

    assert document.data == {"a": [1, {"b": "no"}], "c": "x\ny\n"}
    assert [str(p) for p in document.problems] == [
        "a.yaml:5:1: key 'c' a second time (the first is in line 2)"
    ]
