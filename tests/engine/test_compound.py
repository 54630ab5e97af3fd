"""Requests of several passes, against an engine that says what it was asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.compound import score_compound
from harness.engine.protocol import ScoreRequest
from harness.types import Output


def likelihood(arm: str, before: int, token: int) -> float:
    """Of a model in which a token depends on the one before alone."""
    return -(1 + (7 * before + 3 * token + len(arm)) % 11) / 4


def after(arm: str, prompt: Sequence[int], choice: Sequence[int]) -> float:
    chain = [*prompt[-1:], *choice]
    return sum(likelihood(arm, a, b) for a, b in pairwise(chain))


class Model:
    """Scores one pass a request, in the reverse order, and counts them."""

    def __init__(self, refuses: tuple[int, ...] = ()) -> None:
        self.asked: list[ScoreRequest] = []
        self._refuses = refuses

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        self.asked += requests
        for request in reversed(requests):
            if request.prompt == self._refuses:
                yield Output(request.key, error="out of memory")
                continue
            yield Output(
                request.key,
                logprobs=tuple(after(request.arm, request.prompt, c) for c in request.choices),
                lengths=tuple(map(len, request.choices)),
                tokens=sum(map(len, request.choices)),
                seconds=1.0,
            )


CHOICES = ((1, 2), (3,))


def test_a_prior_is_measured_once_for_all_that_share_it():
    model = Model()
    requests = [
        ScoreRequest(f"{arm}{n}", arm, (n, n), CHOICES, unconditional=(9,))
        for arm in ("a", "bb")
        for n in range(3)
    ]
    found = {output.key: output for output in score_compound(model.score, requests, None)}
    assert len(model.asked) == 6 + 2
    for request in requests:
        output = found[request.key]
        assert output.logprobs == tuple(after(request.arm, request.prompt, c) for c in CHOICES)
        assert output.prior == tuple(after(request.arm, (9,), c) for c in CHOICES)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(2, 9))
def test_a_long_text_has_the_likelihood_of_its_windows(text: list[int], context: int):
    """In a model that looks back one token the windows lose nothing."""
    model = Model()
    request = ScoreRequest("k", "a", (5,), (tuple(text),), rolling=True)
    (output,) = score_compound(model.score, [request], context)
    assert output.key == "k"
    assert output.logprobs == pytest.approx((after("a", (5,), text),))
    assert output.lengths == (len(text),)
    assert output.tokens == len(text)
    assert all(len(one.prompt) + len(one.choices[0]) <= context for one in model.asked)
    assert len(model.asked) == max(1, math.ceil(len(text) / (context - 1)))


@pytest.mark.parametrize(
    "request_",
    [
        ScoreRequest("k", "a", (1,), CHOICES, unconditional=(9,)),
        ScoreRequest("k", "a", (9,), (tuple(range(10)),), rolling=True),
    ],
    ids=["prior", "rolling"],
)
def test_one_pass_that_fails_fails_the_request(request_: ScoreRequest):
    (output,) = score_compound(Model(refuses=(9,)).score, [request_], 5)
    assert (output.key, output.logprobs, output.error) == ("k", None, "out of memory")


def test_plain_requests_are_passed_on_and_streamed():
    requests = [ScoreRequest(str(n), "a", (n,), CHOICES) for n in range(3)]
    model = Model()
    found = score_compound(model.score, requests, 100)
    assert next(found).key == "2"
    assert model.asked == requests
