"""The model, its adapters and the requests, made on the spot in a folder that workers read."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .size import Size

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
PAD, EOS, UNKNOWN = 0, 1, 2
FIRST = 3
"""The first token that is a word."""
SEED = 11
INIT_STD, B_STD = 0.05, 0.02
"""Such that every layer answers about as loudly as it is spoken to, and an adapter a tenth."""

Tokens = tuple[int, ...]
Scores = list[list[list[float]]]
"""Arm, prompt, choice: log-likelihood in nats."""
Texts = list[list[str]]
"""Arm, prompt: the continuation."""
Answers = Scores | Texts


@dataclass(frozen=True, slots=True)
class World:
    """Where it lies, and what every arm is asked."""

    folder: Path
    prompts: tuple[Tokens, ...]
    choices: tuple[tuple[Tokens, ...], ...]
    """Of each prompt."""
    new_tokens: int
    adapters: int

    @property
    def base(self) -> Path:
        """The base model's directory, with its tokenizer."""
        return self.folder / "base"

    def adapter(self, slot: int) -> Path:
        """The directory of an adapter, as peft saves it."""
        return self.folder / "adapters" / f"a{slot}"

    @property
    def arms(self) -> int:
        """The base model, which is arm 0, and the adapters."""
        return 1 + self.adapters

    @classmethod
    def read(cls, folder: Path) -> World:
        """The world that ``make`` left there."""
        found = json.loads((folder / "world.json").read_text("utf-8"))
        return cls(
            folder,
            tuple(map(tuple, found["prompts"])),
            tuple(tuple(map(tuple, choices)) for choices in found["choices"]),
            found["new_tokens"],
            found["adapters"],
        )


def make(folder: Path, size: Size) -> World:
    """Weights, tokenizer and requests; the same for the same size."""
    rng = random.Random(SEED)
    prompts = tuple(_words(rng, rng.randint(*size.lengths), size) for _ in range(size.prompts))
    choices = tuple(_choices(rng, size) for _ in prompts)
    world = World(folder, prompts, choices, size.new_tokens, len(size.ranks))
    text = json.dumps({**asdict(world), "folder": None})
    (folder / "world.json").write_text(text, encoding="utf-8")
    _save_tokenizer(world.base, size)
    with quiet():
        _save_models(world, size)
    return world


def _words(rng: random.Random, count: int, size: Size) -> Tokens:
    return tuple(rng.randrange(FIRST, size.vocabulary) for _ in range(count))


def _choices(rng: random.Random, size: Size) -> tuple[Tokens, ...]:
    count = rng.randint(*size.choices)
    return tuple(_words(rng, rng.randint(*size.choice_tokens), size) for _ in range(count))


def _save_tokenizer(base: Path, size: Size) -> None:
    """Every token is a word of its own, so that text and tokens are the same to every rival."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    special = ["<pad>", "<eos>", "<unk>"]
    words = [*special, *(f"w{token}" for token in range(FIRST, size.vocabulary))]
    model = models.WordLevel({word: token for token, word in enumerate(words)}, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(special)
    base.mkdir(parents=True)
    tokenizer.save(str(base / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "<pad>",
        "eos_token": "<eos>",
        "unk_token": "<unk>",
    }
    (base / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def _save_models(world: World, size: Size) -> None:
    import torch
    from peft import LoraConfig, PeftModel
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.feed_forward,
        max_position_embeddings=2 * (size.lengths[1] + size.new_tokens),
        tie_word_embeddings=False,  # a tied head makes a random model repeat its last token
        bos_token_id=None,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    generator = torch.Generator().manual_seed(SEED)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model = LlamaForCausalLM(config)
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0.0, INIT_STD, generator=generator)
        for token in (PAD, EOS):
            model.lm_head.weight[token] = 0.0  # as likely as any: never the first
        model.save_pretrained(world.base)
        adapted = None
        for slot, rank in enumerate(size.ranks):
            lora = LoraConfig(
                r=rank, lora_alpha=2 * rank, target_modules=list(TARGETS), task_type="CAUSAL_LM"
            )
            if adapted is None:
                adapted = PeftModel(model, lora, adapter_name=f"a{slot}")
            else:
                adapted.add_adapter(f"a{slot}", lora)
        assert adapted is not None
        for name, weight in adapted.named_parameters():
            if "lora_A" in name:
                weight.normal_(0.0, weight.shape[1] ** -0.5, generator=generator)
            elif "lora_B" in name:
                weight.normal_(0.0, B_STD, generator=generator)
        adapted.save_pretrained(str(world.folder / "adapters"), save_embedding_layers=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Warnings between libraries concern no reader of a benchmark."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # untyped upstream
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
