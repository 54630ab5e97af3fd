"""Templates of lm-evaluation-harness, filled as it fills them, in a sandbox.

They may call methods of a row's texts, as our own templates may not; so they are used once, when
a task is imported, and the suite holds what they gave.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import regex
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_PRODUCT = 1_000_000
"""Length of a text or list that is repeated, and size of a number that is raised."""
SECONDS = 2.0
"""Of one regular expression."""


class UnusableTaskTemplateError(ValueError):
    """A template that a row does not fill; the message is a sentence."""


class _Environment(ImmutableSandboxedEnvironment):
    """Refuses what would take all memory: ``'a' * 10**9``."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply only what stays small."""
        sizes = [len(x) if hasattr(x, "__len__") else abs(x) for x in (left, right)]
        if operator == "**" or sizes[0] * sizes[1] > MAX_PRODUCT:
            raise UnusableTaskTemplateError(f"'{operator}' of too large a text or number")
        return super().call_binop(context, operator, left, right)


def _regex_replace(text: str, pattern: str, repl: str, count: int = 0) -> str:
    return regex.sub(pattern, repl, text, count=count, timeout=SECONDS)


_ENVIRONMENT = _Environment(undefined=StrictUndefined, keep_trailing_newline=True)
_ENVIRONMENT.filters["regex_replace"] = _regex_replace


def render(template: str, row: Mapping[str, Any]) -> str:
    """The text of a template for one row, as ``lm_eval.utils.apply_template`` gives it."""
    try:
        return _ENVIRONMENT.from_string(template).render(**row)
    except UnusableTaskTemplateError:
        raise
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError,
            RecursionError, TimeoutError, regex.error) as error:  # fmt: skip
        raise UnusableTaskTemplateError(f"'{template[:80]}': {error}") from error


def text_of(template: str, row: Mapping[str, Any]) -> Any:
    """A field's value where the template is a field's name, else what it renders to."""
    return row[template] if template in row else render(template, row)


def literal(text: str) -> Any:
    """What a rendered Python literal stands for."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UnusableTaskTemplateError(f"{text[:80]!r} is no list ({error})") from error
