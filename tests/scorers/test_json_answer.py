"""Answers in JSON, and of the right shape."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.scorers.json_answer import JsonSchema, JsonValid
from harness.types import Case, Output

MakeCase = Callable[..., Case]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner,
                                                                max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", ""),
        (" [1, 2.5e3, null]\n", ""),
        ('"é"', ""),
        ("3", ""),
        ("9" * 5000, ""),
        ("-" + "9" * 5000, ""),
        ("", "no JSON: Expecting value at line 1, column 1"),
        ("{'a': 1}", "no JSON: Expecting property name enclosed in double quotes"),
        ('{"a": 1} or so', "no JSON: Extra data at line 1, column 10"),
        ("```json\n{}\n```", "no JSON: Expecting value at line 1, column 1"),
        ("[1,]", "no JSON: "),
        ("NaN", "no JSON: NaN is no number of it"),
        ("[-Infinity]", "no JSON: -Infinity is no number of it"),
        ("[" * 100_000, "JSON that is nested too deep to be read"),
    ],
)
def test_what_is_json(make_case: MakeCase, text: str, reason: str) -> None:
    """By RFC 8259: no comments, no trailing commas, no NaN."""
    judged = JsonValid().score(make_case(), Output("k", text=text))

    assert judged.value == float(not reason)
    assert judged.reason.startswith(reason)


@given(VALUES)
def test_everything_python_writes_is_json(make_case: MakeCase, value: Any) -> None:
    """And a half of it is not, unless it is none at all."""
    text = json.dumps(value)

    assert JsonValid().score(make_case(), Output("k", text=text)).value == 1.0
    assert JsonValid().score(make_case(), Output("k", text=text + ",")).value == 0.0


def test_without_text_it_is_unscored(make_case: MakeCase) -> None:
    """Which is not the same as an empty text."""
    schema = JsonSchema.model_validate({"schema": {"type": "object"}})

    assert JsonValid().score(make_case(), Output("k", error="died")).reason == "died"
    assert schema.score(make_case(), Output("k", error="died")).value is None


def checked(make_case: MakeCase, schema: dict[str, Any], text: str) -> tuple[float | None, str]:
    """Score and reason of one answer."""
    scorer = JsonSchema.model_validate({"schema": schema})
    judged = scorer.score(make_case(), Output("k", text=text))
    return judged.value, judged.reason


PARTY = {
    "type": "object",
    "properties": {"name": {"$ref": "#/$defs/name"}, "since": {"type": "integer"}},
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"name": {"type": "string", "pattern": "^[A-Z]"}},
}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"name": "Acme", "since": 1999}', ""),
        ('{"name": "Acme", "since": 1999.0}', ""),
        ('{"since": 1999}', "$: 'name' is a required property"),
        ('{"name": "acme"}', "$.name: does not match ^[A-Z]"),
        ('{"name": "Acme", "since": "x"}', "$.since: 'x' is not of type 'integer'"),
        ('{"name": "Acme", "x": 1}', "$: Additional properties are not allowed"),
        ("[]", "$: [] is not of type 'object'"),
        ("{", "no JSON: "),
    ],
)
def test_shapes(make_case: MakeCase, text: str, reason: str) -> None:
    """The reason names the place."""
    value, said = checked(make_case, PARTY, text)

    assert value == float(not reason)
    assert said.startswith(reason)


SCHEMAS: list[dict[str, Any]] = [
    {"type": "array", "items": {"type": "number"}, "uniqueItems": True},
    {"anyOf": [{"type": "null"}, {"minLength": 2}]},
    {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "null"]}},
    {"not": {"type": "boolean"}, "pattern": "a"},
    {"propertyNames": {"pattern": "^[a-z]*$"}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]},
    {"enum": [None, 0, "", [], {}]},
]


@given(st.sampled_from(SCHEMAS), VALUES)
def test_it_is_the_library_s_verdict(
    make_case: MakeCase, schema: dict[str, Any], value: Any
) -> None:
    """Our own patterns included."""
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)

    assert checked(make_case, schema, json.dumps(value))[0] == float(kind(schema).is_valid(value))


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "objekt"}, r"no JSON Schema: \$.type: 'objekt' is not valid"),
        ({"$ref": "https://example.com/x.json"}, "stay within the schema, not https://"),
        ({"items": {"$ref": "other.json"}}, "stay within the schema, not other.json"),
        ({"$ref": "file:///etc/passwd"}, "stay within the schema, not file:"),
        ({"$ref": "#/$defs/party"}, "#/.defs/party is no place in the schema"),
        ({"$ref": "#party"}, "#party is no place in the schema"),
        ({"patternProperties": {"a+": {}}}, "patternProperties is not supported"),
        ({"items": {"pattern": "("}}, "not a regular expression"),
        ({"$schema": "https://example.com/draft"}, "should be a draft of JSON Schema, not https"),
        ({"$schema": 7}, "should be a draft of JSON Schema, not 7"),
        ({}, "at least 1"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: dict[str, Any], sentence: str) -> None:
    """When the suite is loaded."""
    with pytest.raises(ValidationError, match=sentence):
        JsonSchema.model_validate({"schema": schema})


def test_nothing_is_fetched(make_case: MakeCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base address of the schema's own does not open a connection."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    schema = {"$id": "https://example.com/a", "$ref": "#/$defs/a", "$defs": {"a": {"const": 1}}}

    assert checked(make_case, schema, "1") == (1.0, "")
    assert checked(make_case, schema, "2")[0] == 0.0


def test_a_pattern_that_never_ends_is_unscored(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a value as of a key."""
    monkeypatch.setattr("harness.scorers.json_answer.PATTERN_SECONDS", 0.2)
    text = "a" * 80 + "b"

    for schema, value in (
        ({"pattern": "(?:a|aa)+$"}, text),
        ({"propertyNames": {"pattern": "(?:a|aa)+$"}}, {text: 1}),
    ):
        assert checked(make_case, schema, json.dumps(value)) == (
            None,
            "a pattern took more than 0.2 s",
        )


def test_a_schema_without_an_end_is_unscored(make_case: MakeCase) -> None:
    """It says nothing about any answer."""
    value, reason = checked(make_case, {"$ref": "#"}, "1")

    assert (value, reason) == (None, "schema or answer is nested too deep to be compared")
