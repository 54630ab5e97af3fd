"""Requests that take several passes: a prior beside the choices, a text longer than the context."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from harness.engine.protocol import ScoreRequest
from harness.types import Output

Score = Callable[[Sequence[ScoreRequest]], Iterator[Output]]


def score_compound(
    score: Score, requests: Sequence[ScoreRequest], context: int | None
) -> Iterator[Output]:
    """One output for each request, as soon as all its passes are done.

    ``context`` is the most tokens of one pass, None without a limit. Requests of one arm that
    share an unconditional prompt and choices share the pass over it.
    """
    passes: dict[str, ScoreRequest] = {}
    waiting: dict[str, set[str]] = {}
    asking: dict[str, list[ScoreRequest]] = defaultdict(list)
    for request in requests:
        mine = _passes(request, context)
        passes.update(mine)
        waiting[request.key] = set(mine)
        for key in mine:
            asking[key].append(request)
    done: dict[str, Output] = {}
    for output in score(list(passes.values())):
        done[output.key] = output
        for request in asking.pop(output.key):
            left = waiting[request.key]
            left.discard(output.key)
            if not left:
                yield _joined(request, [done[key] for key in _passes(request, context)])


def _passes(request: ScoreRequest, context: int | None) -> dict[str, ScoreRequest]:
    """By key; the first one has the request's own."""
    alone = replace(request, unconditional=(), rolling=False)
    if request.unconditional:
        content = repr((request.arm, request.unconditional, request.choices)).encode()
        key = f"prior of {hashlib.sha256(content).hexdigest()}"
        prior = replace(alone, key=key, prompt=request.unconditional)
        return {request.key: alone, key: prior}
    (text,) = request.choices if request.rolling else ((),)
    if not request.rolling or context is None or len(request.prompt) + len(text) <= context:
        return {request.key: alone}
    # Windows that do not overlap (Press et al. 2021), each after the last token of the one before.
    size = context - 1
    found = {}
    for number, start in enumerate(range(0, len(text), size)):
        key = f"{request.key}#{number}" if number else request.key
        before = text[start - 1 : start] if start else request.prompt
        found[key] = replace(alone, key=key, prompt=before, choices=(text[start : start + size],))
    return found


def _joined(request: ScoreRequest, outputs: Sequence[Output]) -> Output:
    first = outputs[0]
    failed = next((output.error for output in outputs if output.error is not None), None)
    if len(outputs) == 1 or failed is not None:
        return (
            first if failed is None else replace(first, logprobs=None, lengths=None, error=failed)
        )
    if request.unconditional:
        return replace(first, prior=outputs[1].logprobs)
    totals = (output.logprobs[0] for output in outputs if output.logprobs)
    return replace(
        first,
        logprobs=(sum(totals),),
        lengths=(len(request.choices[0]),),
        prompt_tokens=len(request.prompt),
        tokens=sum(output.tokens for output in outputs),
        seconds=sum(output.seconds for output in outputs),
    )
