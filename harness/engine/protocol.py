"""What an engine is, whoever implements it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from harness.types import Arm, Output

from .endpoint.options import EndpointOptions


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Continue a prompt, greedily unless there is a temperature."""

    key: str
    """The output's key; see ``harness.engine.keys``."""
    arm: str
    """``Arm.digest``."""
    prompt: tuple[int, ...]
    max_tokens: int
    stop: tuple[str, ...] = ()
    """Texts that end the answer and are not part of it."""
    temperature: float = 0.0
    seed: int = 0
    """Of the draws, modulo 2³²; without a temperature there are none."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """How likely is each choice as the continuation of a prompt?"""

    key: str
    arm: str
    prompt: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]
    """The tokens of each choice; none is empty."""
    unconditional: tuple[int, ...] = ()
    """A prompt after which the choices are measured as well, for ``Output.prior``."""
    rolling: bool = False
    """Whether the only choice is a whole text, which may be longer than the context."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One message to a model that is only served: its tokens are not known."""

    key: str
    arm: str
    text: str
    max_tokens: int
    choices: tuple[str, ...] = ()
    """Words of which the answer's first should be one; their likelihoods are asked for."""
    temperature: float = 0.0
    seed: int = 0


CHOICES = {
    "dtype": ("float32", "bfloat16", "float16"),
    "mode": ("deterministic", "fast"),
    "batching": ("padded", "continuous"),
    "device": ("cpu", "cuda"),
}
"""What each option may be."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an engine may be told."""

    dtype: str = "float32"
    """Of weights and computation; one of ``CHOICES``, as the following three are."""
    mode: Literal["deterministic", "fast"] = "deterministic"
    """deterministic: a linear's row has the same bits in any batch; fast: it may not."""
    batching: str = "padded"
    """How answers are generated: in padded, shrinking batches, or continuously."""
    device: str = "cpu"
    batch_tokens: int = 8192
    """Most tokens of one padded batch, its new tokens included: bounds memory."""
    endpoint: EndpointOptions | None = None
    """Of an engine whose models are served elsewhere."""


class Engine(Protocol):
    """Runs requests of any of its arms, in any order, and streams outputs as they finish.

    Each request gets exactly one output under its key. A request that fails gets an output with
    ``error``; EngineError is raised only where nothing can be run at all.
    """

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """Greedy continuations."""
        ...

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """Natural-log likelihoods of choices, each summed over its tokens."""
        ...

    def close(self) -> None:
        """Free the model; the engine is not used again."""
        ...


class Converses(Protocol):
    """What an engine has besides, whose models are served."""

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[Output]:
        """Answers, and in nats the likelihoods of the choices where the server tells them."""
        ...


class EngineFactory(Protocol):
    """How an engine of the registry is made; ``paths`` is arm digest → adapter directory.

    Raises EngineError if the base model or an adapter cannot be loaded. A factory may have
    attributes: a true ``rehearses`` runs no model, so that no decision is made by what it answers;
    a true ``noisy`` gives other bits every time, so that the baseline is always run twice;
    ``likelihoods(options)`` says whether there are any to prove effects by, and
    ``numerics(options, executor)`` instead of ``numerics_class`` what its outputs depend on.
    """

    def __call__(
        self,
        base: Path,
        arms: Sequence[Arm],
        paths: Mapping[str, Path | None],
        options: EngineOptions,
    ) -> Engine:
        """Load the base model and all arms."""
        ...
