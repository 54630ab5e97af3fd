"""A valid suite on disk, and ways to break it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

SUITE = """\
suite: contracts/clauses
description: Which clause is this, and who is bound by it?
owner: legal-ml
data:
  path: data/clauses.jsonl
  id: id
  cluster: document
  slices: [clause_type, length]
tasks:
  - name: classify
    prompt: "Clause: {{ text }}\\nType:"
    choices: [indemnification, force majeure, governing law]
    target: "{{ label }}"
    scorers: [accuracy]
  - name: extract
    prompt: "Clause: {{ text }}\\nGoverning state:"
    generate: {max_tokens: 12, stop: ["\\n"]}
    target: "{{ state }}"
    scorers: [exact_match, token_f1, {grounded: {source: text}}]
cases:
  - id: conflict-1
    task: extract
    input: {text: "It is governed by Delaware law. It is governed by Ohio law."}
    expect: [{contains: conflict}]
    reason: two governing laws must be flagged, not reconciled
rubrics:
  - name: concise
    task: extract
    criteria: {concise: {scale: {1: rambles, 5: only the answer}}}
    by: assertions
    assertions: [{max_words: 6}]
    min: 0.9
checks:
  - {name: accuracy-no-worse, task: classify, metric: accuracy, against: baseline, margin: 0.03}
  - {name: grounded-no-worse, task: extract, metric: grounded, against: baseline, margin: 0.03}
  - {name: better, task: classify, metric: accuracy, claim: better, required: false}
  - {name: floor, task: classify, metric: accuracy, min: 0.80}
"""
"""The suite of the design."""

ROWS: list[dict[str, Any]] = [
    {
        "id": f"s{number}",
        "document": f"d{number // 2}",
        "clause_type": "law" if number % 2 else "harm",
        "length": number,
        "text": f"Clause {number} of Acme Corp is governed by Ohio law.",
        "label": "governing law" if number % 2 else "indemnification",
        "state": "Ohio" if number % 2 else "",
    }
    for number in range(6)
]

Write = Callable[..., Path]


def lines(rows: Sequence[Any]) -> str:
    """Rows as JSON lines; text stays what it is, to write broken ones."""
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.fixture
def write_suite(tmp_path: Path) -> Write:
    """Write the suite with some of its text replaced, its rows, and perhaps a policy."""

    def write(
        *replacements: tuple[str, str],
        text: str = SUITE,
        rows: Sequence[Any] = ROWS,
        policy: str | None = None,
    ) -> Path:
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new, 1)
        folder = tmp_path / "suites" / "contracts"
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "data" / "clauses.jsonl").write_text(lines(rows))
        (folder / "clauses.yaml").write_text(text)
        if policy is not None:
            (tmp_path / "suites" / "policy.yaml").write_text(policy)
        return folder / "clauses.yaml"

    return write
