"""Is the answer JSON, and of the right shape?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

import regex
from pydantic import Field, model_validator

from harness.suite.model import compiles
from harness.suite.scoring import BuiltScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import written
from .expect import PATTERN_SECONDS
from .strict_json import read_json

MAX_REASON = 200
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class JsonValid(BuiltScorer):
    """1 where the whole answer is JSON, white space around it aside."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    def score(self, case: Case, output: Output) -> Judgement:
        """The reason says where it stops to be JSON."""
        text, reason = written(output)
        if text is None:
            return Judgement(None, reason)
        try:
            read_json(text)
        except ValueError as error:
            return Judgement(0.0, str(error))
        return Judgement(1.0)


class JsonSchema(BuiltScorer):
    """1 where the whole answer is JSON that a JSON Schema describes (draft 2020-12 by default).

    A ``$ref`` leads to a place within the schema; nothing is ever fetched. Patterns are stopped
    when they take too long, which is why ``patternProperties`` is refused: its are not.
    ``format`` is a remark and checks nothing.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    declared: Annotated[dict[str, Any], Field(alias="schema", min_length=1)]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        problem = next(_problems(self.declared), None)
        if problem is not None:
            raise ValueError(problem)
        _check(self.declared)
        return self

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import validators
        from referencing import Registry

        timed = validators.extend(_dialect(self.declared), {"pattern": _pattern})
        return timed(self.declared, registry=Registry())

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where a pattern ran out of time, or the schema leads back to itself forever."""
        text, reason = written(output)
        if text is None:
            return Judgement(None, reason)
        try:
            value = read_json(text)
        except ValueError as error:
            return Judgement(0.0, str(error))
        try:
            misfit = next(self._validator.iter_errors(value), None)
        except TimeoutError:
            return Judgement(None, f"a pattern took more than {PATTERN_SECONDS:g} s")
        except RecursionError:
            return Judgement(None, "schema or answer is nested too deep to be compared")
        if misfit is None:
            return Judgement(1.0)
        return Judgement(0.0, f"{misfit.json_path}: {misfit.message}"[:MAX_REASON])


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Exception]:
    from jsonschema import ValidationError

    if not isinstance(instance, str):
        return
    if regex.search(pattern, instance, timeout=PATTERN_SECONDS) is None:
        yield ValidationError(f"does not match {pattern}")


def _dialect(schema: Mapping[str, Any]) -> Any:
    """The class of validators that ``$schema`` names."""
    from jsonschema import Draft202012Validator, validators

    named = schema.get("$schema")
    if named is None:
        return Draft202012Validator
    found = validators.validator_for(schema, default=None) if isinstance(named, str) else None
    if found is None:
        raise ValueError(f"$schema should be a draft of JSON Schema, not {named}")
    return found


def _check(schema: Mapping[str, Any]) -> None:
    """ValueError with a sentence where it is no schema, or where a reference leads nowhere."""
    from jsonschema.exceptions import SchemaError
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        _dialect(schema).check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"no JSON Schema: {error.json_path}: {error.message}") from error
    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().with_resource("", root).resolver()
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise ValueError(f"{reference} is no place in the schema") from error


def _problems(node: Any) -> Iterator[str]:
    """What of a schema is not for a suite, wherever in it that stands."""
    for key, value in _pairs(node):
        if key in _REFERENCES and isinstance(value, str) and not value.startswith("#"):
            yield f"{key} should start with # and stay within the schema, not {value}"
        elif key == "patternProperties":
            yield "patternProperties is not supported: its patterns cannot be stopped in time"
        elif key == "pattern" and isinstance(value, str):
            try:
                compiles(value)
            except ValueError as error:
                yield str(error)


def _references(node: Any) -> Iterator[str]:
    return (value for key, value in _pairs(node) if key in _REFERENCES and isinstance(value, str))


def _pairs(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a schema with its value, at any depth."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield key, value
            yield from _pairs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _pairs(item)
