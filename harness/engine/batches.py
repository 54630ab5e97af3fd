"""Which requests run together: neighbours in length, bounded in tokens, sorted by arm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from harness.engine.protocol import GenerateRequest, ScoreRequest

Request = TypeVar("Request", GenerateRequest, ScoreRequest)


def footprint(request: GenerateRequest | ScoreRequest) -> int:
    """How many tokens a request has in its batch at most, new ones and copies included.

    A prompt's cache is repeated per choice, but its activations are not: choices count by what
    they add.
    """
    if isinstance(request, GenerateRequest):
        return len(request.prompt) + request.max_tokens
    return len(request.prompt) + sum(len(choice) for choice in request.choices)


def plan_batches(
    requests: Sequence[Request], budget: int, slot: Callable[[str], int]
) -> Iterator[list[Request]]:
    """Batches of similar length, longest first, rows × longest footprint ≤ ``budget`` tokens.

    Longest first, so that memory runs out at once or never. A request over the budget runs
    alone. ``slot`` orders the arms within a batch.
    """
    ordered = sorted(requests, key=lambda request: (-len(request.prompt), request.key))
    batch: list[Request] = []
    longest = 0
    for request in ordered:
        widest = max(longest, footprint(request))
        if batch and widest * (len(batch) + 1) > budget:
            yield _by_arm(batch, slot)
            batch, widest = [], footprint(request)
        batch.append(request)
        longest = widest
    if batch:
        yield _by_arm(batch, slot)


def _by_arm(batch: Sequence[Request], slot: Callable[[str], int]) -> list[Request]:
    return sorted(batch, key=lambda request: slot(request.arm))
