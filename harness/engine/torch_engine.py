"""The engine for models on this machine: one shared batch, peft's arms one after another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from transformers import PreTrainedModel

from harness.adapters.weights import load_weights
from harness.engine.batches import Request, plan_batches
from harness.engine.compound import score_compound
from harness.engine.continuous import ContinuousExecutor
from harness.engine.hooks import Adapter, ArmLayers
from harness.engine.load import load_base, load_peft
from harness.engine.numerics import threads
from harness.engine.padded import PaddedExecutor
from harness.engine.pins_continuous import unsupported
from harness.engine.protocol import EngineOptions, GenerateRequest, ScoreRequest
from harness.engine.settle import settle_threads
from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError
from harness.types import Arm, Output

log = logging.getLogger(__name__)

FAILURES = (RuntimeError, MemoryError, ValueError, IndexError)
"""What a forward pass raises: out of memory, a token outside the vocabulary, a shape."""


class TorchEngine:
    """``Engine`` over transformers; see ``harness.engine.protocol.EngineFactory``."""

    def __init__(
        self,
        base: Path,
        arms: Sequence[Arm],
        paths: Mapping[str, Path | None],
        options: EngineOptions,
    ) -> None:
        """Load the base model and the adapters of the shared batch; peft's arms come later."""
        torch.set_num_threads(threads())
        self._base, self._options, self._paths = base, options, paths
        self._tokenizer = Tokenizer(base)
        self._peft = {arm.digest: arm for arm in arms if arm.executor == "peft"}
        self._slots, adapters = _slots(arms, paths)
        model = load_base(base, options.dtype, options.device)
        if options.device == "cpu" and options.mode == "deterministic":
            settle_threads(model)
        layers = ArmLayers(model, adapters, options.mode)
        self._shared: PaddedExecutor | None = PaddedExecutor(
            model,
            self._tokenizer,
            lambda arms, exact: layers.select([self._slots[arm] for arm in arms], exact),
        )
        self._continuous = self._continuously(model, layers)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """See ``Engine.generate``."""
        for executor, mine in self._routes(requests):
            if executor is self._shared and self._continuous is not None:
                yield from self._together(self._continuous, mine)
            else:
                yield from self._run(executor.generate, executor.refusal, mine)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """See ``Engine.score``."""
        for executor, mine in self._routes(requests):
            run = partial(self._run, executor.score, executor.refusal)
            yield from score_compound(run, mine, executor.context)

    def close(self) -> None:
        """See ``Engine.close``."""
        self._shared = self._continuous = None

    def _continuously(self, model: PreTrainedModel, layers: ArmLayers) -> ContinuousExecutor | None:
        if self._options.batching != "continuous":
            return None
        reason = unsupported(model)
        if reason is not None:
            log.warning("answers are generated in padded batches: %s", reason)
            return None
        return ContinuousExecutor(
            model,
            self._tokenizer,
            self._slots.__getitem__,
            layers.route,
            self._options.batch_tokens,
        )

    def _together(
        self, executor: ContinuousExecutor, requests: Sequence[GenerateRequest]
    ) -> Iterator[Output]:
        """All requests at once: the executor lets in as many as there is room for."""
        sound, refused = _sorted_out(executor.refusal, requests)
        yield from refused
        if sound:
            yield from _halving(executor.generate, sound)

    def _routes(
        self, requests: Sequence[Request]
    ) -> Iterator[tuple[PaddedExecutor, list[Request]]]:
        """The shared batch first, then each peft arm with a model of its own, freed after it."""
        if self._shared is None:
            raise EngineError("the engine is closed")
        unknown = {r.arm for r in requests} - set(self._slots) - set(self._peft)
        if unknown:
            raise EngineError(f"arm {min(unknown)[:12]} is not among the engine's arms")
        shared = [request for request in requests if request.arm in self._slots]
        if shared:
            yield self._shared, shared
        for digest, arm in self._peft.items():
            mine = [request for request in requests if request.arm == digest]
            if mine:
                path = _path(arm, self._paths)
                model = load_peft(self._base, path, self._options.dtype, self._options.device)
                yield PaddedExecutor(model, self._tokenizer, lambda arms, exact: None), mine

    def _run(
        self,
        run: Callable[[Sequence[Request]], Iterator[Output]],
        refusal: Callable[[Request], str | None],
        requests: Sequence[Request],
    ) -> Iterator[Output]:
        sound, refused = _sorted_out(refusal, requests)
        yield from refused
        for batch in plan_batches(sound, self._options.batch_tokens, self._slot):
            yield from _halving(run, batch)

    def _slot(self, arm: str) -> int:
        return self._slots.get(arm, 0)


def _sorted_out(
    refusal: Callable[[Request], str | None], requests: Sequence[Request]
) -> tuple[list[Request], list[Output]]:
    """The requests that can be run, and an output for each that cannot."""
    reasons = [refusal(request) for request in requests]
    pairs = list(zip(requests, reasons, strict=True))
    sound = [request for request, reason in pairs if reason is None]
    return sound, [Output(r.key, error=reason) for r, reason in pairs if reason is not None]


def _halving(
    run: Callable[[Sequence[Request]], Iterator[Output]], batch: Sequence[Request]
) -> Iterator[Output]:
    """Run a batch; where it fails, its unfinished halves, down to the request that is at fault."""
    done: set[str] = set()
    try:
        for output in run(batch):
            done.add(output.key)
            yield output
        return
    except FAILURES as error:
        left = [request for request in batch if request.key not in done]
        if len(batch) == 1:
            yield Output(batch[0].key, error=f"{type(error).__name__}: {error}")
            return
        log.warning("a batch of %d failed and is halved: %s", len(batch), error)
    middle = -(-len(left) // 2)
    for half in (left[:middle], left[middle:]):
        if half:
            yield from _halving(run, half)


def _slots(
    arms: Sequence[Arm], paths: Mapping[str, Path | None]
) -> tuple[dict[str, int], list[Adapter]]:
    """Arm digest → slot, the base's −1 first, and the adapters by slot."""
    fused = {arm.digest: arm for arm in arms if arm.executor == "fused"}
    slots = {digest: -1 for digest, arm in fused.items() if arm.adapter is None}
    adapters: list[Adapter] = []
    for digest, arm in fused.items():
        if arm.adapter is not None:
            slots[digest] = len(adapters)
            adapters.append(load_weights(_path(arm, paths)))
    return slots, adapters


def _path(arm: Arm, paths: Mapping[str, Path | None]) -> Path:
    path = paths.get(arm.digest)
    if path is None:
        raise EngineError(f"arm {arm.name} ({arm.digest[:12]}) has no adapter directory")
    return path
