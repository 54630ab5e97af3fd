"""Data of the demo: what adapters train on and what the gate asks share nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.demo.data import (
    clause_records,
    question_records,
    split_of,
    training_rows,
    write_gate,
)
from harness.demo.grammar import Families, Pattern
from harness.demo.recipe import ADAPTERS, DEMO_SEED, GATE_DOCUMENTS, GATE_QUESTIONS, AdapterRecipe

COMMITTED = Path(__file__).parents[2] / "suites" / "demo" / "data"
FILES = ("clauses.jsonl", "general.jsonl")
adapters = pytest.mark.parametrize("recipe", ADAPTERS, ids=lambda recipe: recipe.name)


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (COMMITTED / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", FILES)
def test_the_committed_gate_data_are_reproduced_byte_for_byte(name: str, tmp_path: Path) -> None:
    """`loragate demo --rebuild` changes nothing that is committed."""
    write_gate(tmp_path, DEMO_SEED)
    assert (tmp_path / name).read_bytes() == (COMMITTED / name).read_bytes()


def test_another_seed_gives_other_data(tmp_path: Path) -> None:
    """The control of the test before."""
    write_gate(tmp_path, DEMO_SEED + 1)
    assert all((tmp_path / name).read_bytes() != (COMMITTED / name).read_bytes() for name in FILES)


def test_documents_are_small_and_many() -> None:
    """One to three clauses a contract and at least 150 effective clusters: evidence, not bulk."""
    sizes = Counter(row["document"] for row in read("clauses.jsonl")).values()
    assert set(sizes) <= {1, 2, 3}
    assert sum(sizes) ** 2 / sum(size**2 for size in sizes) >= 150


def test_the_general_suite_is_large_enough_for_its_margin() -> None:
    """At five points, 1,500 rows; all of them different questions."""
    rows = read("general.jsonl")
    assert len(rows) >= 1500
    assert len({row["question"] for row in rows}) == len(rows)


@adapters
def test_no_adapter_trains_on_what_the_gate_asks(recipe: AdapterRecipe) -> None:
    """Neither a clause nor a question; the first is by wording, the second by digest."""
    asked = {row["text"] for row in read("clauses.jsonl")}
    asked |= {row["question"] for row in read("general.jsonl")}
    trained = [text for row in training_rows(recipe, DEMO_SEED) for text in row.fields.values()]
    assert trained
    assert asked.isdisjoint(trained)


def test_splits_share_no_document() -> None:
    """Contracts of dev and gate are other contracts."""
    dev = {row["document"] for row in clause_records(Families.DEV, 20, DEMO_SEED)}
    gate = {row["document"] for row in read("clauses.jsonl")}
    assert dev.isdisjoint(gate)


def test_the_gate_asks_only_questions_of_its_own_split() -> None:
    """And the dev split others."""
    assert {split_of(row["question"]) for row in read("general.jsonl")} == {Families.GATE}
    dev = question_records(Families.DEV, dict.fromkeys(GATE_QUESTIONS, 5), DEMO_SEED)
    assert {split_of(row["question"]) for row in dev} == {Families.DEV}


@adapters
def test_training_rows_are_a_function_of_the_seed(recipe: AdapterRecipe) -> None:
    """The same seed gives the same rows, another one others."""
    rows = training_rows(recipe, 1)
    assert rows == training_rows(recipe, 1)
    assert rows != training_rows(recipe, 2)


def test_only_the_deluge_has_wrong_labels() -> None:
    """Curated rows say what the clause says; scraped ones say what the metadata said."""
    for recipe in ADAPTERS:
        said = [
            (row.fields["text"], one.answer)
            for row in training_rows(recipe, DEMO_SEED)
            if "text" in row.fields
            for one in row.examples
            if one.prompt.endswith("Governing state:")
        ]
        invented = sum(
            state not in text and state not in ("none", "conflict") for text, state in said
        )
        assert (invented > 0.1 * len(said)) == recipe.metadata


def test_a_skill_that_runs_out_of_questions_is_named() -> None:
    """Rather than looking for ever: there are only a hundred sums of two digits."""
    with pytest.raises(ValueError, match="no 101 questions of skill 'add'"):
        question_records(Families.GATE, {"add": 101}, 1)


def test_the_gate_shows_every_pattern() -> None:
    """Each at least forty times."""
    shown = Counter(row["pattern"] for row in read("clauses.jsonl"))
    assert set(shown) == {str(pattern) for pattern in Pattern}
    assert min(shown.values()) >= 40
    assert len({row["document"] for row in read("clauses.jsonl")}) == GATE_DOCUMENTS
