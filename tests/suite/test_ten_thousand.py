"""Ten thousand mutations of valid suites: a suite, or sentences with their places, nothing else.

The suites are the examples, which use the whole language, on a few rows each.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from harness.suite import model
from harness.suite.model import Strict, Suite

from .test_mutations import mutate_text, mutate_tree, nodes, outcome

EXAMPLES = Path(__file__).parents[2] / "suites" / "examples"
ROWS, MUTATIONS = 6, 10_000
REST = """\
suite: tests/rest
description: The keys that no example has
owner: tests
data: {path: data/clauses.csv, format: csv, id: nr, cluster: contract, slices: [state]}
tasks:
  - name: classify
    prompt: "Clause: {{ body }}\\nType:"
    few_shot: {n: 2, path: data/clauses.csv, separator: "\\n"}
    choices: [indemnification, force majeure, governing law, confidentiality, termination, payment]
    target: "{{ kind }}"
    scorers: [accuracy]
  - name: extract
    chat: [{system: Be brief.}, {user: "{{ body }}"}, {assistant: "The state is"}]
    generate: {max_tokens: 5}
    target: "{{ state }}"
    scorers: [exact_match]
  - name: draw
    prompt: "{{ body }}"
    generate: {max_tokens: 5, temperature: 0.7, repeats: 2}
    scorers: []
cases:
  - id: one
    task: extract
    input: {body: No state.}
    expect: [{not-equals: Ohio, not-starts-with: Texas, not-ends-with: Texas}]
    severity: low
    required: false
  - id: often
    task: draw
    input: {body: No state.}
    expect: [{not-equals: Ohio}]
    rate: 0.5
rubrics:
  - name: brief
    task: extract
    criteria: {brief: {scale: {1: rambles, 5: one word}}}
    by: assertions
    assertions: [{max_words: 3}]
    min: 0.5
  - name: kind
    task: extract
    criteria: [coherence]
    by: judge
    judge: {by: base, chat: true, temperature: 0.7, seed: 3, runs: 2, max_tokens: 8}
checks:
  - {name: few, task: classify, metric: accuracy, max_per_cluster: 2, sequential: true}
"""
EXACT = """\
suite: tests/exact
data: {path: data/clauses.jsonl, split: null, digest: null}
tasks:
  - name: classify
    prompt: "{{ text }}"
    choices: [indemnification, force majeure, governing law, confidentiality, termination, payment]
    target: "{{ label }}"
    scorers: [accuracy]
checks:
  - {name: exact, task: classify, metric: accuracy, method: exact}
"""
OWN = """\
suite: tests/own
tasks:
  - {name: pick, prompt: "{{ question }}", choices_from: options, scorers: []}
cases:
  - {id: one, task: pick, input: {question: Which, options: [a, b]}, expect: [{equals: a}]}
"""


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every example and the demo's suite, each in a folder of its own."""
    found = []
    clauses = EXAMPLES.parent / "demo" / "clauses.yaml"
    for path in [*sorted(EXAMPLES.glob("*.yaml")), clauses]:
        if path.stem == "policy":
            continue
        folder = tmp_path_factory.mktemp(path.stem)
        shutil.copytree(path.parent / "data", folder / "data")
        text = path.read_text("utf-8")
        for data in (folder / "data").iterdir():
            pin = hashlib.sha256(data.read_bytes()).hexdigest()
            lines = data.read_bytes().splitlines(keepends=True)
            data.write_bytes(b"".join(lines[: ROWS + (data.suffix == ".csv")]))
            text = text.replace(pin, hashlib.sha256(data.read_bytes()).hexdigest())
        (folder / path.name).write_text(text, "utf-8")
        found.append(folder / path.name)
    for name, text in (("rest", REST), ("exact", EXACT), ("own", OWN)):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(found[0].parent / "data", folder / "data")
        (folder / f"{name}.yaml").write_text(text, "utf-8")
        found.append(folder / f"{name}.yaml")
    return found


def models(of: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> set[type[BaseModel]]:
    """A model and all that its fields hold."""
    seen = {of} if seen is None else seen | {of}
    for field in of.model_fields.values():
        for inner in _inside(field.annotation):
            if inner not in seen:
                seen |= models(inner, seen)
    return seen


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inside(part)


def keys_of(text: str) -> set[str]:
    """All keys of a suite, at whatever depth."""
    return {str(key) for holder, key in nodes(yaml.safe_load(text)) if isinstance(holder, dict)}


def test_the_valid_ones_are_valid_and_use_the_whole_language(valid: list[Path]) -> None:
    """Every key that a suite can have is in an example: what is mutated is everything."""
    assert {path.name: told for path in valid if (told := outcome(path))} == {}
    used = set().union(*(keys_of(path.read_text("utf-8")) for path in valid))
    declared = {
        (field.alias or name) for one in models(Suite) for name, field in one.model_fields.items()
    }
    short = {"how", "k", "pattern", "ignore_case"}  # reduce: first, matches: ^a
    assert {one.__name__ for one in vars(model).values() if _is_part(one)} <= {
        one.__name__ for one in models(Suite)
    }
    assert sorted(declared - used - short) == []


def _is_part(thing: Any) -> bool:
    return (
        isinstance(thing, type)
        and issubclass(thing, Strict)
        and thing not in (Strict, model.Claimed, model.Expecting)
    )


@pytest.mark.timeout(600)
def test_ten_thousand_mutations(valid: list[Path]) -> None:
    """A fifth at least still loads; of the others more than a hundred different things are told."""
    chance = random.Random(2026)
    texts = {path: path.read_text("utf-8") for path in valid}
    kinds: Counter[str] = Counter()
    fine = 0
    for number in range(MUTATIONS):
        path = valid[number % len(valid)]
        mutate = mutate_tree if chance.random() < 0.6 else mutate_text
        path.write_text(mutate(chance, texts[path]), "utf-8")
        told = outcome(path)
        path.write_text(texts[path], "utf-8")
        fine += not told
        kinds.update(message.split("'")[0] for message in told)
    assert fine >= MUTATIONS / 5
    assert len(kinds) >= 100
