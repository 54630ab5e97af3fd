"""Models from directories, without running any code that they bring."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from harness.adapters.config import AdapterConfig, read_config
from harness.adapters.targets import Targets
from harness.adapters.tensors import adapter_tensors
from harness.engine.numerics import ATTENTION
from harness.engine.protocol import CHOICES
from harness.errors import EngineError

if TYPE_CHECKING:
    from peft import LoraConfig


def load_base(base: Path, dtype: str, device: str = "cpu") -> PreTrainedModel:
    """The base model in evaluation mode, from safetensors on this disk; EngineError if it fails."""
    if dtype not in CHOICES["dtype"]:
        raise EngineError(f"dtype {dtype!r} is none of {', '.join(CHOICES['dtype'])}")
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            f"device cuda: torch {torch.__version__} finds none;"
            ' install a CUDA build of torch, or set device = "cpu" in [tool.loragate]'
        )
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # the gate has its own bar
    try:
        with _quiet():
            model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                base,
                dtype=getattr(torch, dtype),
                attn_implementation=ATTENTION,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise EngineError(f"{base}: transformers cannot load it: {error}") from error
    return _frozen(model.to(device))  # type: ignore[arg-type]  # typed for a torch.device alone


def load_peft(base: Path, adapter: Path, dtype: str, device: str = "cpu") -> PreTrainedModel:
    """A base model of its own with one adapter in it, through peft as it is.

    peft sees the same weights and the same meaning as the directory says, but no pattern of it:
    targets and ranks are resolved here, by ``Targets`` and its time limit. EngineError if a
    tensor of the adapter found no place.
    """
    model = load_base(base, dtype, device)
    ours = read_config(adapter)
    try:
        with _quiet():
            from peft import LoraConfig, PeftModel, get_peft_model_state_dict

            config = LoraConfig.from_pretrained(str(adapter))
            _resolve(config, ours, [name for name, _ in model.named_modules()])
            adapted = PeftModel.from_pretrained(model, str(adapter), config=config)
            loaded = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, TypeError) as error:
        raise EngineError(f"{adapter}: peft cannot load it: {error}") from error
    missing = loaded - {tensor.name for tensor in adapter_tensors(adapter)}
    if missing:
        raise EngineError(f"{adapter}: no tensor for {min(missing)}, so peft would make one up")
    return _frozen(model)  # peft put its layers into it


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings between libraries concern no user, and pytest may have made them errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _resolve(config: LoraConfig, ours: AdapterConfig, modules: list[str]) -> None:
    targets = Targets(ours)
    named = [module for module in modules if module and targets.matches(module)]
    if ours.target_modules is not None and not ours.all_linear:
        config.target_modules = set(named)  # type: ignore[assignment]  # a set inside peft
        config.exclude_modules = config.layers_to_transform = config.layers_pattern = None
    config.rank_pattern = {re.escape(module): targets.rank(module) for module in named}
    config.alpha_pattern = {re.escape(module): targets.alpha(module) for module in named}


def _frozen(model: PreTrainedModel) -> PreTrainedModel:
    model.eval()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    return model.requires_grad_(False)
