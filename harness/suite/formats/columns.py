"""Columns: Parquet files, and the folders that Hugging Face's ``save_to_disk`` writes.

Such a folder holds Arrow streams and a ``state.json`` that lists them; one with splits holds a
folder for each, and a ``dataset_dict.json`` that lists those (``datasets`` 5.2,
``arrow_dataset.py`` and ``dataset_dict.py``). They are read as they are, without ``datasets``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.registry import unknown

from ..load import MAX_DEPTH
from .row import MAX_ROW, TOO_LONG, Hash, Row, Rows, UnusableFileError, UnusableRowError

if TYPE_CHECKING:
    import pyarrow

STATE, SPLITS = "state.json", "dataset_dict.json"
_ROWS = 256
"""Rows that are Python objects at one time."""
_CHUNK = 2**20


def parquet(path: Path, content: Hash) -> Rows:
    """The rows of a Parquet file; ``content`` is fed its bytes before the first of them.

    Raises UnusableFileError for what is no Parquet file or holds a column that is not plain
    data, OSError where it cannot be read.
    """
    from pyarrow.parquet import ParquetFile

    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            content.update(chunk)
        try:
            opened = ParquetFile(file, pre_buffer=False)
            yield from _rows(opened.schema_arrow, opened.iter_batches(_ROWS), 1)
        except _broken() as error:
            raise UnusableFileError(f"not Parquet that can be read: {_first(error)}") from error


def dataset(folder: Path, split: str | None, content: Hash) -> Rows:
    """The rows of a dataset on disk, numbered through all of its files.

    ``content`` is fed what ``sha256sum`` prints for the Arrow files, in their order: the same
    rows that are saved again have the same digest. Raises UnusableFileError as ``parquet``
    does, and for a file that is missing or not in the folder; OSError.
    """
    from pyarrow.ipc import open_stream

    folder = _split(folder, split)
    start = 1
    for name in _listed(folder / STATE, "_data_files", "filename"):
        with _member(folder, name, STATE).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            content.update(f"{digest}  {name}\n".encode())
            file.seek(0)
            try:
                with open_stream(file) as stream:
                    for number, row in _rows(stream.schema, stream, start):
                        yield number, row
                        start = number + 1
            except _broken() as error:
                raise UnusableFileError(
                    f"'{name}' is no Arrow stream that can be read: {_first(error)}"
                ) from error


def _split(folder: Path, split: str | None) -> Path:
    """The folder with the rows: that of one split, or the given one where there are none."""
    if not (folder / SPLITS).is_file():
        if split is not None:
            raise UnusableFileError(f"a dataset without splits, and 'split' asks for '{split}'")
        if not (folder / STATE).is_file():
            raise UnusableFileError(
                f"a folder without {STATE} or {SPLITS}; save_to_disk of datasets writes them"
            )
        return folder
    splits = _listed(folder / SPLITS, "splits")
    if split is None:
        raise UnusableFileError(f"the key 'split' should name one of {', '.join(sorted(splits))}")
    if split not in splits:
        raise UnusableFileError(unknown("split", split, splits))
    return _member(folder, split, SPLITS)


def _listed(path: Path, *keys: str) -> list[str]:
    """The names that a file of the dataset lists under a key, each perhaps in a mapping."""
    key, *inner = keys
    with path.open("rb") as file:
        raw = file.read(MAX_ROW + 1)
    try:
        names = json.loads(raw)[key]
        if inner:
            names = [entry[inner[0]] for entry in names]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UnusableFileError(f"{path.name} should list names as '{key}'") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UnusableFileError(f"{path.name} should list names as '{key}'")
    return names


def _member(folder: Path, name: str, listed: str) -> Path:
    """A file or folder of the dataset, links followed; it is in the folder itself."""
    try:
        path = (folder / name).resolve()
        found = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a NUL
        raise UnusableFileError(f"'{name}' of {listed} cannot be followed: {error}") from error
    if path.parent != folder.resolve():
        raise UnusableFileError(f"'{name}' of {listed} leads out of the dataset's folder")
    if not found:
        raise UnusableFileError(f"no '{name}', which {listed} lists")
    return path


def _rows(schema: pyarrow.Schema, batches: Iterable[pyarrow.RecordBatch], start: int) -> Rows:
    _check(schema)
    for batch in batches:
        batch.validate(full=True)  # offsets that lead out of a buffer would be followed
        for offset in range(0, batch.num_rows, _ROWS):
            part = batch.slice(offset, _ROWS)
            yield from enumerate(_python(part), start + offset)
        start += batch.num_rows


def _check(schema: pyarrow.Schema) -> None:
    """Refuse a table whose columns are not the plain data of a sample."""
    name, times = Counter(schema.names).most_common(1)[0] if schema.names else ("", 0)
    if times > 1:
        raise UnusableFileError(f"{times} columns are called '{name}'")
    for field in schema:
        unfit = _unfit(field.type, 1)
        if unfit:
            raise UnusableFileError(
                f"column '{field.name}' is {unfit}; text, numbers, true and false, dates, and "
                "lists and mappings of these can be read"
            )


def _unfit(kind: pyarrow.DataType, depth: int) -> str:
    """What of a type is no plain data; empty where all is."""
    from pyarrow import types

    if depth >= MAX_DEPTH:
        return f"nested more than {MAX_DEPTH} deep"
    if types.is_dictionary(kind):
        return _unfit(kind.value_type, depth)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _unfit(kind.value_type, depth + 1)
    if types.is_struct(kind):
        fields = (kind.field(index) for index in range(kind.num_fields))
        return next(filter(None, (_unfit(field.type, depth + 1) for field in fields)), "")
    plain = (
        types.is_null, types.is_boolean, types.is_integer, types.is_float32, types.is_float64,
        types.is_string, types.is_large_string, types.is_string_view,
        types.is_date, types.is_time, types.is_timestamp,
    )  # fmt: skip
    return "" if any(is_kind(kind) for is_kind in plain) else str(kind)


def _python(part: pyarrow.RecordBatch) -> Iterable[Row | UnusableRowError]:
    """The rows of a few as Python's values; one that has none does not hide the others."""
    try:
        found = part.to_pylist()
    except (ValueError, OverflowError) as error:
        if part.num_rows == 1:
            return [UnusableRowError(f"a value that Python cannot hold: {_first(error)}")]
        return [row for index in range(part.num_rows) for row in _python(part.slice(index, 1))]
    return map(_usable, found)


def _usable(row: Row) -> Row | UnusableRowError:
    if _size(row) > MAX_ROW:
        return UnusableRowError(TOO_LONG)
    try:
        return {name: _plain(value, name) for name, value in row.items()}
    except UnusableRowError as error:
        return error


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return 1
    return 1 + sum(map(_size, value))


def _plain(value: Any, name: str) -> Any:
    """A value of the column ``name`` as JSON has it: dates and times as ISO 8601."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UnusableRowError(f"{value} in '{name}' is no number")
    if isinstance(value, list):
        return [_plain(item, name) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, name) for key, item in value.items()}
    if isinstance(value, (date, datetime, time)):
        if getattr(value, "nanosecond", 0):  # pandas' timestamp, where pandas is installed
            raise UnusableRowError(f"a time in '{name}' is finer than a microsecond")
        return value.isoformat()
    return value


def _broken() -> tuple[type[Exception], ...]:
    """What pyarrow raises for a damaged file: its own, and Python's for lengths and names."""
    from pyarrow import ArrowException

    return (ArrowException, OSError, MemoryError, UnicodeDecodeError)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
