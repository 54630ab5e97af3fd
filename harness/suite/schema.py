"""A strict model's errors in the words of the suite language, each at its line and column."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import Problem
from harness.registry import suggest

from .load import Document, Step, spell

M = TypeVar("M", bound=BaseModel)

_SENTENCES = {
    "string_type": "should be text{quoted}, not {found}",
    "bool_type": "should be true or false, not {found}",
    "int_type": "should be a whole number, not {found}",
    "float_type": "should be a number, not {found}",
    "tuple_type": "should be a list, not {found}",
    "dict_type": "should be a mapping of keys to values, not {found}",
    "model_type": "should be a mapping of keys to values, not {found}",
    "invalid_key": "unknown key {key}",
    "greater_than": "should be more than {gt:g}, not {found}",
    "greater_than_equal": "should be at least {ge:g}, not {found}",
    "less_than": "should be less than {lt:g}, not {found}",
    "less_than_equal": "should be at most {le:g}, not {found}",
    "string_too_short": "should not be empty",
    "string_too_long": "should have at most {max_length} characters, not {length}",
    "string_pattern_mismatch": "should be made of letters, digits and ._/- only, not {found}",
    "too_short": "should have at least {min_length}, not {actual_length}",
    "too_long": "should have at most {max_length}, not {actual_length}",
    "missing": "missing key '{key}'",
}
"""By pydantic's type of error; another type is told in pydantic's own words."""


def validated(
    model: type[M], data: Any, document: Document, base: tuple[Step, ...] = ()
) -> tuple[M | None, list[Problem]]:
    """The model of some data, or all its problems; ``base`` is where the data stand."""
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [_problem(model, detail, document, base) for detail in details]


def without_unknown_keys(model: type[BaseModel], data: Any) -> Any:
    """A copy of the data without the keys that the model does not know.

    A misspelt key is told by ``validated``; it should not hide what else is wrong.
    """
    pruned = copy.deepcopy(data)
    try:
        model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if detail["type"] == "extra_forbidden":
                _delete(pruned, detail["loc"])
    return pruned


def _delete(data: Any, loc: tuple[Step, ...]) -> None:
    for step in loc[:-1]:
        found = isinstance(data, list) or (isinstance(data, dict) and step in data)
        data = data[step] if found else data  # a union's own step is in no data
    if isinstance(data, dict):
        data.pop(loc[-1], None)


def _problem(
    model: type[BaseModel], error: ErrorDetails, document: Document, base: tuple[Step, ...]
) -> Problem:
    kind, loc = error["type"], error["loc"]
    of_key = kind in ("extra_forbidden", "invalid_key") or loc[-1:] == ("[key]",)
    loc = loc[:-1] if loc[-1:] == ("[key]",) else loc
    steps = base + loc
    if kind in ("extra_forbidden", "missing"):  # told at the mapping, its name in the sentence
        message = _key_message(kind, model, loc, error)
        where = spell(steps[:-1])
        place = document.place(steps if of_key else steps[:-1], key=of_key)
        return Problem(document.path, *place, f"{where}: {message}" if where else message)
    return document.problem(steps, _sentence(error), key=of_key)


def _key_message(
    kind: str, model: type[BaseModel], loc: tuple[Step, ...], error: ErrorDetails
) -> str:
    key = str(loc[-1])
    if kind == "missing":
        return f"missing key '{key}'"
    known = keys_at(model, loc[:-1])
    given = error["input"] if isinstance(error["input"], Mapping) else {}
    hint = suggest(key, [name for name in known if name not in given])
    return f"unknown key '{key}' ({hint or 'the keys are ' + ', '.join(known)})"


def _sentence(error: ErrorDetails) -> str:
    found = error["input"]
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "literal_error":
        expected = str(error["ctx"]["expected"])
        hint = suggest(str(found), re.findall(r"'([^']*)'", expected))
        return f"should be {expected}, not {shown(found)}" + (f" ({hint})" if hint else "")
    template = _SENTENCES.get(error["type"])
    if template is None:
        return error["msg"][:1].lower() + error["msg"][1:]
    number = isinstance(found, (int, float, bool)) or found is None
    return template.format(
        found=shown(found),
        length=len(found) if isinstance(found, str) else 0,
        key=shown(error["loc"][-1]) if error["loc"] else "",
        quoted=' (quote it: "…")' if number else "",
        **error.get("ctx", {}),
    )


def shown(value: Any) -> str:
    """A value as a problem names it: the way YAML writes it, or its kind where it is long."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 40 else f"'{value[:37]}…'"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "a mapping"
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)


def keys_at(model: type[BaseModel], loc: tuple[Step, ...]) -> list[str]:
    """The keys that the model at the end of a location knows, in their order."""
    node: Any = model
    for step in loc:
        node = _below(node, step)
    found = next(_models(node), None)
    if found is None:
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _below(annotation: Any, step: Step) -> Any:
    """The annotation of what a key or an index leads to."""
    if isinstance(step, int) and (item := _item(annotation)) is not None:
        return item
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if step in (field.alias or name, name):
                return field.annotation
        return None
    return _item(annotation)


def _item(annotation: Any) -> Any:
    """What a list or a mapping holds, through Annotated and Optional; None where it is neither."""
    origin = getattr(annotation, "__origin__", None)
    if origin is tuple:
        return get_args(annotation)[0]
    if origin is dict:
        return get_args(annotation)[1]
    parts = get_args(annotation)
    found = (_item(part) for part in parts)
    return next((item for item in found if item is not None), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names itself, not inside a list or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif getattr(annotation, "__origin__", None) not in (tuple, dict):
        for part in get_args(annotation):
            yield from _models(part)
