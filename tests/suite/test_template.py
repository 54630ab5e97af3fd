"""Prompt templates: what they can say, and that they can do nothing else."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from harness.suite.template import (
    FILTERS,
    MAX_OUTPUT,
    MAX_SOURCE,
    UnusableTemplateError,
    compile_template,
)

ROW: dict[str, Any] = {
    "text": " Hi ", "n": 3, "null": None, "items": ["a", "b"], "map": {"keys": "k"}, "yes": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Clause: {{ text }}\nType:\n", "Clause:  Hi \nType:\n"),
        ("{{ n }}{{ yes }}", "3True"),
        ("{{ text | trim | upper }}", "HI"),
        ("{{ items | join(', ') }}", "a, b"),
        ("{% for x in items %}{{ loop.index }}{{ x }};{% endfor %}", "1a;2b;"),
        ("{% if yes and n > 2 %}y{% else %}n{% endif %}", "y"),
        ("{% if other is defined %}x{% endif %}", ""),
        ("{{ map.keys }}{{ map['keys'] }}", "kk"),
        ("{{ items[0] ~ items[-1] }}{{ text[1:2] }}", "abH"),
        ("{{ map | tojson }}", '{"keys": "k"}'),
        ("{{ text | replace(' ', '') }}", "Hi"),
        ("{# a note #}{% raw %}{{ text }}{% endraw %}", "{{ text }}"),
        ("{{ '<' ~ (n + 1) }}", "<4"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_what_a_template_can_say(source: str, expected: str) -> None:
    """Fields, filters, choices and one level of repetition."""
    assert compile_template(source).render(ROW) == expected


def test_json_in_a_prompt_is_json_and_not_html() -> None:
    """Jinja's own filter escapes ``<`` and ``&``."""
    assert compile_template("{{ x | tojson }}").render({"x": "<é&>"}) == '"<é&>"'


def test_the_variables_are_the_fields_that_are_used() -> None:
    """Loop variables and filters are none."""
    source = "{{ a }}{% for x in b %}{{ x }}{{ c.d }}{% endfor %}{% if e is defined %}{% endif %}"

    assert compile_template(source).variables == {"a", "b", "c", "e"}
    assert compile_template("{{ a }} {{ b }}").variables == {"a", "b"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ 'a' * 10**9 }}", "'*' is not possible"),
        ("{{ 10 ** 10 ** 10 }}", "'**' is not possible"),
        ("{{ '%1000000000d' % n }}", "'%' is not possible"),
        ("{{ text.center(1000000000) }}", "a call is not possible"),
        ("{{ range(10) }}", "a call is not possible"),
        ("{% for a in items %}{% for b in items %}{% endfor %}{% endfor %}", "a loop in a loop"),
        ("{% for a in items recursive %}{% endfor %}", "a loop in a loop"),
        ("{% set x = 1 %}", "'set' is not possible"),
        ("{% include 'x' %}", "'include' is not possible"),
        ("{% import 'x' as y %}", "'import' is not possible"),
        ("{% extends 'x' %}", "'extends' is not possible"),
        ("{% macro m() %}{% endmacro %}", "'macro' is not possible"),
        ("{% block b %}{% endblock %}", "'block' is not possible"),
        ("{{ text | replace('a', 'aa') }}", "'replace' takes an old text and a new one that is no"),
        ("{{ text | replace('a') }}", "'replace' takes"),
        ("{{ text | replace(old='a', new='b') }}", "'replace' takes"),
        ("{{ items | join(text) }}", "an argument of 'join' should be a short constant"),
        ("{{ items | join('" + "x" * 101 + "') }}", "an argument of 'join' should be a short"),
        ("{{ n | round(100000) }}", "an argument of 'round' should be a short constant"),
        ("{{ items | join(*items) }}", "'*' arguments are not possible"),
        ("{{ text | center(9) }}", "not a template: No filter named 'center'"),
        ("{{ items | map('upper') }}", "not a template: No filter named 'map'"),
        ("{{ text", "not a template: unexpected end of template"),
        ("a\n{% if %}", "(line 2 of the template)"),
        ("{{ text }", "not a template:"),
        ("{{" + "(" * 3000 + "a" + ")" * 3000 + "}}", "nested too deep"),
        ("{{ a" + ".b" * 5000 + " }}", "nested too deep"),
        ("x" * (MAX_SOURCE + 1), "longer than 20,000 characters"),
    ],
    ids=lambda value: value[:40],
)
def test_what_could_run_long_or_escape_is_not_in_the_language(source: str, reason: str) -> None:
    """Refused when it is compiled, before any row."""
    with pytest.raises(UnusableTemplateError) as caught:
        compile_template(source)

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ txt }}", "'txt' is undefined"),
        ("{{ txt | upper }}", "'txt' is undefined"),
        ("{{ null }}", "prints a field that is null"),
        ("{{ items }}", "prints a list; use a filter such as join or tojson"),
        ("x{{ map }}", "prints a mapping; use a filter such as join or tojson"),
        ("{{ items | sort }}", "prints a list"),
        ("{{ text.upper }}", "has no attribute 'upper'"),
        ("{{ text.__class__.__mro__ }}", "has no attribute"),
        ("{{ text['__class__'] }}", "has no attribute '__class__'"),
        ("{{ map.items }}", "has no attribute 'items'"),
        ("{{ items[9] }}", "has no element 9"),
        ("{{ n + text }}", "unsupported operand"),
        ("{{ n | replace('a', 'b') | first | abs }}", "cannot be rendered"),
        ("{{ text | truncate(3, foo=1) }}", "unexpected keyword argument 'foo'"),
        ("{{ self }}", "prints a TemplateReference"),
        ("{% for x in n %}{% endfor %}", "not iterable"),
    ],
)
def test_a_row_that_does_not_fit_is_told(source: str, reason: str) -> None:
    """Each is a sentence, never another exception; no attribute of any object is reachable."""
    with pytest.raises(UnusableTemplateError) as caught:
        compile_template(source).render(ROW)

    assert reason in str(caught.value)


@pytest.mark.parametrize("source", ["{{ a }}" * 3, "{% for x in b %}{{ a }}{% endfor %}"])
def test_what_is_rendered_has_a_limit(source: str) -> None:
    """Reached without building the text."""
    row = {"a": "x" * (MAX_OUTPUT // 2), "b": list(range(100_000))}
    start = time.perf_counter()

    with pytest.raises(UnusableTemplateError, match="renders to more than 1,000,000 characters"):
        compile_template(source).render(row)

    assert time.perf_counter() - start < 1


VALUES = st.text(max_size=20) | st.integers() | st.floats(allow_nan=False) | st.booleans()
PIECES = st.lists(
    st.sampled_from(["{{ a }}", "{{b}}", "{{- c -}}", "x {{ a }}\n", "é\n\n", "{# n #}", " "]),
    max_size=6,
)


@given(PIECES, VALUES, VALUES, VALUES)
def test_plain_templates_are_filled_as_jinja_does(
    pieces: list[str], a: object, b: object, c: object
) -> None:
    """The shortcut for templates of fields only against Jinja's own compiled ones."""
    source, row = "".join(pieces), {"a": a, "b": b, "c": c}
    jinja = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)

    assert compile_template(source).render(row) == jinja.from_string(source).render(row)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.sampled_from([*FILTERS, "tojson"]), JSON)
def test_no_filter_raises_anything_else(name: str, value: object) -> None:
    """Any JSON value through any filter gives text or a sentence."""
    arguments = {"join": "('-')", "replace": "('a', 'b')", "truncate": "(3)"}.get(name, "")
    template = compile_template("{{ x | " + name + arguments + " }}")
    row = json.loads(json.dumps({"x": value}))

    with suppress(UnusableTemplateError):
        assert isinstance(template.render(row), str)
