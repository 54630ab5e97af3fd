"""The clause grammar: variety, true labels, and splits that share no wording."""

from __future__ import annotations

import re
from itertools import combinations
from random import Random

import pytest

from harness.demo.grammar import (
    CONFLICT,
    NO_STATE,
    TYPES,
    Clause,
    Families,
    Pattern,
    clause,
    document,
    section,
)
from harness.demo.phrasing import (
    CLAUSES,
    CROSS_REFERENCES,
    INCORPORATIONS,
    JURISDICTIONS,
    PARTIES,
    STATES,
)

LISTS = {**CLAUSES, "law": JURISDICTIONS, "seat": INCORPORATIONS, "reference": CROSS_REFERENCES}


def drawn(clause_type: str, pattern: Pattern, seed: int) -> Clause:
    rng = Random(seed)
    return clause(document("d", rng), clause_type, pattern, Families.GATE, rng)


def states_in(text: str) -> set[str]:
    return {state for state in STATES if re.search(rf"\b{state}\b", text)}


def test_there_are_at_least_six_types_of_eight_phrasings() -> None:
    """Variety is the point of a grammar."""
    assert len(TYPES) >= 6
    assert all(len(set(families)) >= 8 for families in LISTS.values())


@pytest.mark.parametrize("name", LISTS)
def test_no_two_splits_share_a_phrasing_family(name: str) -> None:
    """What the gate says has been trained on by no adapter, and tuned on by nobody."""
    for one, other in combinations(Families, 2):
        assert not set(one.of(LISTS[name])) & set(other.of(LISTS[name]))


@pytest.mark.parametrize("name", LISTS)
def test_every_split_has_wordings_of_everything(name: str) -> None:
    """An empty share would make the split's texts degenerate."""
    assert all(len(split.of(LISTS[name])) >= 2 for split in Families)


@pytest.mark.parametrize("clause_type", TYPES)
@pytest.mark.parametrize("seed", range(20))
def test_the_governing_state_is_what_the_text_says(clause_type: str, seed: int) -> None:
    """The label follows from the text, whatever its pattern."""
    for pattern in Pattern:
        one = drawn(clause_type, pattern, seed)
        of, named = one.document, states_in(one.text)
        if one.state == NO_STATE:
            assert of.state not in named
            assert named <= {of.other}
        elif one.state == CONFLICT:
            assert named == {of.state, of.other}
        else:
            assert one.state == of.state
            assert named == ({of.state, of.other} if pattern is Pattern.ELSEWHERE else {of.state})


def test_a_governing_law_clause_always_names_a_state() -> None:
    """There ABSENT would be a clause about nothing."""
    assert drawn("governing law", Pattern.ABSENT, 1).pattern is Pattern.PLAIN


@pytest.mark.parametrize("clause_type", TYPES)
def test_a_clause_names_only_the_parties_of_its_document(clause_type: str) -> None:
    """Clauses of one contract share what the contract is about."""
    for seed in range(20):
        one = drawn(clause_type, Pattern.ELSEWHERE, seed)
        named = {party for party in PARTIES if re.search(rf"\b{party}\b", one.text)}
        assert named <= set(one.document.parties)


def test_some_clauses_carry_a_distractor_that_names_another_type() -> None:
    """About a third of them; a word list alone would fall for it."""
    texts = [drawn("payment", Pattern.PLAIN, seed).text.lower() for seed in range(200)]
    others = [t for t in TYPES if t != "payment"]
    share = sum(any(other in text for other in others) for text in texts) / len(texts)
    assert 0.2 < share < 0.5


def test_all_blanks_and_alternations_are_filled() -> None:
    """No template sign is left in any text."""
    rng = Random(3)
    texts = [
        clause(document("d", rng), rng.choice(TYPES), pattern, split, rng).text
        for split in Families
        for pattern in Pattern
        for _ in range(100)
    ]
    texts += [section(document("d", rng), rng.choice(TYPES), rng) for _ in range(100)]
    assert not [text for text in texts if set(text) & set("{}|")]


def test_the_same_seed_gives_the_same_clause() -> None:
    """And another seed another one."""
    assert drawn("payment", Pattern.PLAIN, 5) == drawn("payment", Pattern.PLAIN, 5)
    assert drawn("payment", Pattern.PLAIN, 5) != drawn("payment", Pattern.PLAIN, 6)
