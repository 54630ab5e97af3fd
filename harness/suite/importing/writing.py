"""A suite as YAML that a person goes on with, and that the loader reads back as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from harness.errors import UsageError

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"])
"""Bare words that some reader takes for something else."""


class UnwritableError(UsageError):
    """A text that YAML has no way to say."""


class _Dumper(yaml.SafeDumper):
    """Quotes what could be read as a number or a word, and keeps lines as lines."""

    def ignore_aliases(self, data: Any) -> bool:
        """The loader takes none."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """List items stand to the right of their key."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if not writable(text):
        raise UnwritableError(f"{text[:40]!r} holds half a surrogate pair, which YAML cannot say")
    style = '"'
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = ""
    elif "\n" in text and text.isascii() and all(c.isprintable() or c == "\n" for c in text):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def as_yaml(suite: Mapping[str, Any], comment: str) -> str:
    """The suite's file. UnwritableError where a text holds half a surrogate pair."""
    body = yaml.dump(dict(suite), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    lead = "".join(f"# {_printable(line)}\n" for line in comment.splitlines())
    return f"# yaml-language-server: $schema=suite.schema.json\n{lead}{body}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def writable(text: str) -> bool:
    """Whether YAML has a way to say it."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of data, one a line. UnwritableError where a text holds half a surrogate pair."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    for number, line in enumerate(lines, 1):
        if not writable(line):
            raise UnwritableError(f"row {number} holds half a surrogate pair")
    return "".join(f"{line}\n" for line in lines)
