"""Valid suites with something changed: a suite or a sentence with its place, nothing else."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import Problem, SuiteError
from harness.suite.cases import cases
from harness.suite.load import parse
from harness.suite.suite import load_suite

Write = Callable[..., Path]
STRANGE: list[Any] = [
    None, True, "no", "", 0, -1, 3.5, 10**30, [], {}, [[]], {"x": {}}, ["a", "a"], "{{ nothing }}",
    "{{ text", "{% for a in text %}{% for b in a %}", "(", "(a+)+$", "../../x", "\x00", "a::b[c]",
    "é" * 300, {3: 4}, "{{ text.__class__ }}", "null", "min", "base", "classify", "text",
]  # fmt: skip
TOKENS = ["&a ", "*a", "!x ", "[", "}", ":", "\t", "- ", '"', "#", "\x00", "---\n", "é", "{{", "?"]


def nodes(data: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of parsed YAML."""
    if not isinstance(data, (dict, list)):
        return []
    keys = list(data) if isinstance(data, dict) else range(len(data))
    return [(data, key) for key in keys] + [pair for key in keys for pair in nodes(data[key])]


def mutate_tree(chance: random.Random, text: str) -> str:
    """Change one node of a suite: drop, double, rename, move or shift it, or make it strange."""
    data = parse(text, "").data
    holder, key = chance.choice(nodes(data))
    kind = chance.choice(["drop", "double", "rename", "strange", "move", "shift"])
    if kind == "drop":
        del holder[key]
    elif kind == "double" and isinstance(holder, list):
        holder.append(holder[key])
    elif kind == "rename" and isinstance(holder, dict):
        word = str(key)
        cut = chance.randrange(len(word))
        holder[word[:cut] + word[cut + 1 :]] = holder.pop(key)
    elif kind == "shift":
        value = holder[key]
        holder[key] = value + 1 if isinstance(value, (int, float)) else value
        holder[key] = f"{value} x" if isinstance(value, str) else holder[key]
    elif kind == "move":
        other, place = chance.choice(nodes(data))
        holder[key] = json.loads(json.dumps(other[place]))
    else:
        holder[key] = chance.choice(STRANGE)
    return re.sub(r'"(\d+)": ', r"\1: ", json.dumps(data, ensure_ascii=False))


def mutate_text(chance: random.Random, text: str) -> str:
    """Change the text itself: a line doubled or dropped, a character lost, a token put in."""
    if not text:
        return text
    lines = text.splitlines(keepends=True)
    kind = chance.choice(["double", "drop", "swap", "lose", "insert", "cut", "indent"])
    at, place = chance.randrange(len(lines)), chance.randrange(len(text))
    if kind == "double":
        lines.insert(at, lines[at])
    elif kind == "drop":
        del lines[at]
    elif kind == "indent":
        lines[at] = " " + lines[at]
    elif kind == "swap":
        lines[at], lines[at - 1] = lines[at - 1], lines[at]
    elif kind == "lose":
        return text[:place] + text[place + 1 :]
    elif kind == "insert":
        return text[:place] + chance.choice(TOKENS) + text[place:]
    else:
        return text[:place]
    return "".join(lines)


def outcome(path: Path) -> list[str]:
    """Load and expand a suite: its problems, each with a place, or none."""
    problems: tuple[Problem, ...] | None = None
    try:
        assert list(cases(load_suite(path)))
    except SuiteError as error:
        problems = error.problems
    if problems is None:
        return []
    assert problems
    for problem in problems:
        assert problem.line or not problem.path.endswith(".yaml"), problem
        assert problem.message
        assert len(str(problem).splitlines()) == 1
    return [problem.message for problem in problems]


MUTATIONS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@MUTATIONS
@given(st.integers(0, 2**32))
def test_a_suite_with_one_node_changed(write_suite: Write, seed: int) -> None:
    """A missing, doubled, misspelt or strange part."""
    text = write_suite().read_text()

    outcome(write_suite(text=mutate_tree(random.Random(seed), text)))


@MUTATIONS
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_a_suite_with_its_text_damaged(write_suite: Write, seed: int, times: int) -> None:
    """Up to three slips of an editor."""
    chance = random.Random(seed)
    text = write_suite().read_text()
    for _ in range(times):
        text = mutate_text(chance, text)

    outcome(write_suite(text=text))


@MUTATIONS
@given(st.integers(0, 2**32))
def test_data_with_their_text_damaged(write_suite: Write, seed: int) -> None:
    """Broken JSON, doubled ids, lost fields, strange values."""
    chance = random.Random(seed)
    path = write_suite()
    data = path.parent / "data" / "clauses.jsonl"
    text = data.read_text()
    if chance.random() < 0.5:
        text = mutate_text(chance, text)
    else:
        rows = [json.loads(line) for line in text.splitlines()]
        holder, key = chance.choice(nodes(rows)[len(rows) :])
        holder[key] = chance.choice(STRANGE)
        text = "".join(json.dumps(row) + "\n" for row in rows)
    data.write_text(text)

    for message in outcome(path):
        assert "Traceback" not in message


def test_control_the_mutations_are_neither_all_valid_nor_all_alike(write_suite: Write) -> None:
    """A tenth at least still loads, and many different things are told of the others."""
    text = write_suite().read_text()
    chance = random.Random(7)
    found = [
        outcome(write_suite(text=mutate(chance, text)))
        for mutate in (mutate_tree, mutate_text)
        for _ in range(100)
    ]
    kinds = Counter(message.split(": ")[-1].split("'")[0] for told in found for message in told)

    assert 20 <= sum(not told for told in found) <= 180
    assert len(kinds) >= 20


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$"])
def test_control_a_strange_value_may_be_valid(write_suite: Write, pattern: str) -> None:
    """A slow pattern is legal; it is stopped when it runs."""
    assert outcome(write_suite(("contains: conflict", f"matches: '{pattern}'"))) == []
