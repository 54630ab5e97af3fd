"""Pretraining of the base model: general skills and unlabelled clause text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from harness.demo.data import ANSWER, prompt
from harness.demo.grammar import TYPES, document, section
from harness.demo.recipe import BASE, CHAT_TEMPLATE
from harness.demo.skills import PRACTICE, question
from harness.demo.tokenizer import EOS, EOS_ID, PAD, PAD_ID, train_tokenizer
from harness.demo.training import Tokens, one_thread, optimise, quiet


def config(tokenizer: Tokenizer) -> LlamaConfig:
    """The base's shape."""
    return LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=BASE.hidden,
        num_hidden_layers=BASE.layers,
        num_attention_heads=BASE.heads,
        intermediate_size=BASE.feed_forward,
        max_position_embeddings=BASE.positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=EOS_ID,
        pad_token_id=PAD_ID,
    )


def pretrain(
    tokenizer: Tokenizer, seed: int, progress: Callable[[float], None] | None = None
) -> LlamaForCausalLM:
    """A trained base. The same seed gives the same weights; no global generator is touched."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        # transformers draws initial weights from the global generator, which is put back
        # after; they are drawn anew below from a generator of our own.
        model = LlamaForCausalLM(config(tokenizer))
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.ndim > 1:
                    weight.normal_(0.0, BASE.init_std, generator=generator)
        model.train()
        optimise(model, _batches(tokenizer, seed), BASE.steps, BASE.optimiser, 32, progress)
        for weight in model.parameters():
            # As it is shipped (``shipped``): nothing is lost when it is packed.
            weight.data = weight.data.half().float()
    model.train(False)
    return model


def save_base(folder: Path, seed: int, progress: Callable[[float], None] | None = None) -> None:
    """Train tokenizer and base and save both, as transformers loads them."""
    tokenizer = train_tokenizer(seed)
    model = pretrain(tokenizer, seed, progress)
    with quiet():
        model.save_pretrained(folder)
    # transformers leaves its tokenizers without annotations.
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, eos_token=EOS, pad_token=PAD
    )
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.save_pretrained(folder)


def _batches(tokenizer: Tokenizer, seed: int) -> Iterator[list[Tokens]]:
    rng = Random(f"{seed}/pretraining")
    for _ in range(BASE.steps):
        batch = []
        for _ in range(BASE.questions):
            one = question(rng.choices(list(PRACTICE), list(PRACTICE.values()))[0], rng)
            asked = tokenizer.encode(prompt(ANSWER, question=one.text)).ids
            answer = tokenizer.encode(f" {one.answer}").ids
            batch.append(Tokens((*asked, *answer, EOS_ID), len(asked)))
        for _ in range(BASE.clauses):
            text = section(document("pretraining", rng), rng.choice(TYPES), rng)
            ids = tokenizer.encode(text).ids
            batch.append(Tokens(tuple(ids), 1, BASE.clause_weight))
        yield batch
