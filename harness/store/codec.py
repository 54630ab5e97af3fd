"""Records to JSON and back: the one place that knows how a dataclass is written down.

``encode`` turns a record into JSON that UTF-8 can carry, ``decode`` turns what ``json`` reads of
it into an equal record. Both are compiled once per class from its type hints and are strict: a
value that would not come back equal (NaN, a tuple where any JSON is allowed, a number as text) is
refused. The text is made in one pass, without plain values between: a gate writes every case and
score, and this is most of what it costs.
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
    integer,
    misfit,
    number,
    truth,
    write_integer,
    write_json,
    write_number,
    write_text,
    write_truth,
)

R = TypeVar("R")
T = TypeVar("T")
Write = Callable[[Any], str]
Decode = Callable[[Any], Any]


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

    write: Write
    decode: Decode
    column: Column


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a record; ``default`` is plain, and None where the field is required."""

    name: str
    codec: Codec
    required: bool
    default: Plain


_CODECS: dict[object, Codec] = {
    str: Codec(write_text, decode_text, Column.TEXT),
    float: Codec(write_number, number, Column.NUMBER),
    int: Codec(write_integer, integer, Column.INTEGER),
    bool: Codec(write_truth, truth, Column.TRUTH),
    Any: Codec(write_json, decode_json, Column.JSON),
}
"""By type hint: the scalars, and what has been compiled of them since."""

_FIELDS: dict[object, tuple[Field, ...]] = {}


def encode(record: object) -> str:
    """A dataclass instance as JSON, in the order of its fields: one line, never NaN.

    Raises StoreError, naming the field, for what could not be read back as it was.
    """
    return _codec(type(record)).write(record)


def decode(cls: type[R], plain: Mapping[str, Plain]) -> R:
    """The record that ``encode`` was given, from what ``json`` reads of it.

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
        return Field(declared.name, codec, False, _plain(codec, declared.default))
    if declared.default_factory is not dataclasses.MISSING:
        return Field(declared.name, codec, False, _plain(codec, declared.default_factory()))
    return Field(declared.name, codec, True, None)


def _plain(codec: Codec, value: object) -> Plain:
    return cast(Plain, json.loads(codec.write(value)))


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
    write, decode = codec.write, codec.decode
    return Codec(
        lambda value: "null" if value is None else write(value),
        lambda value: None if value is None else decode(value),
        codec.column,
    )


def _tuple(arguments: tuple[object, ...]) -> Codec:
    """``tuple[X, ...]`` of any length, or ``tuple[X, Y]`` of a fixed one."""
    if arguments[-1] is not Ellipsis:
        return _fixed([_codec(argument) for argument in arguments])
    item = _codec(arguments[0])
    write, decode = item.write, item.decode
    return Codec(
        lambda value: f"[{','.join([write(one) for one in _items(value, tuple)])}]",
        lambda value: tuple([decode(one) for one in _items(value, list)]),
        _LISTS.get(item.column, Column.JSON),
    )


def _fixed(parts: list[Codec]) -> Codec:
    writers, decoders = [part.write for part in parts], [part.decode for part in parts]

    def translate(value: object, kind: type[Sequence[object]], codes: list[Decode]) -> list[Any]:
        items = _items(value, kind)
        if len(items) != len(codes):
            raise StoreError(f"{len(items)} items, where {len(codes)} belong")
        return [code(one) for code, one in zip(codes, items, strict=True)]

    column = parts[0].column if len({part.column for part in parts}) == 1 else Column.JSON
    return Codec(
        lambda value: f"[{','.join(translate(value, tuple, writers))}]",
        lambda value: tuple(translate(value, list, decoders)),
        _LISTS.get(column, Column.JSON),
    )


def _items(value: object, kind: type[Sequence[object]]) -> Sequence[object]:
    if not isinstance(value, kind):
        raise misfit(value, f"a {kind.__name__}")
    return value


def _mapping(item: Codec) -> Codec:
    def write(value: object) -> str:
        pairs = _pairs(value)
        items = [f"{write_text(key)}:{_inside(str(key), item.write, one)}" for key, one in pairs]
        return f"{{{','.join(items)}}}"

    def decode(value: object) -> dict[str, object]:
        pairs = _pairs(value)
        return {decode_text(key): _inside(str(key), item.decode, one) for key, one in pairs}

    return Codec(write, decode, Column.JSON)


def _pairs(value: object) -> Iterable[tuple[object, object]]:
    if not isinstance(value, Mapping):
        raise misfit(value, "a mapping")
    return value.items()


def _enum(cls: type[enum.Enum]) -> Codec:
    members: dict[object, enum.Enum] = {member.value: member for member in cls}
    texts = {member: write_json(member.value) for member in cls}

    def write_member(value: object) -> str:
        if not isinstance(value, cls):
            raise misfit(value, f"a {cls.__name__}")
        return texts[value]

    def decode_member(value: object) -> enum.Enum:
        if value not in members:
            known = ", ".join(str(one) for one in members)
            raise StoreError(f"{value!r} is no {cls.__name__} (one of {known})")
        return members[value]

    return Codec(write_member, decode_member, Column.TEXT)


def _record(cls: type[object]) -> Codec:
    members = fields(cls)
    names = [field.name for field in members]
    decoders = [field.codec.decode for field in members]
    write_fields = _writer(cls, members)

    def write_record(record: object) -> str:
        if type(record) is not cls:
            raise misfit(record, f"a {cls.__name__}")
        try:
            return write_fields(record)
        except StoreError:
            for field in members:
                _inside(field.name, field.codec.write, getattr(record, field.name))
            raise

    def decode_record(plain: object) -> object:
        if not isinstance(plain, Mapping):
            raise misfit(plain, "a mapping")
        if unknown := plain.keys() - set(names):
            raise StoreError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
        return cls(*_each(names, decoders, [_given(cls, plain, field) for field in members]))

    return Codec(write_record, decode_record, Column.JSON)


def _writer(cls: type[Any], members: Iterable[Field]) -> Write:
    """All fields in one expression, generated once as dataclasses generate their ``__init__``.

    A value that is the very default has a text that is known. As many fields are at their
    defaults, this takes less than half the time of calling one writer after another.
    """
    known: dict[str, object] = {}
    parts = []
    for at, (field, declared) in enumerate(zip(members, dataclasses.fields(cls), strict=True)):
        known[f"write{at}"] = field.codec.write
        value = f"write{at}(record.{field.name})"
        if declared.default is not dataclasses.MISSING:
            known[f"default{at}"] = declared.default
            known[f"text{at}"] = field.codec.write(declared.default)
            value = (
                f"text{at} if (value := record.{field.name}) is default{at} else write{at}(value)"
            )
        parts.append(f'"{field.name}":{{{value}}}')
    made = eval(f"lambda record: f'{{{{{','.join(parts)}}}}}'", known)
    return cast(Write, made)


def _given(cls: type[object], plain: Mapping[str, Plain], field: Field) -> Plain:
    if field.required and field.name not in plain:
        raise StoreError(f"{cls.__name__} without its {field.name}")
    return plain.get(field.name, field.default)


def _each(
    names: Iterable[str], codes: Iterable[Callable[[Any], T]], values: Iterable[object]
) -> list[T]:
    """Translate parts in one sweep; only an error looks for the name of the part it is in."""
    try:
        return [code(value) for code, value in zip(codes, values, strict=True)]
    except StoreError:
        for name, code, value in zip(names, codes, values, strict=True):
            _inside(name, code, value)
        raise


def _inside(name: str, code: Callable[[Any], T], value: object) -> T:
    """Translate a part, and let an error say which part it was."""
    try:
        return code(value)
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from None
