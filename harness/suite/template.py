"""Prompt templates: Jinja2 without anything that could run long, escape, or surprise.

A sandbox alone does not stop ``'a' * 10**9`` or a loop in a loop, and a thread cannot be
interrupted, so time is bounded by the language itself: a template may print fields, filter
them, choose (``if``) and repeat over a field (``for``, one level); it cannot call, assign,
multiply, import or nest loops. Its work is at most quadratic in the size of a row, its output
is cut off at ``MAX_OUTPUT``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_SOURCE = 20_000
"""Characters of a template."""
MAX_OUTPUT = 1_000_000
"""Characters of what it renders to."""
MAX_ARGUMENT = 100
"""Characters of an argument of a filter, which it may repeat for every item of a list."""
MAX_NUMBER = 10_000

FILTERS = (
    "abs", "capitalize", "default", "first", "float", "int", "join", "last", "length", "list",
    "lower", "replace", "reverse", "round", "sort", "title", "trim", "truncate", "unique",
    "upper", "wordcount",
)  # fmt: skip
"""And ``tojson``. None of them makes a text much longer than the row that it came from."""
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Tuple,
    nodes.List, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Neg, nodes.Add, nodes.Sub, nodes.Concat, nodes.Keyword,
)  # fmt: skip
_WORDS = {
    nodes.Call: "a call", nodes.Mul: "'*'", nodes.Pow: "'**'", nodes.Mod: "'%'",
    nodes.Assign: "'set'", nodes.AssignBlock: "'set'", nodes.Import: "'import'",
    nodes.FromImport: "'import'", nodes.Include: "'include'", nodes.Extends: "'extends'",
    nodes.Macro: "'macro'",
}  # fmt: skip


class UnusableTemplateError(ValueError):
    """A template that cannot be compiled, or rendered with a row; the message is a sentence."""


_OF_DATA = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
    RecursionError,
)  # fmt: skip
"""What an expression raises where a row's value does not fit it."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template and the fields that it uses."""

    source: str
    variables: frozenset[str]
    _fill: Callable[[Mapping[str, Any]], Iterable[str]]

    def render(self, fields: Mapping[str, Any]) -> str:
        """The text for one row; UnusableTemplateError where the row does not fit."""
        parts: list[str] = []
        length = 0
        try:
            for part in self._fill(fields):
                length += len(part)
                if length > MAX_OUTPUT:
                    raise UnusableTemplateError(f"renders to more than {MAX_OUTPUT:,} characters")
                parts.append(part)
        except UnusableTemplateError:
            raise
        except _OF_DATA as error:
            raise UnusableTemplateError(f"cannot be rendered: {error}") from error
        return "".join(parts)


def compile_template(source: str) -> Template:
    """Check and compile a template; UnusableTemplateError says what is wrong, and in which line."""
    if len(source) > MAX_SOURCE:
        raise UnusableTemplateError(f"longer than {MAX_SOURCE:,} characters")
    try:
        tree = _environment().parse(source)
        _check(tree, loops=0)
        plain = _plain(tree)
        if plain is not None:
            return Template(source, frozenset(name for _, name in plain if name), _filling(plain))
        variables = frozenset(meta.find_undeclared_variables(tree))
        return Template(source, variables, _environment().from_string(tree).generate)
    except TemplateSyntaxError as error:
        reason = f"{error.message} (line {error.lineno} of the template)"
        raise UnusableTemplateError(f"not a template: {reason}") from error
    except (SyntaxError, RecursionError, MemoryError) as error:  # of the compiler underneath
        raise UnusableTemplateError("not a template: nested too deep") from error


def _plain(tree: nodes.Template) -> list[tuple[str, str | None]] | None:
    """Text and field names in turn, where a template is nothing else: most prompts.

    Filling them in needs no compiled code, which takes Jinja a millisecond a template.
    """
    parts: list[tuple[str, str | None]] = []
    for statement in tree.body:
        if not isinstance(statement, nodes.Output):
            return None
        for node in statement.nodes:
            if isinstance(node, nodes.TemplateData):
                parts.append((node.data, None))
            elif isinstance(node, nodes.Name) and node.name != "self":
                parts.append(("", node.name))
            else:
                return None
    return parts


def _filling(
    parts: list[tuple[str, str | None]],
) -> Callable[[Mapping[str, Any]], Iterable[str]]:
    def fill(fields: Mapping[str, Any]) -> list[str]:
        try:
            return [text if name is None else str(_printable(fields[name])) for text, name in parts]
        except KeyError as error:
            raise UnusableTemplateError(f"cannot be rendered: {error} is undefined") from error

    return fill


class _PlainData(ImmutableSandboxedEnvironment):
    """Looks up the items of plain data, never an attribute or method of a Python object."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, (dict, list, str)):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=argument)
        return self.undefined(obj=obj, name=argument)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)


@cache
def _environment() -> _PlainData:
    environment = _PlainData(
        undefined=StrictUndefined, finalize=_printable, keep_trailing_newline=True, cache_size=0
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters["tojson"] = _tojson
    return environment


def _tojson(value: Any) -> str:
    """JSON as a person writes it; Jinja's own escapes ``<`` and ``&`` for HTML."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _printable(value: Any) -> Any:
    """Only text and numbers are printed: a list's or a method's own spelling is no prompt."""
    if isinstance(value, (str, int, float, Undefined)):
        return value
    if value is None:
        raise UnusableTemplateError("prints a field that is null")
    kind = {dict: "mapping"}.get(type(value), type(value).__name__)
    raise UnusableTemplateError(f"prints a {kind}; use a filter such as join or tojson")


def _check(node: nodes.Node, loops: int) -> None:
    """Refuse what a template may not hold, with its line."""
    kind = type(node)
    if kind not in _NODES:
        word = _WORDS.get(kind, f"'{kind.__name__.lower()}'")
        raise _refused(node, f"{word} is not possible; fields, filters, if and for are")
    if isinstance(node, nodes.For):
        loops += 1
        if loops > 1 or node.recursive:
            raise _refused(node, "a loop in a loop is not possible")
    if isinstance(node, nodes.Filter):
        _check_filter(node)
    for child in node.iter_child_nodes():
        _check(child, loops)


def _check_filter(node: nodes.Filter) -> None:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _refused(node, "'*' arguments are not possible")
    values: list[Any] = []
    for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
        if not isinstance(argument, nodes.Const) or not _small(argument.value):
            raise _refused(node, f"an argument of '{node.name}' should be a short constant")
        values.append(argument.value)
    if node.name == "replace":
        old, new = map(str, values) if len(values) == 2 else ("", "?")
        if node.kwargs or len(new) > len(old):
            raise _refused(node, "'replace' takes an old text and a new one that is no longer")


def _small(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_ARGUMENT
    return not isinstance(value, (int, float)) or abs(value) <= MAX_NUMBER


def _refused(node: nodes.Node, reason: str) -> UnusableTemplateError:
    return UnusableTemplateError(f"{reason} (line {node.lineno} of the template)")
