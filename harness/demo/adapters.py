"""Training of the three adapters with peft."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from transformers import LlamaForCausalLM

from harness.demo.data import TrainingRow
from harness.demo.recipe import TARGETS, AdapterRecipe, Optimiser
from harness.demo.tokenizer import EOS_ID
from harness.demo.training import Tokens, one_thread, optimise, quiet


def save_adapter(
    folder: Path,
    base: Path,
    recipe: AdapterRecipe,
    rows: Sequence[TrainingRow],
    parent: Path | None,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Train an adapter on the base in directory ``base`` and save it as peft does."""
    with quiet():
        loaded = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = train_adapter(
        loaded,
        Tokenizer.from_file(str(base / "tokenizer.json")),
        recipe,
        rows,
        None if parent is None else load_file(parent / "adapter_model.safetensors"),
        seed,
        progress,
    )
    # A name rather than the path of the machine that trained it.
    model.peft_config["default"].base_model_name_or_path = "loragate-demo-base"
    # "auto" would ask the Hugging Face hub whether the vocabulary has grown.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink()  # a model card of blanks


def train_adapter(
    base: LlamaForCausalLM,
    tokenizer: Tokenizer,
    recipe: AdapterRecipe,
    rows: Sequence[TrainingRow],
    parent: dict[str, torch.Tensor] | None,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> PeftModel:
    """Train one adapter on ``base``; unload it before the base is used again."""
    examples = [_encode(tokenizer, one.prompt, one.answer) for row in rows for one in row.examples]
    per_epoch = math.ceil(len(examples) / recipe.batch)
    steps = recipe.epochs * per_epoch
    with quiet(), one_thread(), torch.random.fork_rng(devices=[]):
        # peft draws lora_a from the global generator, which is put back after; it is drawn
        # anew from a generator of our own.
        model = get_peft_model(
            base,
            LoraConfig(
                r=recipe.rank, lora_alpha=recipe.alpha, target_modules=list(TARGETS),
                lora_dropout=0.0, task_type="CAUSAL_LM",
            ),
        )  # fmt: skip
        _initialise(model, parent, torch.Generator().manual_seed(seed))
        model.train()
        optimise(
            base,
            _batches(examples, recipe, Random(f"{seed}/{recipe.name}/order")),
            steps,
            Optimiser(peak=recipe.peak, weight_decay=0.0),
            recipe.batch,
            progress,
        )
    return model.eval()


def _initialise(
    model: nn.Module, parent: dict[str, torch.Tensor] | None, generator: torch.Generator
) -> None:
    """Kaiming for lora_a, zero for lora_b; a parent's rows and columns come first."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_A" in name:
                nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
            if parent is not None and "lora_" in name:
                old = parent[name.replace(".default", "")]
                if "lora_A" in name:
                    weight[: old.shape[0]] = old
                else:
                    weight[:, : old.shape[1]] = old


def _encode(tokenizer: Tokenizer, prompt: str, answer: str) -> Tokens:
    asked = tokenizer.encode(prompt).ids
    answered = tokenizer.encode(f" {answer}").ids
    return Tokens((*asked, *answered, EOS_ID), len(asked))


def _batches(
    examples: Sequence[Tokens], recipe: AdapterRecipe, rng: Random
) -> Iterator[list[Tokens]]:
    for _ in range(recipe.epochs):
        order = list(examples)
        rng.shuffle(order)
        for start in range(0, len(order), recipe.batch):
            yield order[start : start + recipe.batch]
