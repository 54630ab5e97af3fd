"""Which rows a suite asks about: an expression of the templates' language, true or false."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .schema import shown
from .template import Template, UnusableTemplateError, compile_template


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled expression such as ``lang == 'en' and words > 3``."""

    _template: Template

    def keeps(self, fields: Mapping[str, Any]) -> bool:
        """Whether a row is asked about; UnusableTemplateError where that is not defined."""
        result = self._template.render(fields)
        if result not in ("True", "False"):
            raise UnusableTemplateError(f"gives {shown(result)}, neither true nor false")
        return result == "True"


def compile_filter(expression: str) -> Filter:
    """Check and compile an expression; UnusableTemplateError says why it is none.

    It is a template that prints one expression, so it can do no more than a prompt can.
    """
    if "}}" in expression:
        raise UnusableTemplateError("'}}' is not possible; a filter is one expression")
    return Filter(compile_template(f"{{{{ {expression} }}}}"))
