"""Records survive being written down, or are refused."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
import typing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.store import codec
from harness.store.records import KINDS
from harness.types import Case, Generation, Kind, Output, Run, Score

TEXT = st.text(st.characters(exclude_categories=()))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SCALARS = {
    str: TEXT,
    float: NUMBERS,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    Any: JSON,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Every value a type hint of a record allows, told from the hint alone."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin is types.UnionType:
        return st.none() | values(arguments[0])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin is not None:
        return st.dictionaries(TEXT, values(arguments[1]), max_size=3)
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    return records(hint)


def records(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Any instance of a record class."""
    return st.builds(
        cls, **{name: values(hint) for name, hint in typing.get_type_hints(cls).items()}
    )


@pytest.mark.parametrize("cls", KINDS.values(), ids=KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_record_comes_back_equal_through_json_and_utf8(cls: type[Any], data: st.DataObject):
    """Whatever a record may hold by its types, it is the same after a trip to a file."""
    record = data.draw(records(cls))
    line = codec.encode(record).encode("utf-8")
    assert codec.decode(cls, json.loads(line)) == record
    assert b"\n" not in line


def test_two_surrogates_do_not_become_one_character():
    """A pair of surrogate code points is another text than the character it would encode."""
    pair, character = Output("k", text="\ud83d\ude00"), Output("k", text="\U0001f600")
    for output in (pair, character):
        line = codec.encode(output)
        assert codec.decode(Output, json.loads(line)).text == output.text
    assert pair.text != character.text


def test_other_text_is_kept_as_it_is():
    """Only what UTF-8 cannot carry is escaped, so that queries see the text itself."""
    text = 'Grüße, "语言" \N{WHITE SMILING FACE}\n\ufffd\\'
    assert json.loads(codec.encode(Output("k", text=text)))["text"] == text


BROKEN = {
    "nan": (Score("c", "a", "s", math.nan), "value: nan is no finite number"),
    "infinity": (Output("k", logprobs=(-1.0, -math.inf)), "logprobs: -inf is no finite number"),
    "tuple in json": (
        Run("i", "s", "v", "n", "p", {}, {"x": (1,)}),
        r"settings: x: \(1,\) is a tuple",
    ),
    "set in json": (
        Run("i", "s", "v", "n", "p", {}, {"x": {"y": {1}}}),
        "settings: x: y: .1. is a set",
    ),
    "text as number": (Score("c", "a", "s", "1"), "value: '1' is a str, where a float belongs"),
    "bool as number": (Score("c", "a", "s", True), "value: True is a bool, where a float belongs"),
    "number as text": (Score("c", "a", 3, 1.0), "scorer: 3 is a int, where a str belongs"),
    "bool as int": (Output("k", tokens=True), "tokens: True is a bool"),
    "bool like the default": (Output("k", tokens=False), "tokens: False is a bool"),
    "too large": (Output("k", tokens=2**63), "tokens: 9223372036854775808 does not fit 64 bits"),
    "list as tuple": (
        Output("k", logprobs=[1.0]),
        "logprobs: .1.0. is a list, where a tuple belongs",
    ),
    "text as enum": (
        Case("d", "s", "t", "i", "check", "p", (), None, None, "c", {}, {}, "x"),
        "kind: 'check' is a str, where a Kind belongs",
    ),
    "nested": (
        Case("d", "s", "t", "i", Kind.CASE, "p", (), Generation("9"), None, "c", {}, {}, "x"),
        "generation: max_tokens: '9' is a str",
    ),
    "key": (Run("i", "s", "v", "n", "p", {1: "x"}), "suites: 1 is a int, where a str belongs"),
}


@pytest.mark.parametrize(("record", "message"), BROKEN.values(), ids=BROKEN)
def test_what_would_not_come_back_equal_is_refused_by_name(record: Any, message: str):
    """The error names the field, what was found and what belongs there."""
    with pytest.raises(StoreError, match=f"^{message}"):
        codec.encode(record)


def test_a_field_that_the_writer_did_not_have_takes_its_default():
    """Journals of older versions stay readable."""
    assert codec.decode(Output, {"key": "k", "text": "x"}) == Output("k", "x")


@pytest.mark.parametrize(
    ("cls", "plain", "message"),
    [
        (Output, {"key": "k", "speed": 1}, "Output has no field speed"),
        (Output, {"text": "x"}, "Output without its key"),
        (Output, {"key": 3}, "key: 3 is a int"),
        (Generation, {"max_tokens": 1, "stop": "\n"}, r"stop: '\\n' is a str, where a list"),
        (Generation, [], "is a list, where a mapping belongs"),
    ],
)
def test_what_is_no_record_is_refused(cls: type[Any], plain: Any, message: str):
    """Unknown, missing and misshapen fields are errors, not guesses."""
    with pytest.raises(StoreError, match=message):
        codec.decode(cls, plain)


def test_an_unknown_enum_value_lists_the_known_ones():
    """A verdict of another version is an error that says which are known."""
    case = Case("d", "s", "t", "i", Kind.CASE, "p", (), None, None, "c", {}, {}, "x")
    plain = json.loads(codec.encode(case))
    with pytest.raises(
        StoreError,
        match=r"kind: 'caes' is no Kind \(one of check, rubric, case, mutation, tripwire\)",
    ):
        codec.decode(Case, plain | {"kind": "caes"})


@dataclasses.dataclass(frozen=True)
class Unsupported:
    """A class with a field that no table could hold."""

    wrong: set[str] | int | None = None


def test_a_class_that_cannot_be_kept_is_a_programming_error():
    """A type without codec is found when the class is first used, not when data are lost."""
    with pytest.raises(TypeError, match="the only union is with None"):
        codec.encode(Unsupported())
