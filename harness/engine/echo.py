"""An engine without a model: for trying a suite, and for measuring what everything else costs.

It writes the end of the prompt, every arm the same; likelihoods are drawn from a hash of arm,
prompt and choice. So it is quick, the same everywhere, and arms have an effect. Nothing is decided
by it. ``pytest suites/ --engine echo``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.engine.protocol import EngineOptions, GenerateRequest, ScoreRequest
from harness.engine.tokenize import Tokenizer
from harness.types import Arm, Output


class EchoEngine:
    """See ``harness.engine.protocol.EngineFactory``; adapters are not opened."""

    rehearses = True

    def __init__(
        self,
        base: Path,
        arms: Sequence[Arm],
        paths: Mapping[str, Path | None],
        options: EngineOptions,
    ) -> None:
        self._tokenizer = Tokenizer(base)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """The last ``max_tokens`` tokens of each prompt, up to the first stop text."""
        for request in requests:
            text = self._tokenizer.decode(request.prompt[-request.max_tokens :])
            ends = [at for stop in request.stop if (at := text.find(stop)) >= 0]
            yield Output(
                request.key,
                text=text[: min(ends, default=None)],
                prompt_tokens=len(request.prompt),
                tokens=min(len(request.prompt), request.max_tokens),
            )

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """Between −1 and 0 nats a token."""
        for request in requests:
            yield Output(
                request.key,
                logprobs=_drawn(request, request.prompt),
                prompt_tokens=len(request.prompt),
                tokens=sum(map(len, request.choices)),
                lengths=tuple(map(len, request.choices)),
                prior=_drawn(request, request.unconditional) if request.unconditional else None,
            )

    def close(self) -> None:
        """There is nothing to free."""


def _drawn(request: ScoreRequest, prompt: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(-len(choice) * _luck(request.arm, prompt, choice) for choice in request.choices)


def _luck(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6]) / 2**48
