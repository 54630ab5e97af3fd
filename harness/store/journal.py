"""One append-only file per run: the truth of what was measured.

A line is ``{"seq":12,"kind":"score","data":{…},"crc":"89abcdef"}``: a number that counts up from
0, the kind of record, the record, and the CRC-32 of everything before it on the line. The first
line names the run and how its lines and records are to be read; the last, the footer, holds the
count and the SHA-256 of all lines before it. A file without footer belongs to a run that was cut
short or still goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from harness.errors import StoreError
from harness.store import codec
from harness.store.lock import hold
from harness.store.records import KINDS, SCHEMA, End
from harness.store.values import write_json

FORMAT = 1
"""Of the lines; that of the records in them is ``records.SCHEMA``."""
HEAD, FOOTER = "journal", "footer"
SUFFIX = ".jsonl"

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_START = re.compile(rb'\{"seq":(\d+),"kind":"([a-z]+)","data":')
_TAIL = len(b',"crc":"00000000"}\n')


class Line(NamedTuple):
    """One verified line, not yet parsed. Lines of a file count from 1, ``seq`` from 0."""

    seq: int
    kind: str
    payload: bytes
    """The JSON text of its data."""

    def data(self) -> dict[str, Any]:
        """What the line holds, as plain values."""
        plain: dict[str, Any] = json.loads(self.payload.decode())
        return plain


class Record(NamedTuple):
    """One record of a run with its place in the journal."""

    seq: int
    kind: str
    value: Any


class JournalWriter:
    """Writes one run's journal; for one thread at a time.

    What ``append`` has returned from survives ``kill -9`` of this process; what ``sync`` has
    returned from survives a loss of power. Without ``finish`` the run counts as cut short.
    Raises StoreError if the file exists, the disk is full or a record cannot be kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not _RUN_ID.fullmatch(path.stem):
            raise StoreError(f"{path}: a run id is letters, digits, '.', '_' and '-' only")
        self._next = 0
        self._hash = hashlib.sha256()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("xb", buffering=0)
            hold(self._file.fileno())  # nobody purges a journal that is being written
        except FileExistsError:
            raise StoreError(f"{path}: a run of this id is already recorded") from None
        except OSError as error:
            raise StoreError(f"{path}: cannot begin a journal here: {error.strerror}") from None
        head = {"format": FORMAT, "schema": SCHEMA, "run": path.stem}
        self._write([(HEAD, write_json(head))])
        sync_directory(path.parent)

    def append(self, kind: str, records: Iterable[Any]) -> None:
        """Add records of one kind (``records.KINDS``) in one write."""
        self.append_all({kind: records})

    def append_all(self, records: Mapping[str, Iterable[Any]]) -> None:
        """Add records by their kind, in one write."""
        self._write([line for kind, some in records.items() for line in self._lines(kind, some)])

    def _lines(self, kind: str, records: Iterable[Any]) -> list[tuple[str, str]]:
        cls = KINDS.get(kind)
        if cls is None:
            raise StoreError(f"no kind of record is called {kind!r} (one of {', '.join(KINDS)})")
        lines = []
        for record in records:
            if type(record) is not cls:
                raise StoreError(
                    f"a {type(record).__name__} was given as {kind}, not {cls.__name__}"
                )
            try:
                lines.append((kind, codec.encode(record)))
            except StoreError as error:
                raise StoreError(f"{self.path}: cannot keep this {kind}: {error}") from None
        return lines

    def sync(self) -> None:
        """Force everything appended so far onto the disk."""
        self._require_open()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failure(error) from None

    def finish(self, end: End | None = None) -> None:
        """Write how the run ended and the footer, sync and close: this run is whole.

        In one write: who is killed leaves a run that ended and is whole, or one that did neither.
        """
        lines = self._lines("end", [] if end is None else [end])
        seen = self._hash.copy()
        seen.update(self._block(lines))
        footer = {"count": self._next + len(lines), "sha256": seen.hexdigest()}
        self._write([*lines, (FOOTER, write_json(footer))])
        self.sync()
        self._file.close()

    def close(self) -> None:
        """Sync and close without a footer; does nothing if that is done."""
        if not self._file.closed:
            self.sync()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, lines: list[tuple[str, str]]) -> None:
        self._require_open()
        block = self._block(lines)
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._failure(error) from None
        self._hash.update(block)
        self._next += len(lines)

    def _block(self, lines: list[tuple[str, str]]) -> bytes:
        """These lines as they would be written next."""
        numbered = enumerate(lines, self._next)
        return b"".join(_line(number, kind, data) for number, (kind, data) in numbered)

    def _require_open(self) -> None:
        if self._file.closed:
            raise StoreError(f"{self.path}: the journal is closed")

    def _failure(self, error: OSError) -> StoreError:
        """Close for good: what followed a torn line would turn it into damage in the middle."""
        self._file.close()
        return StoreError(f"{self.path}: the journal cannot be written: {error.strerror}")


def read_journal(path: Path) -> Iterator[Record]:
    """All records of a journal in order, each verified; a torn last line is left out.

    Raises StoreError with file and line for damage, and for a journal of a newer loragate.
    """
    for line in scan(path):
        if line.kind in KINDS:
            try:
                yield Record(line.seq, line.kind, codec.decode(KINDS[line.kind], line.data()))
            except StoreError as error:
                raise StoreError(f"{path}:{line.seq + 1}: {line.kind}: {error}") from None


def scan(path: Path) -> Iterator[Line]:
    """All verified lines of a journal, head and footer included.

    A last line without its line end is a write that was cut off: nothing in it was ever
    reported as kept, and it is left out. Anything else that does not verify is damage.
    """
    seen = hashlib.sha256()
    footer = False
    try:
        with path.open("rb") as file:
            for seq, raw in enumerate(file):
                if not raw.endswith(b"\n"):
                    return
                if footer:
                    raise _damage(path, seq, "the journal goes on after its footer")
                line = _parse(path, seq, raw)
                if seq == 0:
                    _check_head(path, line)
                footer = line.kind == FOOTER
                if footer and line.data() != {"count": seq, "sha256": seen.hexdigest()}:
                    raise _damage(
                        path, seq, "the footer's count and hash are not those of the file"
                    )
                seen.update(raw)
                yield line
    except OSError as error:
        raise StoreError(f"{path}: the journal cannot be read: {error.strerror}") from None


def _line(seq: int, kind: str, data: str) -> bytes:
    body = f'{{"seq":{seq},"kind":"{kind}","data":{data}'.encode()
    return b'%s,"crc":"%08x"}\n' % (body, zlib.crc32(body))


def _parse(path: Path, seq: int, raw: bytes) -> Line:
    body, tail = raw[:-_TAIL], raw[-_TAIL:]
    start = _START.match(body)
    if start is None or tail != b',"crc":"%08x"}\n' % zlib.crc32(body):
        raise _damage(path, seq, "the line does not match its checksum")
    if int(start[1]) != seq:
        raise _damage(path, seq, f"line {int(start[1]) + 1} stands here: lines were lost or added")
    kind = start[2].decode()
    if kind not in KINDS and kind not in (HEAD, FOOTER):
        raise StoreError(f"{path}:{seq + 1}: a {kind!r} record, which this loragate does not know")
    return Line(seq, kind, body[start.end() :])


def _check_head(path: Path, line: Line) -> None:
    if line.kind != HEAD:
        raise _damage(path, 0, "the first line is not a journal's")
    head = line.data()
    if (head["format"], head["schema"]) > (FORMAT, SCHEMA):
        raise StoreError(
            f"{path}:1: the journal has format {head['format']} and schema {head['schema']}, this"
            f" loragate knows {FORMAT} and {SCHEMA}: upgrade loragate"
        )
    if head["run"] != path.stem:
        raise StoreError(f"{path}:1: this is the journal of run {head['run']}: rename it back")


def _damage(path: Path, seq: int, what: str) -> StoreError:
    return StoreError(
        f"{path}:{seq + 1}: damaged: {what}. Restore the file from a backup, or move it out of"
        f" {path.parent} to go on without this run"
    )


def sync_directory(path: Path) -> None:
    """Make a new or renamed entry of a directory last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
