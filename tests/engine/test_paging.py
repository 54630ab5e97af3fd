"""The size of a paged cache follows from the requests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.paging import DENSE_STEP, FLASH_PAGE, pages, plan_paging
from harness.engine.protocol import GenerateRequest

LENGTHS = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 300)), min_size=1, max_size=40)


def _requests(lengths: Sequence[tuple[int, int]]) -> list[GenerateRequest]:
    return [GenerateRequest(str(n), "arm", (2,) * p, t) for n, (p, t) in enumerate(lengths)]


@given(LENGTHS, st.integers(1, 20_000))
def test_the_longest_request_fits_and_no_more_than_was_allowed(
    lengths: list[tuple[int, int]], budget: int
) -> None:
    """Room for one at least; else for no more than the budget, nor than there is to do."""
    requests = _requests(lengths)
    paging = plan_paging(requests, budget)
    needs = [pages(request, paging.page) for request in requests]
    assert max(needs) <= paging.room <= max(max(needs), budget // paging.page)
    assert paging.room <= sum(needs)
    assert 1 <= paging.rows <= min(len(requests), paging.room)
    assert paging.rows <= paging.step_tokens <= max(paging.rows, DENSE_STEP)
    assert paging.room < paging.blocks <= paging.room * 1.2 + 2


@pytest.mark.parametrize(("prompt", "answer", "expected"), [(1, 15, 1), (1, 16, 2), (32, 1, 3)])
def test_a_page_once_begun_is_needed_whole(prompt: int, answer: int, expected: int) -> None:
    assert pages(_requests([(prompt, answer)])[0], 16) == expected


def test_flash_attention_takes_large_pages_and_whole_prompts() -> None:
    """It builds no mask, so a pass may be as long as the budget."""
    paging = plan_paging(_requests([(3000, 10)] * 4), 8192, flash=True)
    assert (paging.page, paging.step_tokens) == (FLASH_PAGE, 8192)
