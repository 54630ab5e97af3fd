"""lm-eval's HF backend with one adapter, as one process per adapter uses it."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any

from harness.engine.tokenize import Tokenizer

from .rival import Task
from .world import Answers, Tokens, World, quiet


def installed() -> bool:
    """Whether lm-eval can be imported here."""
    return find_spec("lm_eval") is not None


class LmEvalArm:
    """``arm``: 0 is the base model."""

    def __init__(self, world: World, arm: str) -> None:
        """What ``lm_eval --model hf --model_args pretrained=…,peft=…`` loads, on the CPU."""
        self._world, self._arm = world, int(arm)
        self._tokenizer = Tokenizer(world.base)
        with quiet():
            from lm_eval.models.huggingface import HFLM

            logging.getLogger("lm_eval").setLevel(logging.ERROR)
            adapter = str(world.adapter(self._arm - 1)) if self._arm else None
            self._model: Any = HFLM(
                pretrained=str(world.base), peft=adapter, device="cpu", dtype="float32"
            )

    def prepare(self, batch: int) -> None:
        """See ``Rival``."""
        self._model.batch_size_per_gpu = batch

    def ask(self, task: Task, way: str, batch: int) -> Answers:
        """The answers of this arm alone, as a list of one; ``batch`` is in rows."""
        from lm_eval.api.instance import Instance

        world, tokenizer = self._world, self._tokenizer
        prompts = [tokenizer.decode(prompt) for prompt in world.prompts]
        with quiet():
            if task == "generation":
                settings = {"until": [], "max_gen_toks": world.new_tokens, "do_sample": False}
                asked = [
                    Instance("generate_until", {}, (prompt, dict(settings)), place)
                    for place, prompt in enumerate(prompts)
                ]
                texts: list[str] = self._model.generate_until(asked, disable_tqdm=True)
                return [texts]
            asked = [
                Instance("loglikelihood", {}, (prompt, f" {tokenizer.decode(choice)}"), place)
                for place, prompt in enumerate(prompts)
                for choice in world.choices[place]
            ]
            found = iter(self._model.loglikelihood(asked, disable_tqdm=True))
            return [[[next(found)[0] for _ in choices] for choices in world.choices]]

    def likelihoods(self, arm: int, prompt: Tokens, choices: tuple[Tokens, ...]) -> list[float]:
        """See ``Rival``; of this process's arm."""
        rows = [(("", ""), list(prompt), list(choice)) for choice in choices]
        return [one for one, _ in self._model._loglikelihood_tokens(rows, disable_tqdm=True)]
