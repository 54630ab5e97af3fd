"""What holds of every mutator, whatever its relation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.registry import MUTATORS
from harness.suite.mutating import Draw, Mutator, Seed
from harness.types import Relation

from .conftest import TEXTS

NAMES = MUTATORS.names()
KEEPS = (Relation.INVARIANT, Relation.EQUIVALENT, Relation.MONOTONIC)
TARGETS = st.none() | st.sampled_from(["Ohio", "30", "Mary", "yes", "$40,000"])
ODD = [
    "",
    " ",
    "a",
    "é",
    "e\u0301",
    "😀",
    "\ud800",
    "語",
    "\n\n",
    "Don't",
    "A. B. C.",
    "…",
    "3.5",
    "x" * 9,
]
LONG = "Acme shall pay Birch $40,000 on March 3, 2024. He does not sign. " * 1600 + " " * 5000


def _mutated(name, text, target=None, draw="seed"):
    mutator: Mutator = MUTATORS.load(name)()
    return mutator.mutate(Seed(text, target, ("Ohio", "Texas")), Draw(draw))


def test_there_are_more_than_two_dozen_of_every_relation():
    assert len(NAMES) >= 24
    assert {MUTATORS.load(name).relation for name in NAMES} == set(Relation)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS, target=TARGETS, seed=st.text(max_size=5))
def test_a_mutation_is_another_text_and_the_same_every_time(name, text, target, seed):
    made = _mutated(name, text, target, seed)
    assert made == _mutated(name, text, target, seed)
    assert all(one.text != text for one in made)
    assert len({one.text for one in made}) == len(made)
    if MUTATORS.load(name).relation in KEEPS and not name.endswith("_swap"):
        assert all(one.target == target for one in made)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ODD)
def test_no_text_is_too_odd(name, text):
    for one in _mutated(name, text, "Ohio"):
        assert isinstance(one.text, str)


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_thousand_characters_take_no_time(name):
    """Bounded by pytest's own limit: what is quadratic takes minutes here."""
    assert len(LONG) > 100_000
    _mutated(name, LONG, "Ohio")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_made_of_nothing(name):
    assert _mutated(name, "") == ()
