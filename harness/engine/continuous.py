"""The continuous executor: a request joins the batch when another one has left it.

Scheduling, paged cache and captured graphs are transformers' own; the arms are ours. Scoring is
not done here: the padded executor's way, one pass per prompt, is the cheaper one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from math import isfinite
from time import perf_counter

import torch
from transformers import PreTrainedModel

from harness.engine.answers import Answer, Answers
from harness.engine.paging import Paging, length, pages, plan_paging
from harness.engine.pins import max_context
from harness.engine.pins_continuous import Job, PagedBatch, Route, has_flash, unsupported
from harness.engine.protocol import GenerateRequest
from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError
from harness.types import Output


class ContinuousExecutor:
    """Generates for any number of requests of any arms on one model.

    ``slot`` is an arm's place among the layers' adapters, ``route`` tells them the slots of a
    pass. An arm is its digest, so arms of other weights never share what is cached.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        slot: Callable[[str], int],
        route: Route,
        batch_tokens: int,
    ) -> None:
        """The model must be in evaluation mode; EngineError where it cannot be run this way."""
        reason = unsupported(model)
        if reason is not None:
            raise EngineError(reason)
        self._model, self._slot, self._route = model, slot, route
        self._answers = Answers(tokenizer)
        self._batch_tokens = batch_tokens
        self._context = max_context(model)
        self._tainted = 0

    def refusal(self, request: GenerateRequest) -> str | None:
        """Why a request cannot be run, if it cannot."""
        if not request.prompt:
            return "the prompt has no tokens"
        if self._context is not None and length(request) > self._context:
            return (
                f"prompt of {len(request.prompt)} and answer of {request.max_tokens} tokens exceed"
                f" the model's context of {self._context}"
            )
        return None

    @torch.inference_mode()
    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """Continue all prompts, the longest first. Outputs as they finish, in no order."""
        if not requests:
            return
        paging = plan_paging(requests, self._batch_tokens, has_flash(self._model))
        sampling = any(request.temperature > 0 for request in requests)
        with PagedBatch(self._model, paging, self._route, sampling) as batch:
            yield from self._isolated(batch, paging, requests)

    def _isolated(
        self, batch: PagedBatch, paging: Paging, requests: Sequence[GenerateRequest]
    ) -> Iterator[Output]:
        """All requests together; whoever was under way when a number was not finite, again.

        Without flash attention upstream multiplies the values of other requests by 0, and
        0 × NaN is NaN. So one request of each arm is run alone, and those of an arm that fails
        so are run alone, all of them.
        """
        together, alone = list(requests), list[GenerateRequest]()
        while together:
            together, suspects = yield from self._run(batch, paging, together)
            probes = {request.arm: request for request in suspects}
            failed = set()
            for arm, request in probes.items():
                output = self._alone(batch, paging, request)
                failed |= {arm} if output.error else set()
                yield output
            rest = [request for request in suspects if request is not probes[request.arm]]
            alone += [request for request in together + rest if request.arm in failed]
            together = [request for request in together if request.arm not in failed]
            sound = [request for request in rest if request.arm not in failed]
            if failed:
                together += sound
            else:
                alone += sound
        for request in alone:
            yield self._alone(batch, paging, request)

    def _alone(self, batch: PagedBatch, paging: Paging, request: GenerateRequest) -> Output:
        (output,) = self._run(batch, paging, [request])
        return output

    def _run(
        self, batch: PagedBatch, paging: Paging, requests: Sequence[GenerateRequest]
    ) -> Generator[Output, None, tuple[list[GenerateRequest], list[GenerateRequest]]]:
        """Outputs of requests under way together; each enters when there is room for all it needs.

        Ends early where a number of several requests under way is not finite: those that had
        not entered, and those that were under way.
        """
        waiting = deque(sorted(requests, key=lambda request: (-length(request), request.key)))
        going: dict[str, Answer] = {}
        room = paging.room
        while waiting or going:
            start = perf_counter()
            while waiting and len(going) < paging.rows and pages(waiting[0], paging.page) <= room:
                request = waiting.popleft()
                room -= pages(request, paging.page)
                going[batch.add(self._job(request))] = Answer(request)
            news = batch.step()
            if len(going) > 1 and not all(isfinite(peak) for _, _, peak in news):
                self._tainted += 1
                for name in going:
                    batch.drop(name)
                return list(waiting), [answer.request for answer in going.values()]
            fresh = [going[name] for name, _, _ in news]
            self._answers.extend(fresh, [n.token for n in news], [n.peak for n in news])
            share = (perf_counter() - start) / len(going)
            for answer in going.values():
                answer.seconds += share
            for name in [name for name, _, _ in news if self._answers.finished(going[name])]:
                answer = going.pop(name)
                room += pages(answer.request, paging.page)
                batch.drop(name)
                yield self._answers.output(answer)
        return [], []

    def _job(self, request: GenerateRequest) -> Job:
        return Job(
            request.prompt,
            self._slot(request.arm),
            f"{request.arm} {self._tainted}",  # what NaN may have reached is not shared again
            request.temperature,
            request.seed,
        )
