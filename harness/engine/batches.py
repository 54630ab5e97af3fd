"""Which requests run together: alike in length, bounded in tokens, sorted by arm.

On the CPU attention's bits depend on how many columns its queries and keys have, padding
included, and not on the number of rows. So a request to score is padded to a width of its own,
whoever is beside it, and its batch holds requests of that width only. Requests to generate run
beside their neighbours in length, padded to a common multiple of the same block: small batches
would cost them more, at every token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from harness.engine.protocol import GenerateRequest, ScoreRequest

Request = TypeVar("Request", GenerateRequest, ScoreRequest)

PROMPT_BLOCK = 16
CHOICE_BLOCK = 4


def prompt_width(request: GenerateRequest | ScoreRequest) -> int:
    """The columns of a prompt: the next multiple of 16 *above* its length.

    At least one column is padding: without any, transformers would leave the mask out, and
    attention would take another path.
    """
    return (len(request.prompt) // PROMPT_BLOCK + 1) * PROMPT_BLOCK


def rest_width(request: ScoreRequest) -> int:
    """The columns of its choices' later tokens; the first ones follow from the prompt's pass."""
    longest = max(map(len, request.choices)) - 1
    return longest if longest <= 2 else -(-longest // CHOICE_BLOCK) * CHOICE_BLOCK


def footprint(request: GenerateRequest | ScoreRequest) -> int:
    """How many tokens a request has in its batch at most, padding, new ones and copies included.

    A prompt's cache is repeated per choice, but its activations are not: choices count by what
    they add.
    """
    if isinstance(request, GenerateRequest):
        return prompt_width(request) + request.max_tokens
    return prompt_width(request) + rest_width(request) * sum(
        len(choice) > 1 for choice in request.choices
    )


def plan_batches(
    requests: Sequence[Request], budget: int, slot: Callable[[str], int]
) -> Iterator[list[Request]]:
    """Batches of like requests, longest first, rows × largest footprint ≤ ``budget`` tokens.

    Longest first, so that memory runs out at once or never. A request over the budget runs
    alone. The arms that are asked the same stay together where the budget allows: as many rows
    of one arm as of another are computed fastest. ``slot`` orders the arms within a batch.
    """
    ordered = sorted(
        requests, key=lambda request: (*_falling(request), request.prompt, request.key)
    )
    for _, alike in groupby(ordered, _company):
        batch: list[Request] = []
        largest = 0
        for part in _parts(alike, budget):
            most = max(largest, _largest(part))
            if batch and most * (len(batch) + len(part)) > budget:
                yield _by_arm(batch, slot)
                batch, most = [], _largest(part)
            batch += part
            largest = most
        yield _by_arm(batch, slot)


def _parts(requests: Iterable[Request], budget: int) -> Iterator[list[Request]]:
    """Requests of one prompt, as many as the budget allows at once."""
    for _, same in groupby(requests, lambda request: request.prompt):
        rest = list(same)
        count = max(1, budget // _largest(rest))
        yield from (rest[start : start + count] for start in range(0, len(rest), count))


def _largest(requests: Sequence[Request]) -> int:
    return max(map(footprint, requests))


def _falling(request: GenerateRequest | ScoreRequest) -> tuple[int, int]:
    rest = rest_width(request) if isinstance(request, ScoreRequest) else 0
    return -prompt_width(request), -rest


def _company(request: GenerateRequest | ScoreRequest) -> tuple[int, int] | None:
    """What the requests of a batch have in common."""
    return _falling(request) if isinstance(request, ScoreRequest) else None


def _by_arm(batch: Sequence[Request], slot: Callable[[str], int]) -> list[Request]:
    return sorted(batch, key=lambda request: slot(request.arm))
