"""loragate.json says what an adapter was trained from, and notices what changed since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.adapters.manifest import (
    MANIFEST_FILE,
    ROWS_FILE,
    read_manifest,
    training_rows,
    write_manifest,
)
from harness.errors import AdapterError

ROWS = ["ab" * 32, "cd" * 32]


def seal(directory: Path) -> None:
    write_manifest(
        directory,
        name="v1",
        base="0" * 64,
        parent=None,
        seed=7,
        recipe={"epochs": 3},
        row_digests=[*ROWS, ROWS[0]],
    )


def test_what_was_written_is_read(directories) -> None:
    """Name, base, seed, recipe and each row once."""
    path = directories.adapter()
    seal(path)
    manifest = read_manifest(path)
    assert manifest is not None
    assert (manifest.name, manifest.seed, manifest.recipe) == ("v1", 7, {"epochs": 3})
    assert training_rows(path) == frozenset(ROWS)
    assert json.loads((path / MANIFEST_FILE).read_text())["schema"] == 1


def test_an_adapter_without_one_is_fine(directories) -> None:
    """Most adapters come without; then nothing is known of its rows."""
    path = directories.adapter()
    assert read_manifest(path) is None
    assert training_rows(path) == frozenset()


@pytest.mark.parametrize("file", ["adapter_config.json", "adapter_model.safetensors", ROWS_FILE])
def test_a_changed_file_is_noticed(directories, file: str) -> None:
    """One byte more in any sealed file."""
    path = directories.adapter()
    seal(path)
    with (path / file).open("ab") as opened:
        opened.write(b"\n")
    with pytest.raises(AdapterError, match=f"{file}: changed since it was trained"):
        read_manifest(path)


def test_a_missing_file_is_noticed(directories) -> None:
    """The rows cannot be dropped in silence."""
    path = directories.adapter()
    seal(path)
    (path / ROWS_FILE).unlink()
    with pytest.raises(AdapterError, match=ROWS_FILE):
        read_manifest(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": {"../../secret": "0" * 64}}, "files: "),
        ({"base": "no digest"}, "base: "),
        ({"schema": 2}, "schema: "),
        ({"extra": 1}, "extra: "),
    ],
)
def test_a_broken_manifest_is_refused(directories, change: dict, message: str) -> None:
    """It is untrusted as well, and names no file outside the directory."""
    path = directories.adapter()
    seal(path)
    text = json.loads((path / MANIFEST_FILE).read_text()) | change
    (path / MANIFEST_FILE).write_text(json.dumps(text))
    with pytest.raises(AdapterError, match=message):
        read_manifest(path)


def test_a_broken_row_is_named_by_line(directories) -> None:
    """File and line."""
    path = directories.adapter()
    (path / ROWS_FILE).write_text(f"{ROWS[0]}\nnonsense\n")
    with pytest.raises(AdapterError, match=f"{ROWS_FILE}:2: "):
        training_rows(path)


def test_rows_that_are_no_text_are_refused(directories) -> None:
    """Whatever was written there, it is a sentence and no traceback."""
    path = directories.adapter()
    (path / ROWS_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(AdapterError, match=f"{ROWS_FILE}: not row digests: byte 0"):
        training_rows(path)
