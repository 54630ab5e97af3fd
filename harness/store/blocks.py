"""A journal's lines by the block: verified with array operations, on their way into DuckDB.

The rules are those of ``journal.scan``, which says in words what is wrong with a block that does
not verify.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy
from numpy.typing import NDArray

from harness.errors import StoreError
from harness.store.journal import FOOTER, HEAD, scan
from harness.store.records import KINDS

if TYPE_CHECKING:
    import pyarrow

BLOCK = 16 << 20
"""Bytes of a block, unless one line is longer."""
_BATCH = 8192
"""Rows of an Arrow batch: DuckDB spreads batches over threads."""

_Bytes = NDArray[numpy.uint8]
_Places = NDArray[numpy.int64]

_SEQ, _KIND, _CRC, _END = b'{"seq":', b',"kind":"', b',"crc":"', b'"}\n'
_HEX = numpy.frombuffer(b"0123456789abcdef", numpy.uint8)
_TAIL = len(_CRC) + 8 + len(_END)
_FOOTER = 256
"""More bytes than a footer has."""
_FOOTER_LINE = re.compile(
    rb'(\{"seq":\d+,"kind":"footer","data":\{"count":\d+,"sha256":"([0-9a-f]{64})"\})'
    rb',"crc":"([0-9a-f]{8})"\}\n'
)
_NAMES = {name[:3].encode(): name for name in (HEAD, FOOTER, *KINDS)}
"""No two kinds begin with the same three letters."""


class Block(NamedTuple):
    """Consecutive lines that verify."""

    seq: int
    """Number of its last line."""
    bytes: int
    """Bytes of the journal up to its end; of the last block, with a torn last line behind it."""
    records: Mapping[str, pyarrow.Table]
    """Kind → its lines, as (seq: int64, line: string)."""
    sha256: str | None
    """The hash in the footer, where that is its last line."""


def blocks(path: Path, size: int) -> Iterator[Block]:
    """The whole lines in the first ``size`` bytes of a journal.

    Raises StoreError with file and line for damage, and for a journal of a newer loragate.
    """
    next(scan(path), None)  # a head that this loragate cannot read is told at once
    first, at = 0, 0
    try:
        with path.open("rb") as file:
            sha256 = _proof(file, size)
            data = _whole_lines(file, at, size)
            while data:
                block = _block(data, first, at, sha256)
                if block is None:
                    raise _explained(path)
                first, at = block.seq + 1, block.bytes
                data = _whole_lines(file, at, size)
                yield block if data else block._replace(bytes=size, sha256=sha256)
    except OSError as error:
        raise StoreError(f"{path}: the journal cannot be read: {error.strerror}") from None


def _proof(file: BinaryIO, size: int) -> str | None:
    """The hash in the footer, if it is that of all lines before: then none needs a look."""
    file.seek(max(0, size - _FOOTER))
    end = file.read(min(size, _FOOTER))
    begin = end[:-1].rfind(b"\n") + 1
    found = _FOOTER_LINE.fullmatch(end[begin:])
    if found is None or zlib.crc32(found[1]) != int(found[3], 16):
        return None
    seen, left = hashlib.sha256(), size - len(end) + begin
    file.seek(0)
    while left:
        data = file.read(min(BLOCK, left))
        seen.update(data)
        left -= len(data)
    return seen.hexdigest() if seen.hexdigest() == found[2].decode() else None


def _whole_lines(file: BinaryIO, at: int, size: int) -> bytes:
    """Lines from ``at``, as many as a block takes, one at least; empty where none is whole."""
    file.seek(at)
    data = file.read(min(BLOCK, size - at))
    end = data.rfind(b"\n") + 1
    while not end and at + len(data) < size:
        more = file.read(min(BLOCK, size - at - len(data)))
        data, end = data + more, len(data) + more.rfind(b"\n") + 1 if b"\n" in more else 0
    return data[:end]


def _explained(path: Path) -> StoreError:
    try:
        for _ in scan(path):
            pass
    except StoreError as error:
        return error
    return StoreError(f"{path}: the journal changed while it was read")


def _block(data: bytes, first: int, at: int, proof: str | None) -> Block | None:
    """The block of these lines, the first of which has this number; None if they do not verify."""
    text = numpy.frombuffer(data, numpy.uint8)
    ends = numpy.flatnonzero(text == ord("\n")) + 1
    starts = numpy.concatenate(([0], ends[:-1]))
    seqs = numpy.arange(first, first + len(ends))
    places = starts + len(_SEQ) + _digits(seqs) + len(_KIND)
    # Where the hash of all lines is proven they are as they were written, one by one.
    if proof is None and not (
        _checked(data, text, starts, ends) and _numbered(text, starts, places, seqs)
    ):
        return None
    found = _by_kind(text, places)
    if found is None or (proof is None and FOOTER in found):
        return None
    records = {kind: rows for kind, rows in found.items() if kind in KINDS}
    return Block(int(seqs[-1]), at + len(data), _tables(data, ends, seqs, records), None)


def _checked(data: bytes, text: _Bytes, starts: _Places, ends: _Places) -> bool:
    """Whether every line ends with the CRC-32 of what is before."""
    bodies = ends - _TAIL
    if (bodies <= starts).any():
        return False
    view = memoryview(data)
    crcs = numpy.fromiter(
        (zlib.crc32(view[a:b]) for a, b in zip(starts.tolist(), bodies.tolist(), strict=True)),
        numpy.uint32,
        len(ends),
    )
    digits = _HEX[(crcs[:, None] >> numpy.arange(28, -4, -4, dtype=numpy.uint32)) & 15]
    place = bodies + len(_CRC)
    return (
        _stands(text, bodies, _CRC)
        and bool((text[place[:, None] + numpy.arange(8)] == digits).all())
        and _stands(text, place + 8, _END)
    )


def _digits(seqs: _Places) -> _Places:
    """How many digits each number has."""
    return numpy.searchsorted(10 ** numpy.arange(1, 19), seqs, side="right") + 1


def _numbered(text: _Bytes, starts: _Places, places: _Places, seqs: _Places) -> bool:
    """Whether the lines have these numbers, and then the word for their kinds at ``places``."""
    if not (_stands(text, starts, _SEQ) and _stands(text, places - len(_KIND), _KIND)):
        return False
    numbers = starts + len(_SEQ)
    widths = places - len(_KIND) - numbers
    for width in numpy.unique(widths).tolist():
        rows = widths == width
        written = text[numbers[rows, None] + numpy.arange(width)].astype(numpy.int64) - ord("0")
        powers = 10 ** numpy.arange(width - 1, -1, -1)
        if not ((written >= 0) & (written <= 9)).all() or (written @ powers != seqs[rows]).any():
            return False
    return True


def _by_kind(text: _Bytes, places: _Places) -> dict[str, _Places] | None:
    """Kind → which of the lines have it; None where one has none that is known."""
    begins = numpy.zeros(len(places), numpy.int64)
    if int(places.max()) + 3 > len(text):
        return None
    for letter in range(3):
        begins = begins << 8 | text[places + letter]
    found: dict[str, _Places] = {}
    for begin in numpy.unique(begins).tolist():
        name = _NAMES.get(begin.to_bytes(3, "big"))
        rows = numpy.flatnonzero(begins == begin)
        if name is None or not _stands(text, places[rows], f'{name}","data":'.encode()):
            return None
        found[name] = rows
    return found


def _stands(text: _Bytes, places: _Places, what: bytes) -> bool:
    """Whether the same text stands at all of these places."""
    expected = numpy.frombuffer(what, numpy.uint8)
    within = places.max() + len(what) <= len(text)
    return bool(within and (text[places[:, None] + numpy.arange(len(what))] == expected).all())


def _tables(
    data: bytes, ends: _Places, seqs: _Places, records: Mapping[str, _Places]
) -> dict[str, pyarrow.Table]:
    import pyarrow

    # Made of buffers: to take a list, pyarrow imports pandas where that is installed.
    offsets = pyarrow.py_buffer(numpy.concatenate(([0], ends)).tobytes())
    lines = pyarrow.Array.from_buffers(
        pyarrow.large_binary(), len(ends), [None, offsets, pyarrow.py_buffer(data)]
    ).cast(pyarrow.large_string())
    numbers = _numbers(seqs)
    tables = {}
    for kind, rows in records.items():
        first, count = int(rows[0]), len(rows)
        if int(rows[-1]) - first + 1 == count:  # a slice copies nothing
            columns = [numbers.slice(first, count), lines.slice(first, count)]
        else:
            wanted = _numbers(rows)
            columns = [numbers.take(wanted), lines.take(wanted)]
        whole = pyarrow.record_batch(columns, names=["seq", "line"])
        tables[kind] = pyarrow.Table.from_batches(
            [whole.slice(start, _BATCH) for start in range(0, count, _BATCH)]
        )
    return tables


def _numbers(values: _Places) -> pyarrow.Array:
    import pyarrow

    buffer = pyarrow.py_buffer(values.astype(numpy.int64).tobytes())
    return pyarrow.Array.from_buffers(pyarrow.int64(), len(values), [None, buffer])
