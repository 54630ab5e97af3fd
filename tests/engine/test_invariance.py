"""Who shares a batch moves no bit of a score: families × threads, against a control that moves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from harness.engine.keys import score_request
from harness.engine.protocol import ScoreRequest
from harness.engine.torch_engine import TorchEngine

FAMILIES = ["llama", "gpt2", "qwen3", "mistral", "gemma3"]
Bits = dict[str, tuple[float, ...] | None]


@pytest.fixture(scope="module", params=FAMILIES)
def asked(request: pytest.FixtureRequest, worlds) -> tuple[TorchEngine, list[ScoreRequest]]:
    """The base and three ranks; each prompt with choices of its own, asked of every arm."""
    world = worlds(request.param)
    adapters = [
        world.adapter(f"rank-{rank}", seed=rank, r=rank, target_modules=targets)
        for rank, targets in ((1, "all-linear"), (4, world.linears), (24, "all-linear"))
    ]
    engine, arms = world.engine(*adapters)
    rng = random.Random(0)
    requests = []
    for prompt in [*world.prompts(5, longest=60), (7,) * 16, (8,) * 31]:
        choices = tuple(
            tuple(rng.randrange(2, 300) for _ in range(rng.choice((1, 1, 2, 3, 4, 7))))
            for _ in range(rng.randint(2, 4))
        )
        requests += [score_request(arm, prompt, choices, "test") for arm in arms]
    return engine, requests


def scored(engine: TorchEngine, requests: list[ScoreRequest], budget: int = 8192) -> Bits:
    """Log-likelihoods by key; every request must have some."""
    engine._options = replace(engine._options, batch_tokens=budget)
    outputs = {output.key: output.logprobs for output in engine.score(requests)}
    assert None not in outputs.values()
    return outputs


def batchings(requests: list[ScoreRequest]) -> Iterator[tuple[list[ScoreRequest], int]]:
    """Alone, all in another order, random companies, and several budgets."""
    rng = random.Random(1)
    for request in requests:
        yield [request], 8192
    yield rng.sample(requests, len(requests)), 8192
    for size, budget in ((3, 8192), (10, 8192), (20, 300), (len(requests), 130)):
        yield rng.sample(requests, size), budget


@pytest.mark.parametrize("threads", [1, 2])
def test_company_moves_no_bit(asked, threads: int) -> None:
    """Other arms, other prompts, another order, another budget."""
    engine, requests = asked
    torch.set_num_threads(threads)
    together = scored(engine, requests)
    for some, budget in batchings(requests):
        outputs = scored(engine, some, budget)
        moved = [key for key, logprobs in outputs.items() if logprobs != together[key]]
        assert not moved, f"{len(moved)} of {len(some)} at a budget of {budget}"


def test_control_a_common_width_moves_bits(asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts padded to the longest of their batch, as elsewhere: the same comparison fails."""
    engine, requests = asked
    torch.set_num_threads(1)
    together = scored(engine, requests)
    longest = max(len(request.prompt) for request in requests) + 1
    for module in ("batches", "padded"):
        monkeypatch.setattr(f"harness.engine.{module}.prompt_width", lambda _: longest)
    outputs = scored(engine, requests)
    assert sum(outputs[key] != together[key] for key in together) > len(together) // 4
