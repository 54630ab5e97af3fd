"""The padded, shrinking executor: all arms in one batch, finished rows leave it.

Letters: B rows of the batch, S tokens of the longest prompt, V vocabulary. Prompts are padded
on the left, so that the last token of every row stands in the last column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from harness.engine.pins import forward, max_context, new_cache
from harness.engine.protocol import GenerateRequest, ScoreRequest
from harness.engine.tokenize import Tokenizer
from harness.types import Output

PAD = 0
"""Any valid token: padded places are masked."""
NOT_FINITE = "non-finite log-probabilities"


@dataclass(slots=True)
class _Row:
    """One request under way."""

    request: GenerateRequest
    tokens: list[int]
    text: str | None = None
    """Set once a stop text was found; the answer before it."""
    error: str | None = None


class PaddedExecutor:
    """Runs batches of requests on one model.

    ``select`` is told the arm of each row before each pass over a changed set of rows.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: Tokenizer, select: Callable[[Sequence[str]], None]
    ) -> None:
        """The model must be in evaluation mode."""
        self._model = model
        self._tokenizer = tokenizer
        self._select = select
        self._context = max_context(model)

    def refusal(self, request: GenerateRequest | ScoreRequest) -> str | None:
        """Why a request cannot be run, if it cannot."""
        if not request.prompt:
            return "the prompt has no tokens"
        if isinstance(request, GenerateRequest):
            more = request.max_tokens
        elif request.choices and all(request.choices):
            more = max(map(len, request.choices))
        else:
            return "there is no choice, or one without tokens"
        if self._context is not None and len(request.prompt) + more > self._context:
            return (
                f"prompt of {len(request.prompt)} and answer of {more} tokens exceed the model's"
                f" context of {self._context}"
            )
        return None

    @torch.inference_mode()
    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """Continue all prompts together; rows come sorted by arm. Outputs as rows finish."""
        start, size = perf_counter(), len(requests)
        rows = [_Row(request, []) for request in requests]
        room = max(request.max_tokens for request in requests)
        cache = new_cache(self._model, room)
        tokens, mask = _pad_left([request.prompt for request in requests])
        self._select([request.arm for request in requests])
        while rows:
            logits = forward(self._model, tokens, mask, cache, keep=1)[:, -1]
            self._append(rows, logits)
            going = [place for place, row in enumerate(rows) if not self._finished(row)]
            if len(going) < len(rows):
                share = (perf_counter() - start) / size
                kept = set(going)
                yield from (
                    self._output(row, share) for at, row in enumerate(rows) if at not in kept
                )
                rows = [rows[place] for place in going]
                if not rows:
                    return
                index = torch.tensor(going)
                cache.batch_select_indices(index)
                mask = mask[index]
                self._select([row.request.arm for row in rows])
            tokens = torch.tensor([[row.tokens[-1]] for row in rows])
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)

    def _append(self, rows: Sequence[_Row], logits: Tensor) -> None:
        """Each row's most likely next token; logits [B, V]."""
        best = logits.argmax(-1).tolist()
        finite = torch.isfinite(logits.amax(-1)).tolist()
        for row, token, sound in zip(rows, best, finite, strict=True):
            row.tokens.append(token)
            if not sound:
                row.error = NOT_FINITE
        self._stop(rows)

    def _stop(self, rows: Sequence[_Row]) -> None:
        asked = [row for row in rows if row.request.stop and row.error is None]
        texts = self._tokenizer.decode_batch([row.tokens for row in asked])
        for row, text in zip(asked, texts, strict=True):
            ends = [at for stop in row.request.stop if (at := text.find(stop)) >= 0]
            if ends:
                row.text = text[: min(ends)]

    def _finished(self, row: _Row) -> bool:
        return (
            row.error is not None
            or row.text is not None
            or row.tokens[-1] in self._tokenizer.eos
            or len(row.tokens) >= row.request.max_tokens
        )

    def _output(self, row: _Row, seconds: float) -> Output:
        text = row.text
        if text is None:
            text = self._tokenizer.decode([t for t in row.tokens if t not in self._tokenizer.eos])
        return Output(
            key=row.request.key,
            text=None if row.error else text,
            prompt_tokens=len(row.request.prompt),
            tokens=len(row.tokens),
            seconds=seconds,
            error=row.error,
        )

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """Likelihoods of all choices: one pass per prompt, its cache repeated per choice."""
        start = perf_counter()
        tokens, mask = _pad_left([request.prompt for request in requests])
        longest = max(len(choice) for request in requests for choice in request.choices)
        cache = new_cache(self._model, longest - 1)
        self._select([request.arm for request in requests])
        logits = forward(self._model, tokens, mask, cache, keep=1)[:, -1]
        owner = [row for row, request in enumerate(requests) for _ in request.choices]
        choices = [choice for request in requests for choice in request.choices]
        firsts = logits[owner, [choice[0] for choice in choices]]
        totals = (firsts - logits.logsumexp(-1)[owner]).double()
        if longest > 1:
            totals += self._rest(requests, owner, choices, mask, cache)
        seconds = (perf_counter() - start) / len(requests)
        yield from _scored(requests, totals.tolist(), seconds)

    def _rest(
        self,
        requests: Sequence[ScoreRequest],
        owner: Sequence[int],
        choices: Sequence[tuple[int, ...]],
        mask: Tensor,
        cache: DynamicCache,
    ) -> Tensor:
        """Log-likelihood of each choice's tokens after its first; [number of choices]."""
        long = [place for place, choice in enumerate(choices) if len(choice) > 1]
        index = torch.tensor([owner[place] for place in long])
        inputs, real = _pad_right([choices[place][:-1] for place in long])
        labels, _ = _pad_right([choices[place][1:] for place in long])
        cache.batch_select_indices(index)
        self._select([requests[row].arm for row in index.tolist()])
        mask = torch.cat([mask[index], real], dim=1)
        logits = forward(self._model, inputs, mask, cache, keep=inputs.shape[1])
        picked = logits.gather(-1, labels[..., None])[..., 0] - logits.logsumexp(-1)
        totals = torch.zeros(len(choices), dtype=torch.float64)
        totals[long] = torch.where(real.bool(), picked, 0.0).double().sum(-1)
        return totals


def _scored(
    requests: Sequence[ScoreRequest], totals: Sequence[float], seconds: float
) -> Iterator[Output]:
    end = 0
    for request in requests:
        start, end = end, end + len(request.choices)
        mine = tuple(totals[start:end])
        sound = all(map(math.isfinite, mine))
        yield Output(
            key=request.key,
            logprobs=mine if sound else None,
            prompt_tokens=len(request.prompt),
            tokens=sum(len(choice) for choice in request.choices),
            seconds=seconds,
            error=None if sound else NOT_FINITE,
        )


def _pad_left(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Tokens and mask [B, S] with each row at the right end."""
    length = max(len(row) for row in rows)
    tokens = torch.tensor([[PAD] * (length - len(row)) + list(row) for row in rows])
    mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in rows])
    return tokens, mask


def _pad_right(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Tokens and mask [B, S] with each row at the left end."""
    length = max(len(row) for row in rows)
    tokens = torch.tensor([list(row) + [PAD] * (length - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    return tokens, mask
