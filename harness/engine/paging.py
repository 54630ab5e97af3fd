"""How large a paged cache has to be: from the requests that will use it, never from free memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.engine.protocol import GenerateRequest

PAGE = 16
"""Tokens of a page: what a request wastes at most, and how much of a prompt is shared at least."""
FLASH_PAGE = 256
"""flash-attention's paged kernel takes multiples of it."""
DENSE_STEP = 256
"""Most tokens of one pass without flash attention: its mask has step × (cache + step) numbers."""
MARGIN = 0.15
"""The share of free blocks under which the scheduler lets no request in."""


@dataclass(frozen=True, slots=True)
class Paging:
    """The sizes of one paged cache and of the passes over it."""

    page: int
    """Tokens."""
    room: int
    """Pages that requests under way may come to need together, so that none is ever put back."""
    rows: int
    """Most requests under way."""
    step_tokens: int
    """Most tokens of one pass."""

    @property
    def blocks(self) -> int:
        """Pages of the cache."""
        return -int(-self.room // (1 - MARGIN)) + 1


def length(request: GenerateRequest) -> int:
    """How many tokens a request comes to have at most."""
    return len(request.prompt) + request.max_tokens


def pages(request: GenerateRequest, page: int) -> int:
    """How many pages a request comes to need at most."""
    return -(-length(request) // page)


def plan_paging(
    requests: Sequence[GenerateRequest], batch_tokens: int, flash: bool = False
) -> Paging:
    """A cache for as many of the requests as ``batch_tokens`` allows, and for the longest alone."""
    page = FLASH_PAGE if flash else PAGE
    needs = [pages(request, page) for request in requests]
    room = max(*needs, min(sum(needs), batch_tokens // page), 1)
    rows = min(len(needs), room)
    step = min(batch_tokens, sum(len(request.prompt) for request in requests))
    return Paging(page, room, rows, max(rows, step if flash else min(step, DENSE_STEP)))
