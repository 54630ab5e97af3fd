"""Arms behind an OpenAI-compatible server, each under a name that holds its content's digest.

A server keeps what it cached of an adapter when another one is loaded under the same name, so a
name must never mean two contents: the gate asks only for names that end in the digest, and looks
them up before the first question. Prompts are sent as text, and only where the base model's own
tokenizer reads that text as the very tokens that a local engine would be asked.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from harness.engine.protocol import (
    ChatRequest,
    EngineOptions,
    GenerateRequest,
    ScoreRequest,
)
from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError
from harness.types import Arm, Output

from .client import Client, Completion, EndpointError
from .options import EndpointOptions

DIGITS = 12
"""Of a digest, in the name of what is served."""
PATIENCE = 20
"""Requests in a row that may fail before the server is taken for dead."""

R = TypeVar("R", GenerateRequest, ScoreRequest, ChatRequest)


class EndpointEngine:
    """See ``harness.engine.protocol.EngineFactory``; ``options.endpoint`` names the server."""

    noisy = True
    """Its answers are not the same bits every time: the baseline is always run twice."""

    def __init__(
        self,
        base: Path,
        arms: Sequence[Arm],
        paths: Mapping[str, Path | None],
        options: EngineOptions,
    ) -> None:
        if options.endpoint is None:
            raise EngineError("no server is named: [tool.loragate.endpoint] url = …")
        self._options = options.endpoint
        self._tokenizer = Tokenizer(base)
        self._served = _Served(self._options)
        try:
            listed = self._served.wait(self._served.client.models())
            self._names = {arm.digest: _name(arm, listed, self._options, paths) for arm in arms}
        except EngineError:
            self.close()
            raise

    @staticmethod
    def numerics(options: EngineOptions, executor: str) -> str:
        """Everything outside a request that is known of what computes the answer: where it is."""
        return f"endpoint={options.endpoint.url if options.endpoint else 'none'}"

    @staticmethod
    def likelihoods(options: EngineOptions) -> bool:
        """Whether effects can be proven by log-probabilities."""
        return options.endpoint is not None and options.endpoint.likelihoods

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """The server's continuations, in the order in which they finish."""
        return self._served.stream(requests, self._generate)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """Likelihoods of choices, from servers that tell those of a prompt (vLLM: echo)."""
        return self._served.stream(requests, self._score)

    def close(self) -> None:
        """Close the connections."""
        self._served.close()

    async def _generate(self, request: GenerateRequest) -> Output:
        found = await self._served.client.complete(
            self._names[request.arm],
            self._prompt(request.prompt),
            request.max_tokens,
            stop=request.stop,
            temperature=request.temperature,
            seed=request.seed if request.temperature > 0 else None,
        )
        ends = [at for stop in request.stop if (at := found.text.find(stop)) >= 0]
        return Output(
            request.key,
            text=found.text[: min(ends, default=None)],
            prompt_tokens=found.prompt_tokens or len(request.prompt),
            tokens=found.tokens or 0,
        )

    async def _score(self, request: ScoreRequest) -> Output:
        if not self._options.likelihoods:
            raise EndpointError(
                "likelihoods of choices need a server that tells those of a prompt (vLLM does): "
                "[tool.loragate.endpoint] likelihoods = true; or have the answers written"
            )
        rows = [await self._likelihood(request, request.prompt, each) for each in request.choices]
        prior = None
        if request.unconditional:
            before = request.unconditional
            prior = [await self._likelihood(request, before, each) for each in request.choices]
        return Output(
            request.key,
            logprobs=tuple(rows),
            prompt_tokens=len(request.prompt),
            tokens=sum(map(len, request.choices)),
            lengths=tuple(map(len, request.choices)),
            prior=None if prior is None else tuple(prior),
        )

    async def _likelihood(
        self, request: ScoreRequest, before: tuple[int, ...], choice: tuple[int, ...]
    ) -> float:
        """Log-likelihood in nats of tokens after others, as the server echoes them."""
        name = self._names[request.arm]
        found = await self._served.client.complete(name, before + choice, 1, logprobs=1, echo=True)
        told = found.logprobs or ()
        wanted = told[len(before) : len(before) + len(choice)]
        if len(wanted) < len(choice):
            raise EndpointError(f"{name} told {len(told)} likelihoods, not those of the prompt")
        return float(sum(each.logprob for each in wanted))

    def _prompt(self, tokens: tuple[int, ...]) -> str | tuple[int, ...]:
        if self._options.tokens:
            return tokens
        lead = self._tokenizer.lead
        text = self._tokenizer.decode(
            tokens[len(lead) :] if tokens[: len(lead)] == lead else tokens
        )
        if self._tokenizer.encode(text) != tokens:
            raise EndpointError(
                "as text the prompt would be read as other tokens than it is made of; send tokens, "
                "where the server takes them: [tool.loragate.endpoint] tokens = true"
            )
        return text


class ServedModel:
    """A judge behind a server: it is asked in words, and is known by its name alone."""

    def __init__(self, options: EndpointOptions, model: str) -> None:
        self._served, self._model = _Served(options), model

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """It has no tokens of ours to continue."""
        return iter(_refused(requests))

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[Output]:
        """It has no tokens of ours to score."""
        return iter(_refused(requests))

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[Output]:
        """Answers, and the likelihoods of the choices where the server tells them all."""
        return self._served.stream(requests, self._chat)

    def close(self) -> None:
        """Close the connections."""
        self._served.close()

    async def _chat(self, request: ChatRequest) -> Output:
        found = await self._served.client.chat(
            self._model,
            [{"role": "user", "content": request.text}],
            request.max_tokens,
            temperature=request.temperature,
            seed=request.seed if request.temperature > 0 else None,
            top_logprobs=min(20, 4 * len(request.choices)) if request.choices else None,
        )
        return Output(
            request.key,
            text=found.text,
            logprobs=_told(found, request.choices),
            prompt_tokens=found.prompt_tokens or 0,
            tokens=found.tokens or 0,
        )


class _Served:
    """A client on an event loop of its own, so that a generator can wait for it."""

    def __init__(self, options: EndpointOptions) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = Client(options)

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stream(
        self, requests: Sequence[R], answer: Callable[[R], Coroutine[Any, Any, Output]]
    ) -> Iterator[Output]:
        """One output a request, as they finish. EngineError where the server seems dead."""
        done: queue.SimpleQueue[tuple[Output, bool]] = queue.SimpleQueue()

        async def one(request: R) -> None:
            try:
                done.put((await answer(request), True))
            except EndpointError as error:
                done.put((Output(request.key, error=str(error)), False))
            except Exception as error:  # noqa: BLE001 - one answer must not take the others along
                done.put((Output(request.key, error=f"{type(error).__name__}: {error}"), False))

        async def everything() -> None:
            await asyncio.gather(*(one(request) for request in requests))

        running = asyncio.run_coroutine_threadsafe(everything(), self._loop)
        failed = 0
        try:
            for _ in requests:
                output, answered = done.get()
                failed = 0 if answered else failed + 1
                if failed == PATIENCE:
                    raise EngineError(f"{PATIENCE} requests in a row failed: {output.error}")
                yield output
        finally:
            running.cancel()

    def close(self) -> None:
        """Close the client and end the loop."""
        if self._loop.is_closed():
            return
        self.wait(self.client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def served_name(arm: Arm) -> str:
    """Under which an arm is to be served: its name, and its content's digest."""
    content = arm.adapter or arm.base
    return f"{arm.name}-{content[:DIGITS]}"


def _name(
    arm: Arm, listed: Sequence[str], options: EndpointOptions, paths: Mapping[str, Path | None]
) -> str:
    """The server's name for an arm; EngineError where it has none, or several."""
    if arm.adapter is None and options.base is not None:
        found = [name for name in listed if name == options.base]
        wanted = f"base = '{options.base}'"
    else:
        content = (arm.adapter or arm.base)[:DIGITS]
        found = [name for name in listed if name.endswith(content)]
        wanted = f"a name that ends in {content}"
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} models with" if found else "no model with"
    path = paths.get(arm.digest)
    hint = f"; serve {path or arm.path} as {served_name(arm)}" if not found else ""
    raise EngineError(
        f"{options.url}/models lists {what} {wanted}, which {arm.name} needs{hint} "
        f"(it lists {', '.join(listed[:5]) or 'nothing'}{', …' if len(listed) > 5 else ''})"
    )


def _told(found: Completion, choices: Sequence[str]) -> tuple[float, ...] | None:
    """Log-likelihoods of the choices as the answer's first word; None where one is not told.

    A choice that is not among the likeliest tokens is as unlikely as the last of them at most.
    """
    first = next((each for each in found.logprobs or () if each.token.strip()), None)
    if first is None or not choices or not first.top:
        return None
    likely: dict[str, float] = {}
    for token, value in first.top.items():
        word = token.strip()
        likely[word] = max(value, likely.get(word, value))
    if not any(choice in likely for choice in choices):
        return None
    least = min(first.top.values())
    return tuple(likely.get(choice, least) for choice in choices)


def _refused(requests: Sequence[GenerateRequest | ScoreRequest]) -> list[Output]:
    return [Output(each.key, error="a served judge is asked in words") for each in requests]
