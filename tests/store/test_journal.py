"""A journal gives back what was put in, or says where it is damaged."""

from __future__ import annotations

import hashlib
import itertools
import json
import resource
import zlib
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store.blocks import blocks
from harness.store.journal import FOOTER, JournalWriter, read_journal
from harness.store.records import SCHEMA, End
from harness.types import Output, RunRecord, Score

OUTPUTS = [Output("k1", text="été"), Output("k2", logprobs=(-0.5, -1.0)), Output("k3", error="x")]
SCORES = [Score("c1", "a", "s", 1.0), Score("c2", "a", "s", None, "empty")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A finished journal of three outputs and two scores: seven lines."""
    path = tmp_path / "run-1.jsonl"
    with JournalWriter(path) as writer:
        writer.append("output", OUTPUTS)
        writer.append("score", iter(SCORES))
        writer.finish()
    return path


def line(seq: int, kind: str, data: dict[str, object]) -> bytes:
    """A line as the documentation of the format says, made without the writer."""
    body = json.dumps({"seq": seq, "kind": kind, "data": data}, separators=(",", ":"))[:-1]
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def head(**changes: object) -> bytes:
    """The first line of run-1."""
    return line(0, "journal", {"format": 1, "schema": SCHEMA, "run": "run-1"} | changes)


def test_records_come_back_in_order(path: Path):
    """What was appended is read, with its kind and its number."""
    read = list(read_journal(path))
    assert [record.value for record in read] == [*OUTPUTS, *SCORES]
    assert [record.kind for record in read] == ["output"] * 3 + ["score"] * 2
    assert [record.seq for record in read] == [1, 2, 3, 4, 5]


def test_the_format_is_the_documented_one(path: Path):
    """Another program can write the same bytes from the description alone."""
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[0] == head()
    score = {
        "case": "c2",
        "arm": "a",
        "scorer": "s",
        "value": None,
        "reason": "empty",
        "repeat": 0,
        "answer": "",
        "parts": [],
    }
    assert lines[5] == line(5, "score", score)
    sha256 = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    assert lines[6] == line(6, "footer", {"count": 6, "sha256": sha256})


def test_every_flipped_byte_is_found_with_its_line(path: Path):
    """Damage anywhere names the line it is in, except that a lost last line end is a torn line."""
    whole = path.read_bytes()
    for at in range(len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        number = whole[:at].count(b"\n") + 1
        with pytest.raises(StoreError, match=rf"run-1\.jsonl:{number}: damaged"):
            list(read_journal(path))
    path.write_bytes(whole[:-1] + b"\r")
    assert len(list(read_journal(path))) == 5


def test_a_journal_cut_anywhere_gives_all_whole_lines(path: Path):
    """Whatever a crash leaves of the last line, the lines before it are read."""
    whole = path.read_bytes()
    records = list(read_journal(path))
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        lines = whole[:size].count(b"\n")
        assert list(read_journal(path)) == records[: max(lines - 1, 0)]


def test_lines_that_are_lost_doubled_or_swapped_are_found(path: Path):
    """Each line is whole in itself, so it is the numbers that tell."""
    lines = path.read_bytes().splitlines(keepends=True)
    for order in ([0, 2, 3, 4, 5, 6], [0, 1, 1, 2, 3, 4, 5, 6], [0, 2, 1, 3, 4, 5, 6]):
        path.write_bytes(b"".join(lines[at] for at in order))
        wrong = next(n for n, at in enumerate(order) if n != at)
        with pytest.raises(StoreError, match=rf":{wrong + 1}: damaged: line {order[wrong] + 1} st"):
            list(read_journal(path))


def test_a_forged_line_is_found_by_the_footer(path: Path):
    """A line replaced together with its checksum does not match the hash of the file."""
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = line(4, "score", {"case": "c1", "arm": "a", "scorer": "s", "value": 0.0})
    path.write_bytes(b"".join(lines))
    with pytest.raises(StoreError, match=":7: damaged: the footer's count and hash"):
        list(read_journal(path))


def test_nothing_may_follow_the_footer(path: Path):
    """A run is over when it says so."""
    path.write_bytes(path.read_bytes() + line(7, "output", {"key": "k"}))
    with pytest.raises(StoreError, match=":8: damaged: the journal goes on after its footer"):
        list(read_journal(path))


def test_a_renamed_journal_is_refused(path: Path):
    """A copy under another name would count every result twice."""
    copy = path.rename(path.with_name("run-2.jsonl"))
    with pytest.raises(StoreError, match=r"run-2\.jsonl:1: this is the journal of run run-1"):
        list(read_journal(copy))


@pytest.mark.parametrize("newer", [{"format": 2}, {"schema": SCHEMA + 1}])
def test_a_journal_of_a_newer_loragate_is_refused(path: Path, newer: dict[str, int]):
    """An older loragate does not guess at what a newer one wrote."""
    path.write_bytes(head(**newer))
    with pytest.raises(StoreError, match="upgrade loragate"):
        list(read_journal(path))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line(0, "score", {})], ":1: damaged: the first line is not a journal's"),
        ([b"hello\n"], ":1: damaged: the line does not match its checksum"),
        ([head(), line(1, "dream", {})], ":2: a 'dream' record, which this loragate does not know"),
        ([head(), line(1, "output", {"key": "k", "speed": 1})], ":2: output: Output has no field"),
    ],
)
def test_what_is_no_journal_is_refused_with_its_line(path: Path, lines: list[bytes], message: str):
    """A file that verifies but makes no sense is an error too."""
    path.write_bytes(b"".join(lines))
    with pytest.raises(StoreError, match=message):
        list(read_journal(path))


def test_a_missing_journal_is_a_sentence(tmp_path: Path):
    """No traceback for a file that is not there."""
    with pytest.raises(StoreError, match=r"none\.jsonl: the journal cannot be read: No such file"):
        list(read_journal(tmp_path / "none.jsonl"))


def test_a_run_is_recorded_once(path: Path):
    """A second writer of the same run is refused before it writes anything."""
    before = path.read_bytes()
    with pytest.raises(StoreError, match="a run of this id is already recorded"):
        JournalWriter(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["../x", "a b", ".hidden", "x" * 129, "naïve", "a'b"])
def test_a_run_id_is_a_plain_word(tmp_path: Path, name: str):
    """A run id becomes a file name, so it is checked before it does."""
    with pytest.raises(StoreError, match="a run id is letters"):
        JournalWriter(tmp_path / f"{name.replace('/', '%')}.jsonl")


def test_only_records_of_the_named_kind_are_taken(tmp_path: Path):
    """Kind and class belong together; nothing is written of a batch that is refused."""
    with JournalWriter(tmp_path / "run-1.jsonl") as writer:
        with pytest.raises(StoreError, match=r"called 'scores' \(one of run, arm"):
            writer.append("scores", SCORES)
        with pytest.raises(StoreError, match="a Output was given as score, not Score"):
            writer.append("score", [*SCORES, OUTPUTS[0]])
        with pytest.raises(StoreError, match="cannot keep this score: value: nan"):
            writer.append("score", [*SCORES, Score("c", "a", "s", float("nan"))])
    assert list(read_journal(writer.path)) == []


def test_several_kinds_are_appended_at_once_or_not_at_all(tmp_path: Path):
    with JournalWriter(tmp_path / "run-1.jsonl") as writer:
        writer.append_all({"score": SCORES, "output": OUTPUTS})
        with pytest.raises(StoreError, match="a Score was given as output"):
            writer.append_all({"score": SCORES, "output": SCORES})
    assert [record.value for record in read_journal(writer.path)] == [*SCORES, *OUTPUTS]


def test_the_end_and_the_footer_are_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who is killed leaves a run that ended and is whole, or one that did neither."""
    end = End("2026-11-22T13:00:09+00:00", 9.0, 0)
    with JournalWriter(tmp_path / "run-1.jsonl") as writer:
        writer.append("output", OUTPUTS)
        before, written = writer.path.read_bytes(), []
        write = writer._write
        monkeypatch.setattr(writer, "_write", lambda lines: (written.append(lines), write(lines)))
        writer.finish(end)
    assert [[kind for kind, _ in lines] for lines in written] == [["end", FOOTER]]
    assert writer.path.read_bytes().startswith(before)
    assert [record.value for record in read_journal(writer.path)] == [*OUTPUTS, end]
    ((block),) = blocks(writer.path, writer.path.stat().st_size)
    assert block.sha256 is not None


def test_a_closed_journal_takes_no_more(path: Path, tmp_path: Path):
    """Neither after finish nor after the end of its block."""
    with JournalWriter(tmp_path / "run-2.jsonl") as writer:
        writer.finish()
        for late in (writer.finish, writer.sync, lambda: writer.append("output", OUTPUTS)):
            with pytest.raises(StoreError, match="the journal is closed"):
                late()


def test_a_run_that_raises_is_kept_without_a_footer(tmp_path: Path):
    """What was measured before an error stays; the run is not whole."""
    path = tmp_path / "run-1.jsonl"

    def run() -> None:
        with JournalWriter(path) as writer:
            writer.append("output", OUTPUTS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert [record.value for record in read_journal(path)] == OUTPUTS
    assert b"footer" not in path.read_bytes()


def test_a_full_disk_is_a_sentence_and_tears_only_the_last_line(tmp_path: Path):
    """After a failed write nothing more is written, so the file stays readable."""
    path = tmp_path / "run-1.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = JournalWriter(path)
    writer.append("output", OUTPUTS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
    try:
        with pytest.raises(StoreError, match="the journal cannot be written: File too large"):
            writer.append("score", SCORES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(StoreError, match="the journal is closed"):
        writer.append("score", SCORES)
    assert [record.value for record in read_journal(path)] == OUTPUTS


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path):
    """A file in the place of the store is named."""
    (tmp_path / "store").write_text("not a directory")
    with pytest.raises(StoreError, match="cannot begin a journal here: Not a directory"):
        JournalWriter(tmp_path / "store" / "runs" / "run-1.jsonl")


def test_every_kind_of_record_is_kept(store, record: RunRecord, journal):
    """A whole run comes back from its journal record by record."""
    journal(store, record)
    read = [one.value for one in read_journal(store.path / "runs" / f"{record.run.id}.jsonl")]
    end = End(record.finished, record.seconds, record.reused)
    parts = (
        record.arms,
        record.ancestors,
        record.cases,
        record.answers,
        record.outputs.values(),
        record.scores,
    )
    parts += (record.effects, record.noises, record.robustnesses, record.judges)
    parts += (record.checks, record.decisions)
    assert read == [record.run, *itertools.chain.from_iterable(parts), end]
