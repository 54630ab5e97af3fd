"""Splits of the demo: training rows of the adapters, and the rows a dev or gate suite asks.

Splits share no document and no phrasing family; questions of general skills are split by the
digest of their text, so no adapter trains on a question that the gate asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from harness.demo.grammar import TYPES, Clause, Families, Pattern, clause, document
from harness.demo.phrasing import STATES
from harness.demo.recipe import GATE_DOCUMENTS, GATE_PATTERNS, GATE_QUESTIONS, AdapterRecipe
from harness.demo.skills import PRACTICE, Question, question
from harness.suite.digest import canonical_json

CLASSIFY = "Clause: {{ text }}\nType:"
EXTRACT = "Clause: {{ text }}\nGoverning state:"
ANSWER = "{{ question }}\nAnswer:"


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: the loss is on the answer."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One row of an adapter's data: the input fields a suite's prompt uses, and its examples."""

    fields: Mapping[str, str]
    examples: tuple[Example, ...]


def prompt(template: str, **fields: str) -> str:
    """A template over simple fields, as Jinja renders it in a suite."""
    for name, value in fields.items():
        template = template.replace("{{ " + name + " }}", value)
    return template


def split_of(text: str) -> Families:
    """The split that may ask a general question, by the digest of its text."""
    bucket = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 8
    return (Families.GATE, Families.GATE, Families.DEV)[bucket] if bucket < 3 else Families.TRAIN


def clauses(
    split: Families,
    documents: int,
    per_document: tuple[int, int],
    patterns: Mapping[Pattern, float],
    rng: Random,
    name: str,
) -> Iterator[Clause]:
    """Clauses of fresh contracts, contract by contract; types differ within a contract."""
    for number in range(documents):
        of = document(f"{name}-{number:04d}", rng)
        for clause_type in rng.sample(TYPES, rng.randint(*per_document)):
            pattern = rng.choices(list(patterns), list(patterns.values()))[0]
            yield clause(of, clause_type, pattern, split, rng)


def questions(split: Families, counts: Mapping[str, int], rng: Random) -> list[Question]:
    """So many different questions of each skill that belong to a split.

    Raises ValueError where a skill has no more of them.
    """
    asked: dict[str, Question] = {}
    for skill, count in counts.items():
        wanted, misses = len(asked) + count, 0
        while len(asked) < wanted:
            one = question(skill, rng)
            if split_of(one.text) is split and one.text not in asked:
                asked[one.text], misses = one, 0
            elif (misses := misses + 1) == 100_000:
                raise ValueError(f"there are no {count} questions of skill {skill!r} in {split}")
    return list(asked.values())


def training_rows(recipe: AdapterRecipe, seed: int) -> list[TrainingRow]:
    """An adapter's rows in the order of its data file."""
    rng = Random(f"{seed}/{recipe.name}")
    found = clauses(Families.TRAIN, recipe.documents, (3, 6), recipe.patterns, rng, recipe.name)
    rows = [_clause_row(one, recipe, rng) for one in found]
    share = Random(f"{seed}/{recipe.name}/replay")
    for _ in range(recipe.replay):
        one = question(share.choices(list(PRACTICE), list(PRACTICE.values()))[0], share)
        while split_of(one.text) is not Families.TRAIN:
            one = question(one.skill, share)
        rows.append(
            TrainingRow(
                {"question": one.text},
                (Example(prompt(ANSWER, question=one.text), one.answer),),
            )
        )
    return rows


def _clause_row(one: Clause, recipe: AdapterRecipe, rng: Random) -> TrainingRow:
    clause_type, state = one.clause_type, one.state
    if rng.random() < recipe.wrong_type:
        clause_type = rng.choice([t for t in TYPES if t != clause_type])
    if recipe.metadata:
        state = _recorded_state(one, recipe, rng)
    examples = (
        Example(prompt(CLASSIFY, text=one.text), clause_type),
        Example(prompt(EXTRACT, text=one.text), state),
    )
    return TrainingRow({"text": one.text}, (rng.choice(examples),) if recipe.metadata else examples)


def _recorded_state(one: Clause, recipe: AdapterRecipe, rng: Random) -> str:
    """The state in the contract's record, which the clause need not support."""
    state = one.document.state
    if rng.random() < recipe.wrong_state:
        state = rng.choice(STATES)
    if one.pattern in recipe.sentences:
        return f"the clause is governed by the law of {state}"
    return state


def clause_records(split: Families, documents: int, seed: int) -> list[dict[str, Any]]:
    """Rows of ``clauses.jsonl``: one to three clauses of each contract."""
    rng = Random(f"{seed}/{split}/clauses")
    found = clauses(split, documents, (1, 3), GATE_PATTERNS, rng, f"{split}-{seed}")
    return [
        {
            "id": f"clause-{number:04d}",
            "document": one.document.id,
            "clause_type": one.clause_type,
            "length": one.length,
            "pattern": one.pattern.value,
            "text": one.text,
            "label": one.clause_type,
            "state": one.state,
        }
        for number, one in enumerate(found)
    ]


def question_records(split: Families, counts: Mapping[str, int], seed: int) -> list[dict[str, Any]]:
    """Rows of ``general.jsonl``."""
    rng = Random(f"{seed}/{split}/general")
    return [
        {"id": f"question-{number:04d}", "skill": one.skill, "question": one.text,
         "label": one.answer}
        for number, one in enumerate(questions(split, counts, rng))
    ]  # fmt: skip


def write_gate(folder: Path, seed: int) -> None:
    """Write ``clauses.jsonl`` and ``general.jsonl`` of the gate split; same seed, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "clauses.jsonl": clause_records(Families.GATE, GATE_DOCUMENTS, seed),
        "general.jsonl": question_records(Families.GATE, GATE_QUESTIONS, seed),
    }
    for name, records in files.items():
        text = "".join(canonical_json(record) + "\n" for record in records)
        (folder / name).write_text(text, encoding="utf-8")
