"""Records to plain values and back: the one place that knows how a dataclass is written down.

``encode`` turns a record into what JSON and UTF-8 can carry, ``decode`` turns it back into an
equal record. Both are compiled once per class from its type hints and are strict: a value that
would not come back equal (NaN, a tuple where any JSON is allowed, a number as text) is refused.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from harness.errors import StoreError
from harness.store.values import (
    Plain,
    decode_json,
    decode_text,
    encode_json,
    encode_text,
    integer,
    misfit,
    number,
    truth,
)

R = TypeVar("R")
Code = Callable[[Any], Any]

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Column(enum.Enum):
    """How a field lies in a table; the value is what DuckDB calls the type."""

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    NUMBER = "DOUBLE"
    TRUTH = "BOOLEAN"
    TEXTS = "VARCHAR[]"
    INTEGERS = "BIGINT[]"
    NUMBERS = "DOUBLE[]"
    JSON = "JSON"


_AS_IT_IS = (Column.INTEGER, Column.NUMBER, Column.TRUTH)
_LISTS = {
    Column.TEXT: Column.TEXTS,
    Column.INTEGER: Column.INTEGERS,
    Column.NUMBER: Column.NUMBERS,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one type, and the column it fits."""

    encode: Code
    decode: Code
    column: Column


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a record; ``default`` is encoded, and None where the field is required."""

    name: str
    codec: Codec
    required: bool
    default: Plain


_CODECS: dict[object, Codec] = {
    str: Codec(encode_text, decode_text, Column.TEXT),
    float: Codec(number, number, Column.NUMBER),
    int: Codec(integer, integer, Column.INTEGER),
    bool: Codec(truth, truth, Column.TRUTH),
    Any: Codec(encode_json, decode_json, Column.JSON),
}
"""By type hint: the scalars, and what has been compiled of them since."""

_FIELDS: dict[object, tuple[Field, ...]] = {}


def encode(record: object) -> dict[str, Plain]:
    """A dataclass instance as plain values, in the order of its fields.

    Raises StoreError, naming the field, for what could not be read back as it was.
    """
    return cast("dict[str, Plain]", _codec(type(record)).encode(record))


def decode(cls: type[R], plain: Mapping[str, Plain]) -> R:
    """The record that ``encode`` was given.

    A missing field takes its default. Raises StoreError for an unknown field, a missing one
    without default, or a value of another type.
    """
    return cast(R, _codec(cls).decode(plain))


def from_rows(cls: type[R], rows: Sequence[Sequence[object]]) -> list[R]:
    """Records from the rows of their table, columns in the order of the fields.

    NULL where a value belongs is a field that the writer did not have yet: its default.
    """
    if not rows:
        return []
    columns = zip(*rows, strict=True)
    members = zip(fields(cls), columns, strict=True)
    return list(map(cls, *[_from_column(field, column) for field, column in members]))


def to_json(plain: Plain) -> str:
    """The JSON text of encoded values: one line, UTF-8, never NaN."""
    return _JSON.encode(plain)


def fields(cls: type[Any]) -> tuple[Field, ...]:
    """The fields of a record class with their codecs."""
    if cls not in _FIELDS:
        hints = typing.get_type_hints(cls)
        _FIELDS[cls] = tuple(_field(one, hints[one.name]) for one in dataclasses.fields(cls))
    return _FIELDS[cls]


def _from_column(field: Field, column: Sequence[Any]) -> Sequence[object]:
    if field.default is not None and None in column:
        column = [field.default if value is None else value for value in column]
    if field.codec.column in _AS_IT_IS:
        return column
    if field.codec.column in (Column.INTEGERS, Column.NUMBERS):
        return [None if value is None else tuple(value) for value in column]
    if field.codec.column is Column.JSON:
        column = [json.loads(value) if isinstance(value, str) else value for value in column]
    return [field.codec.decode(value) for value in column]


def _field(declared: dataclasses.Field[Any], hint: object) -> Field:
    codec = _codec(hint)
    if declared.default is not dataclasses.MISSING:
        return Field(declared.name, codec, False, codec.encode(declared.default))
    if declared.default_factory is not dataclasses.MISSING:
        return Field(declared.name, codec, False, codec.encode(declared.default_factory()))
    return Field(declared.name, codec, True, None)


def _codec(hint: object) -> Codec:
    if hint not in _CODECS:
        _CODECS[hint] = _compile(hint)
    return _CODECS[hint]


def _compile(hint: object) -> Codec:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _optional(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_codec(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _enum(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _record(hint)
    raise TypeError(f"no codec for {hint!r}: records are made of scalars, tuples and mappings")


def _optional(arguments: tuple[object, ...]) -> Codec:
    inner, *others = (one for one in arguments if one is not types.NoneType)
    if others or len(arguments) != 2:
        raise TypeError(f"no codec for a union of {arguments}: the only union is with None")
    codec = _codec(inner)
    return Codec(
        lambda value: None if value is None else codec.encode(value),
        lambda value: None if value is None else codec.decode(value),
        codec.column,
    )


def _tuple(arguments: tuple[object, ...]) -> Codec:
    """``tuple[X, ...]`` of any length, or ``tuple[X, Y]`` of a fixed one."""
    if arguments[-1] is not Ellipsis:
        return _fixed([_codec(argument) for argument in arguments])
    item = _codec(arguments[0])
    return Codec(
        lambda value: [item.encode(one) for one in _items(value, tuple)],
        lambda value: tuple([item.decode(one) for one in _items(value, list)]),
        _LISTS.get(item.column, Column.JSON),
    )


def _fixed(parts: list[Codec]) -> Codec:
    encoders, decoders = [part.encode for part in parts], [part.decode for part in parts]

    def translate(value: object, kind: type[Sequence[object]], codes: list[Code]) -> list[object]:
        items = _items(value, kind)
        if len(items) != len(codes):
            raise StoreError(f"{len(items)} items, where {len(codes)} belong")
        return [code(one) for code, one in zip(codes, items, strict=True)]

    column = parts[0].column if len({part.column for part in parts}) == 1 else Column.JSON
    return Codec(
        lambda value: translate(value, tuple, encoders),
        lambda value: tuple(translate(value, list, decoders)),
        _LISTS.get(column, Column.JSON),
    )


def _items(value: object, kind: type[Sequence[object]]) -> Sequence[object]:
    if not isinstance(value, kind):
        raise misfit(value, f"a {kind.__name__}")
    return value


def _mapping(item: Codec) -> Codec:
    def translate(value: object, code: Code, key_code: Code) -> dict[str, object]:
        if not isinstance(value, Mapping):
            raise misfit(value, "a mapping")
        return {key_code(key): _inside(str(key), code, one) for key, one in value.items()}

    return Codec(
        lambda value: translate(value, item.encode, encode_text),
        lambda value: translate(value, item.decode, decode_text),
        Column.JSON,
    )


def _enum(cls: type[enum.Enum]) -> Codec:
    members: dict[object, enum.Enum] = {member.value: member for member in cls}

    def encode_member(value: object) -> Plain:
        if not isinstance(value, cls):
            raise misfit(value, f"a {cls.__name__}")
        return cast(Plain, value.value)

    def decode_member(value: object) -> enum.Enum:
        if value not in members:
            known = ", ".join(str(one) for one in members)
            raise StoreError(f"{value!r} is no {cls.__name__} (one of {known})")
        return members[value]

    return Codec(encode_member, decode_member, Column.TEXT)


def _record(cls: type[object]) -> Codec:
    members = fields(cls)
    names = [field.name for field in members]
    encoders = [field.codec.encode for field in members]
    decoders = [field.codec.decode for field in members]

    def encode_record(record: object) -> dict[str, object]:
        if type(record) is not cls:
            raise misfit(record, f"a {cls.__name__}")
        values = [getattr(record, name) for name in names]
        return dict(zip(names, _each(names, encoders, values), strict=True))

    def decode_record(plain: object) -> object:
        if not isinstance(plain, Mapping):
            raise misfit(plain, "a mapping")
        if unknown := plain.keys() - set(names):
            raise StoreError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
        return cls(*_each(names, decoders, [_given(cls, plain, field) for field in members]))

    return Codec(encode_record, decode_record, Column.JSON)


def _given(cls: type[object], plain: Mapping[str, Plain], field: Field) -> Plain:
    if field.required and field.name not in plain:
        raise StoreError(f"{cls.__name__} without its {field.name}")
    return plain.get(field.name, field.default)


def _each(names: Iterable[str], codes: Iterable[Code], values: Iterable[object]) -> list[object]:
    """Translate parts in one sweep; only an error looks for the name of the part it is in."""
    try:
        return [code(value) for code, value in zip(codes, values, strict=True)]
    except StoreError:
        for name, code, value in zip(names, codes, values, strict=True):
            _inside(name, code, value)
        raise


def _inside(name: str, code: Code, value: object) -> object:
    """Translate a part, and let an error say which part it was."""
    try:
        return code(value)
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from None
