"""The engine through its public protocol: all arms in one batch, or as many times the base."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import Engine, EngineOptions
from harness.engine.start import start_torch
from harness.errors import EngineError
from harness.types import Arm, Output, Role

from .rival import Task
from .world import Answers, Tokens, World

NUMERICS = "bench"


class Ours:
    """``arms``: ``all``, or ``base`` for the same requests, all of them to the base model."""

    def __init__(self, world: World, mode: str, arms: str, batching: str = "padded") -> None:
        """``mode`` and ``batching`` are the engine's options."""
        self._world = world
        self._options: dict[str, Any] = {"mode": mode, "batching": batching}
        paths = [None, *(world.adapter(slot) for slot in range(world.adapters))]
        found = [_arm(path) for path in paths]
        self._asked = found if arms == "all" else [found[0]] * world.arms
        self._arms = found if arms == "all" else found[:1]
        self._paths = {arm.digest: path for arm, path in zip(found, paths, strict=True)}
        self._engine: Engine | None = None
        self.prepare(EngineOptions().batch_tokens)

    def prepare(self, batch: int) -> None:
        """An engine for this batch size, which is one of its options, in tokens."""
        if self._engine is not None:
            if self._options["batch_tokens"] == batch:
                return
            self._engine.close()
            self._engine = None
            gc.collect()  # overridden forwards make a model refer to itself
        self._options["batch_tokens"] = batch
        options = EngineOptions(**self._options)
        self._engine = start_torch(self._world.base, self._arms, self._paths, options)

    def ask(self, task: Task, way: str, batch: int) -> Answers:
        """There is one way."""
        assert self._engine is not None
        engine, world = self._engine, self._world
        if task == "generation":
            generate = [
                generate_request(arm, prompt, world.new_tokens, (), NUMERICS, copy)
                for copy, arm in enumerate(self._asked)
                for prompt in world.prompts
            ]
            texts = _by_key(engine.generate(generate))
            return self._grid([texts[request.key].text for request in generate])
        score = [
            score_request(arm, prompt, choices, NUMERICS, copy)
            for copy, arm in enumerate(self._asked)
            for prompt, choices in zip(world.prompts, world.choices, strict=True)
        ]
        scores = _by_key(engine.score(score))
        return self._grid([list(scores[request.key].logprobs or ()) for request in score])

    def likelihoods(self, arm: int, prompt: Tokens, choices: tuple[Tokens, ...]) -> list[float]:
        """See ``Rival``."""
        request = score_request(self._asked[arm], prompt, choices, NUMERICS)
        assert self._engine is not None
        (output,) = self._engine.score([request])
        return list(output.logprobs or ())

    def _grid(self, answers: list[Any]) -> list[list[Any]]:
        count = len(self._world.prompts)
        return [answers[start : start + count] for start in range(0, len(answers), count)]


def _arm(path: Path | None) -> Arm:
    name = "base" if path is None else path.name
    digest = sha256(name.encode()).hexdigest()
    role = Role.BASE if path is None else Role.MEMBER
    return Arm(role, name, "base", None if path is None else digest, digest)


def _by_key(outputs: Iterable[Output]) -> dict[str, Output]:
    found = {output.key: output for output in outputs}
    errors = [output.error for output in found.values() if output.error]
    if errors:
        raise EngineError(f"the engine failed at {len(errors)} requests: {errors[0]}")
    return found
