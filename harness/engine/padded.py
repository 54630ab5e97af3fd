"""The padded, shrinking executor: all arms in one batch, finished rows leave it.

Letters: B rows of the batch, S columns of its prompts, V vocabulary. Prompts are padded on the
left, so that the last token of every row stands in the last column. Requests to score share a
batch only with those of the same widths (see ``batches``), and it moves no bit of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from harness.engine.answers import NOT_FINITE, Answer, Answers
from harness.engine.batches import prompt_width, rest_width
from harness.engine.pins import forward, max_context, new_cache
from harness.engine.protocol import GenerateRequest, ScoreRequest
from harness.engine.sampling import next_tokens
from harness.engine.tokenize import Tokenizer
from harness.types import Output

ROW_BLOCK = 4
"""What a vector loop leaves over at the end of a tensor, or of a thread's share of it, takes
another path, with other bits: so many rows of a width of 16s leave nothing to two threads."""
PAD = 0
"""Any valid token: padded places are masked."""


class PaddedExecutor:
    """Runs batches of requests on one model.

    ``select`` is told the arm of each row before each pass over a changed set of rows, and
    whether its bits matter: a score's do, those behind a generated text are nobody's promise.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        select: Callable[[Sequence[str], bool], None],
    ) -> None:
        """The model must be in evaluation mode."""
        self._model = model
        self._answers = Answers(tokenizer)
        self._select = select
        self.context = max_context(model)
        """Most tokens of one pass; None without a limit."""

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
        if self.context is not None and len(request.prompt) + more > self.context:
            return (
                f"prompt of {len(request.prompt)} and answer of {more} tokens exceed the model's"
                f" context of {self.context}"
            )
        return None

    @torch.inference_mode()
    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """Continue all prompts together; rows come sorted by arm. Outputs as rows finish."""
        start, size = perf_counter(), len(requests)
        occupancy = _occupancy(requests)
        rows = [Answer(request, occupancy=occupancy) for request in requests]
        room = max(request.max_tokens for request in requests)
        cache = new_cache(self._model, room)
        tokens, mask = self._prompts(requests)
        self._select([request.arm for request in requests], False)
        while rows:
            logits = forward(self._model, tokens, mask, cache, keep=1)[:, -1]
            self._answers.extend(rows, _next(rows, logits), logits.amax(-1).tolist())
            going = [place for place, row in enumerate(rows) if not self._answers.finished(row)]
            if len(going) < len(rows):
                kept = set(going)
                for place, row in enumerate(rows):
                    if place not in kept:
                        row.seconds = (perf_counter() - start) / size
                        yield self._answers.output(row)
                rows = [rows[place] for place in going]
                if not rows:
                    return
                index = self._tensor(going)
                cache.batch_select_indices(index)
                mask = mask[index]
                self._select([row.request.arm for row in rows], False)
            tokens = self._tensor([[row.tokens[-1]] for row in rows])
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """Likelihoods of all choices: one pass per prompt, its cache repeated per choice."""
        start = perf_counter()
        tokens, mask = self._prompts(requests)
        width = rest_width(requests[0])
        cache = new_cache(self._model, width)
        self._select([request.arm for request in requests], True)
        logprobs = forward(self._model, tokens, mask, cache, keep=1)[:, -1].log_softmax(-1)
        owner = [row for row, request in enumerate(requests) for _ in request.choices]
        choices = [choice for request in requests for choice in request.choices]
        totals = logprobs[owner, [choice[0] for choice in choices]].double()
        if width:
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
        width = rest_width(requests[0])
        long = [place for place, choice in enumerate(choices) if len(choice) > 1]
        filled = long + long[-1:] * (-len(long) % (ROW_BLOCK // math.gcd(width, ROW_BLOCK)))
        index = self._tensor([owner[place] for place in filled])
        inputs, real = self._rests([choices[place][:-1] for place in filled], width)
        labels, _ = self._rests([choices[place][1:] for place in filled], width)
        cache.batch_select_indices(index)
        self._select([requests[row].arm for row in index.tolist()], True)
        mask = torch.cat([mask[index], real], dim=1)
        logprobs = forward(self._model, inputs, mask, cache, keep=width).log_softmax(-1)
        picked = logprobs.gather(-1, labels[..., None])[..., 0]
        sums = torch.where(real.bool(), picked, 0.0).double().sum(-1)
        totals = torch.zeros(len(choices), dtype=torch.float64)
        totals[long] = sums[: len(long)]
        return totals

    def _prompts(
        self, requests: Sequence[GenerateRequest] | Sequence[ScoreRequest]
    ) -> tuple[Tensor, Tensor]:
        """Tokens and mask [B, S] with each prompt at the right end."""
        width = max(map(prompt_width, requests))
        rows = [request.prompt for request in requests]
        tokens = self._tensor([[PAD] * (width - len(row)) + list(row) for row in rows])
        return tokens, self._tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])

    def _rests(self, rows: Sequence[Sequence[int]], width: int) -> tuple[Tensor, Tensor]:
        """Tokens and mask [B, width] with each row at the left end."""
        tokens = self._tensor([list(row) + [PAD] * (width - len(row)) for row in rows])
        return tokens, self._tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])

    def _tensor(self, values: Sequence[int] | Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor(values, device=self._model.device)


def _occupancy(requests: Sequence[GenerateRequest] | Sequence[ScoreRequest]) -> float:
    """Tokens of the prompts over the places that they take."""
    width = max(map(prompt_width, requests))
    return sum(len(request.prompt) for request in requests) / (width * len(requests))


def _next(rows: Sequence[Answer], logits: Tensor) -> list[int]:
    """Each row's next token; logits [B, V]."""
    asked = [row.request for row in rows]
    if all(request.temperature <= 0 for request in asked):
        return logits.argmax(-1).tolist()
    seeds, temperatures = (
        torch.tensor(values, device=logits.device)
        for values in ([r.seed for r in asked], [r.temperature for r in asked])
    )
    positions = [len(row.request.prompt) + len(row.tokens) for row in rows]
    at = torch.tensor(positions, device=logits.device)
    return next_tokens(logits, seeds, at, temperatures).tolist()


def _scored(
    requests: Sequence[ScoreRequest], totals: Sequence[float], seconds: float
) -> Iterator[Output]:
    occupancy = _occupancy(requests)
    end = 0
    for request in requests:
        start, end = end, end + len(request.choices)
        mine = tuple(totals[start:end])
        sound = all(map(math.isfinite, mine))
        yield Output(
            key=request.key,
            logprobs=mine if sound else None,
            lengths=tuple(map(len, request.choices)) if sound else None,
            prompt_tokens=len(request.prompt),
            tokens=sum(len(choice) for choice in request.choices),
            seconds=seconds,
            error=None if sound else NOT_FINITE,
            occupancy=occupancy,
        )
