"""Tiny random base models with a tokenizer, random adapters, and the oracle: peft as it is."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.pytorch_utils import Conv1D

from harness.adapters.digest import DigestCache
from harness.adapters.inspection import inspect_adapter
from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import EngineOptions, GenerateRequest, ScoreRequest
from harness.engine.torch_engine import TorchEngine
from harness.types import Arm, Output, Role

VOCABULARY = 300
EOS = 1
CORPUS = ["the clause is governed by the laws of Delaware", "Type: indemnification", "a b c\n"]
CONTEXT = 128
BASE = Arm(Role.BASE, "base", "b" * 64, None, "base")

_COMMON = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": EOS}
_SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "initializer_range": 0.3,
}
_GEMMA = {
    "head_dim": 8,
    "query_pre_attn_scalar": 8,
    "sliding_window": 8,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "pad_token_id": 0,
}
"""Windows and full attention in one model, each with its own rotary embedding."""


def _model(family: str) -> PreTrainedModel:
    """Weights large enough that answers vary with the prompt."""
    torch.manual_seed(0)
    if family == "gpt2":
        sizes = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": CONTEXT}
        model = GPT2LMHeadModel(GPT2Config(**_COMMON, **sizes, initializer_range=0.3))
        for module in model.modules():
            if isinstance(module, Conv1D):
                module.bias.data.normal_(std=0.3)  # zero as initialised, which would hide mistakes
        return model
    if family == "llama":
        return LlamaForCausalLM(LlamaConfig(**_COMMON, **_SIZES, tie_word_embeddings=True))
    if family == "mistral":
        return MistralForCausalLM(MistralConfig(**_COMMON, **_SIZES, sliding_window=8))
    if family == "gemma3":
        return Gemma3ForCausalLM(Gemma3TextConfig(**_COMMON, **_SIZES, **_GEMMA))
    return Qwen3ForCausalLM(Qwen3Config(**_COMMON, **_SIZES, head_dim=8))


def save_tokenizer(directory: Path) -> None:
    """A byte-level BPE that adds no special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<bos>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.save(str(directory / "tokenizer.json"))
    text = json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"})
    (directory / "tokenizer_config.json").write_text(text)


class World:
    """One base model, adapters for it, and what transformers and peft say about them."""

    def __init__(self, root: Path, family: str) -> None:
        self.family, self.root, self.base = family, root, root / "base"
        _model(family).save_pretrained(self.base)
        save_tokenizer(self.base)
        self._oracles: dict[Path | None, PreTrainedModel] = {}
        self._digests = DigestCache(root / "digests.json")

    @property
    def linears(self) -> list[str]:
        """Three target names of this family: attention, its output or value, and the MLP's end."""
        return ["c_attn", "c_proj", "c_fc"] if self.gpt2 else ["q_proj", "v_proj", "down_proj"]

    @property
    def gpt2(self) -> bool:
        """Whether linears are Conv1D."""
        return self.family == "gpt2"

    def adapter(self, name: str, seed: int = 1, scale: float = 0.15, **config: Any) -> Path:
        """A random adapter, B as large as A, saved by peft."""
        settings = {"r": 4, "lora_alpha": 8, "target_modules": self.linears, "bias": "none"}
        model = AutoModelForCausalLM.from_pretrained(self.base)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peft and transformers warn about each other
            lora = LoraConfig(
                **{**settings, **config}, fan_in_fan_out=self.gpt2, task_type="CAUSAL_LM"
            )
            model = get_peft_model(model, lora)
            rng = torch.Generator().manual_seed(seed)
            for key, parameter in model.named_parameters():
                if parameter.requires_grad:
                    noise = torch.randn(parameter.shape, generator=rng)
                    keep = 0.0 if "lora_A" in key or "lora_B" in key else 1.0
                    size = scale if "lora_B" in key else 0.15
                    parameter.data = keep * parameter.data + size * noise
            model.save_pretrained(self.root / name)
        return self.root / name

    def arm(self, adapter: Path) -> Arm:
        """The arm of an adapter, inspected as the gate does."""
        info = inspect_adapter(adapter, self.base, self._digests.base(self.base), self._digests)
        return Arm(
            Role.CANDIDATE,
            info.name,
            BASE.base,
            info.digest,
            f"arm-{adapter.name}",
            str(adapter),
            info.executor,
        )

    def engine(
        self, *adapters: Path, batch_tokens: int = 700, **options: Any
    ) -> tuple[TorchEngine, list[Arm]]:
        """An engine over the base and these adapters; its arms, the base first."""
        arms = [BASE, *(self.arm(adapter) for adapter in adapters)]
        paths = {arm.digest: Path(arm.path) if arm.path else None for arm in arms}
        told = EngineOptions(batch_tokens=batch_tokens, **options)
        return TorchEngine(self.base, arms, paths, told), arms

    def oracle(self, adapter: Path | None) -> PreTrainedModel:
        """Unmodified peft, one adapter at a time."""
        if adapter not in self._oracles:
            model = AutoModelForCausalLM.from_pretrained(self.base, dtype=torch.float32)
            if adapter is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model = PeftModel.from_pretrained(model, adapter)
            self._oracles[adapter] = model.eval()
        return self._oracles[adapter]

    @torch.no_grad()
    def continuation(self, adapter: Path | None, prompt: tuple[int, ...], count: int) -> list[int]:
        """What the oracle generates greedily, end of sequence left out."""
        tokens = self.oracle(adapter).generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=count,
            do_sample=False,
            pad_token_id=0,
        )
        return [token for token in tokens[0, len(prompt) :].tolist() if token != EOS]

    @torch.no_grad()
    def loglikelihood(
        self, adapter: Path | None, prompt: tuple[int, ...], choice: tuple[int, ...]
    ) -> float:
        """The oracle's log-likelihood of a choice, from one unpadded row."""
        logits = self.oracle(adapter)(torch.tensor([prompt + choice])).logits[0]
        rows = logits.double().log_softmax(-1)[len(prompt) - 1 : -1]
        return float(rows[range(len(choice)), list(choice)].sum())

    def text(self, tokens: list[int]) -> str:
        """Tokens as text, by the tokenizers library itself."""
        return Tokenizer.from_file(str(self.base / "tokenizer.json")).decode(tokens)

    @staticmethod
    def prompts(count: int, seed: int = 0, longest: int = 30) -> list[tuple[int, ...]]:
        """Random prompts of 1 to ``longest`` tokens."""
        rng = random.Random(seed)
        return [
            tuple(rng.randrange(2, VOCABULARY) for _ in range(rng.randint(1, longest)))
            for _ in range(count)
        ]

    @staticmethod
    def to_generate(
        arms: Sequence[Arm],
        prompts: Sequence[tuple[int, ...]],
        tokens: int = 8,
        stop: tuple[str, ...] = (),
    ) -> list[GenerateRequest]:
        """Every prompt to every arm."""
        return [generate_request(arm, p, tokens, stop, "test") for arm in arms for p in prompts]

    @staticmethod
    def to_score(
        arms: Sequence[Arm],
        prompts: Sequence[tuple[int, ...]],
        choices: tuple[tuple[int, ...], ...],
    ) -> list[ScoreRequest]:
        """Every prompt to every arm, with the same choices."""
        return [score_request(arm, p, choices, "test") for arm in arms for p in prompts]

    @staticmethod
    def by_key(outputs: Iterator[Output]) -> dict[str, Output]:
        """Outputs by key; each key once."""
        result: dict[str, Output] = {}
        for output in outputs:
            assert output.key not in result
            result[output.key] = output
        return result


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """One world per family for the whole session."""
    known: dict[str, World] = {}

    def get(family: str) -> World:
        if family not in known:
            known[family] = World(tmp_path_factory.mktemp(family), family)
        return known[family]

    return get


@pytest.fixture(scope="session")
def llama(worlds: Callable[[str], World]) -> World:
    """The family that most tests use."""
    return worlds("llama")


@pytest.fixture(autouse=True)
def _nothing_halved(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A batch that fails is run again in halves: right answers could hide a mistake."""
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    assert not [record.message for record in records if "is halved" in record.getMessage()]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny models gain nothing from a second one, and pay for its spinning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _threads_restored() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
