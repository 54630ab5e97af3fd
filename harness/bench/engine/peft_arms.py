"""peft as it is: one model with all adapters, asked arm after arm, or in its mixed batch.

Ways: ``plain`` and ``merged`` run one arm at a time, its adapter beside or inside the weights;
``mixed`` hands a batch of all arms to peft (``adapter_names``). In scoring ``prefix`` runs each
prompt once and repeats its cache per choice, ``rows`` gives every choice a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import AutoModelForCausalLM

from harness.engine.numerics import threads
from harness.engine.tokenize import Tokenizer

from .rival import Task
from .world import PAD, Answers, Tokens, World, quiet

BASE_NAME = "__base__"
"""What peft calls the base model in a mixed batch."""


@dataclass(frozen=True, slots=True)
class _Ask:
    arm: int
    prompt: int


class PeftArms:
    """One model in memory for all ways."""

    def __init__(self, world: World) -> None:
        """Load the base and, under the names a0, a1, …, its adapters."""
        torch.set_num_threads(threads())
        self._world = world
        self._tokenizer = Tokenizer(world.base)
        self._names = [BASE_NAME, *(f"a{slot}" for slot in range(world.adapters))]
        with quiet():
            base = AutoModelForCausalLM.from_pretrained(world.base, dtype=torch.float32)
            model = PeftModel.from_pretrained(base, world.adapter(0), adapter_name="a0")
            for slot in range(1, world.adapters):
                model.load_adapter(str(world.adapter(slot)), adapter_name=f"a{slot}")
        self._model: Any = model.eval()

    def prepare(self, batch: int) -> None:
        """See ``Rival``: nothing."""

    @torch.inference_mode()
    def ask(self, task: Task, way: str, batch: int) -> Answers:
        """``batch`` is in prompts."""
        arms, _, style = way.partition("-")
        answers: list[list[Any]] = [[None] * len(self._world.prompts) for _ in self._names]
        with quiet():
            for asks in self._in_order(arms == "mixed"):
                with self._active(asks, arms):
                    for start in range(0, len(asks), batch):
                        part = asks[start : start + batch]
                        if arms == "mixed":
                            part = sorted(part, key=lambda ask: ask.arm)
                        found = self._run(task, part, arms == "mixed", style)
                        for ask, answer in zip(part, found, strict=True):
                            answers[ask.arm][ask.prompt] = answer
        return answers

    @torch.inference_mode()
    def likelihoods(self, arm: int, prompt: Tokens, choices: tuple[Tokens, ...]) -> list[float]:
        """See ``Rival``."""
        found = []
        with quiet(), self._active([_Ask(arm, 0)], "plain"):
            for choice in choices:
                logits = self._model(input_ids=torch.tensor([prompt + choice])).logits[0]
                rows = logits[len(prompt) - 1 : -1].double().log_softmax(-1)
                found.append(float(rows[range(len(choice)), list(choice)].sum()))
        return found

    def _in_order(self, mixed: bool) -> list[list[_Ask]]:
        """Runs of requests under one setting of the model, longest prompts first."""
        prompts, arms = self._world.prompts, range(len(self._names))
        order = sorted(range(len(prompts)), key=lambda prompt: -len(prompts[prompt]))
        if mixed:
            return [[_Ask(arm, prompt) for prompt in order for arm in arms]]
        return [[_Ask(arm, prompt) for prompt in order] for arm in arms]

    @contextmanager
    def _active(self, asks: Sequence[_Ask], arms: str) -> Iterator[None]:
        name = self._names[asks[0].arm]
        if arms == "mixed":
            yield
        elif name == BASE_NAME:
            with self._model.disable_adapter():
                yield
        else:
            self._model.set_adapter(name)
            if arms == "merged":
                self._model.base_model.merge_adapter([name])
            yield
            if arms == "merged":
                self._model.base_model.unmerge_adapter()

    def _run(self, task: Task, asks: Sequence[_Ask], mixed: bool, style: str) -> list[Any]:
        if task == "generation":
            return self._generate(asks, mixed)
        return self._prefix(asks, mixed) if style == "prefix" else self._rows(asks, mixed)

    def _generate(self, asks: Sequence[_Ask], mixed: bool) -> list[str]:
        tokens, mask = _pad_left([self._world.prompts[ask.prompt] for ask in asks])
        found = self._model.generate(
            input_ids=tokens,
            attention_mask=mask,
            max_new_tokens=self._world.new_tokens,
            do_sample=False,
            pad_token_id=PAD,
            **self._named(asks, mixed),
        )
        return self._tokenizer.decode_batch(found[:, tokens.shape[1] :].tolist())

    def _rows(self, asks: Sequence[_Ask], mixed: bool) -> list[list[float]]:
        """One row per choice; only the logits of the last places are computed."""
        choices = [choice for ask in asks for choice in self._world.choices[ask.prompt]]
        owner = [ask for ask in asks for _ in self._world.choices[ask.prompt]]
        rows = [
            self._world.prompts[ask.prompt] + choice[:-1]
            for ask, choice in zip(owner, choices, strict=True)
        ]
        tokens, mask = _pad_left(rows)
        keep = max(map(len, choices))
        logits = self._forward(tokens, mask, keep, self._named(owner, mixed)).logits
        labels, real = _pad_left(choices)
        totals = _summed(logits, labels, real)
        return _per_ask(totals, [len(self._world.choices[ask.prompt]) for ask in asks])

    def _prefix(self, asks: Sequence[_Ask], mixed: bool) -> list[list[float]]:
        tokens, mask = _pad_left([self._world.prompts[ask.prompt] for ask in asks])
        output = self._forward(tokens, mask, 1, self._named(asks, mixed))
        counts = [len(self._world.choices[ask.prompt]) for ask in asks]
        choices = [choice for ask in asks for choice in self._world.choices[ask.prompt]]
        owner = torch.arange(len(asks)).repeat_interleave(torch.tensor(counts))
        first = output.logits[:, -1].log_softmax(-1)
        totals = first[owner, [choice[0] for choice in choices]].double()
        long = [place for place, choice in enumerate(choices) if len(choice) > 1]
        if long:
            index = owner[long]
            inputs, more = _pad_right([choices[place][:-1] for place in long])
            labels, _ = _pad_right([choices[place][1:] for place in long])
            cache = output.past_key_values
            cache.batch_select_indices(index)
            repeated = [asks[row] for row in index.tolist()]
            mask = torch.cat([mask[index], more], dim=1)
            named = self._named(repeated, mixed)
            logits = self._forward(inputs, mask, inputs.shape[1], named, cache).logits
            totals[long] += _summed(logits, labels, more)
        return _per_ask(totals, counts)

    def _forward(
        self, tokens: Tensor, mask: Tensor, keep: int, named: dict[str, Any], cache: Any = None
    ) -> Any:
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        return self._model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            logits_to_keep=keep,
            **named,
        )

    def _named(self, asks: Sequence[_Ask], mixed: bool) -> dict[str, Any]:
        return {"adapter_names": [self._names[ask.arm] for ask in asks]} if mixed else {}


def _summed(logits: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Log-likelihood of each row's labels [B, S], where ``real``; logits [B, S, V]."""
    picked = logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0]
    return torch.where(real.bool(), picked, 0.0).double().sum(-1)


def _per_ask(totals: Tensor, counts: Sequence[int]) -> list[list[float]]:
    return [part.tolist() for part in torch.split(totals, list(counts))]


def _pad_left(rows: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
    length = max(map(len, rows))
    tokens = torch.tensor([(PAD,) * (length - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in rows])
    return tokens, mask


def _pad_right(rows: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
    length = max(map(len, rows))
    tokens = torch.tensor([row + (PAD,) * (length - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    return tokens, mask
