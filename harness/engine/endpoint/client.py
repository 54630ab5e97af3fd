"""Asks an OpenAI-compatible server, many times at once, until it has answered or cannot.

Redirects are not followed, certificates are checked, and the proxies of the environment are used
(httpx2's defaults). A key is read from the environment and is in no message.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2

from . import answer
from .answer import Completion, TokenLogprob, Unreadable, WrongModel
from .budget import Budget, BudgetSpent, EndpointError
from .options import EndpointOptions
from .retry import PASSING, pause

T = TypeVar("T")

__all__ = ["BudgetSpent", "Client", "Completion", "EndpointError", "TokenLogprob"]


class Client:
    """One server. Its methods raise EndpointError in a sentence; many may run at once."""

    def __init__(
        self,
        options: EndpointOptions,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """EndpointError where the variable that should hold the key is not set."""
        self._options, self._sleep, self._jitter = options, sleep, jitter
        self._url = options.url.rstrip("/")
        self._budget = Budget(options, clock)
        self._turns = asyncio.Semaphore(options.concurrency)
        self._http = httpx2.AsyncClient(
            headers=_headers(options),
            timeout=None,  # an attempt has one deadline, whatever the connection does
            limits=httpx2.Limits(max_connections=options.concurrency),
        )

    async def models(self) -> list[str]:
        """The names of what is served."""
        return answer.names(await self._asked("GET", "/models", None, answer.parsed))

    async def complete(
        self,
        model: str,
        prompt: str | Sequence[int],
        max_tokens: int,
        *,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int | None = None,
        logprobs: int | None = None,
        echo: bool = False,
    ) -> Completion:
        """The continuation of a prompt, in text or tokens; ``echo`` repeats the prompt first."""
        body = {
            "prompt": prompt if isinstance(prompt, str) else list(prompt),
            "logprobs": logprobs,
            "echo": echo or None,
        }
        return await self._completed(
            "/completions", model, max_tokens, stop, temperature, seed, body
        )

    async def chat(
        self,
        model: str,
        messages: Sequence[Mapping[str, str]],
        max_tokens: int,
        *,
        temperature: float = 0.0,
        seed: int | None = None,
        top_logprobs: int | None = None,
    ) -> Completion:
        """The next message of a dialogue."""
        body = {
            "messages": [dict(each) for each in messages],
            "logprobs": True if top_logprobs else None,
            "top_logprobs": top_logprobs,
        }
        path = "/chat/completions"
        return await self._completed(path, model, max_tokens, (), temperature, seed, body)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _completed(
        self,
        path: str,
        model: str,
        max_tokens: int,
        stop: Sequence[str],
        temperature: float,
        seed: int | None,
        body: Mapping[str, Any],
    ) -> Completion:
        common = {
            "model": model,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stop": list(stop) or None,
            "seed": seed,
        }
        sent = {key: value for key, value in (common | dict(body)).items() if value is not None}
        found = await self._asked(
            "POST", path, sent, lambda content: answer.completion(answer.parsed(content), model)
        )
        self._budget.spend((found.prompt_tokens or 0) + (found.tokens or 0))
        return found

    async def _asked(
        self, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[bytes], T]
    ) -> T:
        """Attempts until one is answered; while it waits, it keeps its turn."""
        async with self._turns:
            for attempt in range(self._options.retries + 1):
                self._budget.attempt()
                try:
                    return await self._attempt(method, path, body, read)
                except _Passing as failure:
                    said, wait = str(failure), failure.retry_after
                if attempt < self._options.retries:
                    now = datetime.now(UTC)
                    await self._sleep(pause(attempt, wait, self._jitter(), now))
        raise EndpointError(f"{self._url}{path} {said}, {_times(self._options.retries + 1)}")

    async def _attempt(
        self, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[bytes], T]
    ) -> T:
        url = f"{self._url}{path}"
        # Pure ASCII: a lone surrogate of a prompt must not break the request.
        content = None if body is None else json.dumps(body).encode("ascii")
        try:
            async with asyncio.timeout(self._options.timeout):
                response = await self._http.request(method, url, content=content)
            return read(_accepted(response, url))
        except TimeoutError:
            raise _Passing(f"did not answer within {self._options.timeout:g} s") from None
        except httpx2.HTTPError as error:
            raise _Passing(f"cannot be reached ({error or type(error).__name__})") from None
        except Unreadable as error:
            raise _Passing(str(error)) from None
        except WrongModel as error:
            raise EndpointError(f"{url} {error}") from None


class _Passing(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, message: str, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def _accepted(response: httpx2.Response, url: str) -> bytes:
    """The body of a success."""
    if response.status_code == httpx2.codes.OK:
        return response.content
    said = f"answered {response.status_code}: {answer.complaint(response.content)}"
    if response.status_code in PASSING:
        raise _Passing(said, response.headers.get("retry-after"))
    raise EndpointError(f"{url} {said}")


def _headers(options: EndpointOptions) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    if options.key_variable is not None:
        key = os.environ.get(options.key_variable, "").strip()
        if not (key and key.isascii() and key.isprintable()):
            found = "holds characters that no key has" if key else "is not set"
            raise EndpointError(
                f"{options.url}: the environment variable {options.key_variable}, which should "
                f"hold the key, {found}"
            )
        headers["authorization"] = f"Bearer {key}"
    return headers


def _times(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times"
