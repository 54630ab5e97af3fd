"""The base's byte-level BPE tokenizer, trained on the demo's own text."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from harness.demo.data import clauses
from harness.demo.grammar import TYPES, Families
from harness.demo.recipe import BASE, GATE_PATTERNS
from harness.demo.skills import SKILLS, question

PAD = "<pad>"
EOS = "<eos>"
PAD_ID, EOS_ID = 0, 1


def train_tokenizer(seed: int) -> Tokenizer:
    """A byte-level BPE tokenizer in which names, states and months are one token each."""
    tokenizer = Tokenizer(models.BPE())
    # Single digits: numbers of any length are then read the same way.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=BASE.vocabulary,
        special_tokens=[PAD, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(seed), trainer)
    return tokenizer


def _corpus(seed: int) -> Iterator[str]:
    """Clause text for the most part, so that its names are learnt whole."""
    rng = Random(f"{seed}/tokenizer")
    found = clauses(Families.TRAIN, 800, (3, 6), GATE_PATTERNS, rng, "tokenizer")
    yield from (one.text for one in found)
    for clause_type in TYPES:
        yield from [f"Type: {clause_type}\nGoverning state: none conflict\nAnswer:"] * 50
    for skill in SKILLS:
        for _ in range(200):
            one = question(skill, rng)
            yield f"{one.text} {one.answer}"
