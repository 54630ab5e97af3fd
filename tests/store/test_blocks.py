"""Blocks hold what ``scan`` reads line by line, and refuse what it refuses, in its words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.store import blocks as module
from harness.store.blocks import blocks
from harness.store.journal import FOOTER, HEAD, JournalWriter, scan
from harness.store.records import KINDS
from harness.types import Answer, Score

RUN = "run-1"


def write(folder: Path, scores: int, *, finish: bool = True) -> Path:
    """A journal of scores, with an answer after every third."""
    path = folder / f"{RUN}.jsonl"
    path.unlink(missing_ok=True)
    with JournalWriter(path) as writer:
        for n in range(scores):
            writer.append("score", [Score(f"c{n}", "a", "ünïcode", n / 7)])
            if n % 3 == 2:
                writer.append("answer", [Answer(f"c{n}", "a", "k")])
        if finish:
            writer.finish()
    return path


def by_scan(path: Path) -> dict[str, list[tuple[int, Any]]]:
    """Kind → numbers and data of its lines."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for line in scan(path):
        if line.kind not in (HEAD, FOOTER):
            found.setdefault(line.kind, []).append((line.seq, line.data()))
    return found


def by_blocks(path: Path) -> dict[str, list[tuple[int, Any]]]:
    found: dict[str, list[tuple[int, Any]]] = {}
    for block in blocks(path, path.stat().st_size):
        for kind, table in block.records.items():
            for row in table.to_pylist():
                found.setdefault(kind, []).append((row["seq"], json.loads(row["line"])["data"]))
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few lines."""
    monkeypatch.setattr(module, "BLOCK", 300)


def test_kinds_are_told_apart_by_three_letters():
    """What finds them in a block relies on it."""
    assert len({name[:3] for name in (HEAD, FOOTER, *KINDS)}) == len(KINDS) + 2


@pytest.mark.parametrize("finish", [True, False], ids=["finished", "cut short"])
@pytest.mark.parametrize("scores", [0, 1, 9, 10, 11, 99, 130, 1234])
def test_blocks_hold_the_lines_of_the_journal(tmp_path: Path, scores: int, finish: bool):
    """Whatever the number of digits of their numbers."""
    path = write(tmp_path, scores, finish=finish)
    assert by_blocks(path) == by_scan(path)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("finish", [True, False], ids=["finished", "cut short"])
def test_nothing_is_lost_between_blocks(tmp_path: Path, finish: bool):
    """The last block reaches to the end, and has the hash of a finished journal."""
    path = write(tmp_path, 50, finish=finish)
    found = list(blocks(path, path.stat().st_size))
    assert len(found) > 10
    assert by_blocks(path) == by_scan(path)
    assert found[-1].bytes == path.stat().st_size
    assert [block.sha256 is not None for block in found[:-1]] == [False] * (len(found) - 1)
    assert (found[-1].sha256 is not None) is finish


@pytest.mark.usefixtures("small")
def test_a_line_longer_than_a_block_is_a_block(tmp_path: Path):
    """A prompt of a megabyte is one line."""
    path = tmp_path / f"{RUN}.jsonl"
    with JournalWriter(path) as writer:
        writer.append("score", [Score("c" * 5000, "a", "s", 1.0), Score("d", "a", "s", 1.0)])
    assert by_blocks(path) == by_scan(path)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_byte_is_told_as_scan_tells_it(tmp_path: Path, data: st.DataObject):
    """Anywhere, in a finished journal and in one that was cut short: never silent."""
    path = write(tmp_path, 12, finish=data.draw(st.booleans()))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
    _agree(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lost_and_added_lines_are_told_as_scan_tells_them(tmp_path: Path, data: st.DataObject):
    """Lines that are missing, doubled, exchanged, or that follow the footer; a torn end."""
    path = write(tmp_path, 12, finish=data.draw(st.booleans()))
    lines = path.read_bytes().splitlines(keepends=True)
    order = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=20))
    kept = b"".join(lines[n] for n in sorted(order) if data.draw(st.booleans()) or n)
    path.write_bytes(kept[: len(kept) - data.draw(st.integers(0, 5))])
    _agree(path)


def _agree(path: Path) -> None:
    """Both read the same, or both refuse in the same words."""
    answers: list[object] = []
    for read in (by_scan, by_blocks):
        try:
            answers.append(read(path))
        except StoreError as error:
            answers.append(str(error))
    assert answers[0] == answers[1]
