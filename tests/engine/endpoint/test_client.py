"""What the client makes of a server that fails on purpose, over real connections."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.endpoint.client import BudgetSpent, Client, Completion, EndpointError
from harness.engine.endpoint.options import EndpointOptions
from harness.engine.endpoint.retry import LONGEST, pause

from . import failing_server as failing
from .failing_server import FailingServer

T = TypeVar("T")
KEY = "LORAGATE_TEST_KEY"


@pytest.fixture
def server() -> Iterator[tuple[FailingServer, str]]:
    """A server that answers well unless it is told otherwise."""
    with failing.running() as found:
        yield found


class Session:
    """A client that notes its waits instead of waiting."""

    def __init__(self, url: str, **options: Any) -> None:
        self.waits: list[float] = []
        self.now = 0.0
        self._options = EndpointOptions(url, **({"timeout": 5.0} | options))

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """What some work with the client gives."""

        async def everything() -> T:
            client = Client(self._options, lambda: self.now, self._sleep, lambda: 0.5)
            try:
                return await work(client)
            finally:
                await client.close()

        with ThreadPoolExecutor(1) as thread:  # this one may have a loop that a browser left
            return thread.submit(asyncio.run, everything()).result()

    def complete(self, prompt: Any = "hi", **parts: Any) -> Completion:
        """One answer of model a-1."""
        return self.run(lambda client: client.complete("a-1", prompt, 8, **parts))


def test_lists_what_is_served(server: tuple[FailingServer, str]) -> None:
    assert Session(server[1]).run(lambda client: client.models()) == ["a-1", "b-2"]


def test_an_address_may_end_in_a_slash(server: tuple[FailingServer, str]) -> None:
    assert Session(f"{server[1]}/").complete().text == "hi!"


def test_asks_for_what_it_was_told_and_for_nothing_else(server: tuple[FailingServer, str]) -> None:
    found = Session(server[1]).complete(stop=("\n",), seed=7, temperature=0.5)
    assert (found.text, found.prompt_tokens, found.tokens) == ("hi!", 3, 2)
    assert server[0].seen[0]["path"] == "/v1/completions"
    assert server[0].seen[0]["body"] == {
        "model": "a-1",
        "prompt": "hi",
        "max_tokens": 8,
        "temperature": 0.5,
        "stop": ["\n"],
        "seed": 7,
    }


def test_prompts_may_be_tokens(server: tuple[FailingServer, str]) -> None:
    Session(server[1]).complete((1, 2))
    assert server[0].seen[0]["body"]["prompt"] == [1, 2]


def test_a_dialogue_is_answered_with_likelihoods(server: tuple[FailingServer, str]) -> None:
    told = {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [_top("A", -0.1)]}]}
    choice = {"message": {"content": "A"}, "logprobs": told}
    server[0].scenes = [failing.changed(choices=[choice])]
    messages = [{"role": "user", "content": "A or B?"}]
    found = Session(server[1]).run(lambda client: client.chat("a-1", messages, 1, top_logprobs=5))
    assert found.text == "A"
    assert found.logprobs is not None
    assert found.logprobs[0].top == {"A": -0.1}
    assert server[0].seen[0]["body"]["top_logprobs"] == 5


def _top(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob}


def test_the_likelihoods_of_an_echoed_prompt_are_read(server: tuple[FailingServer, str]) -> None:
    told = {"tokens": ["a", "b"], "token_logprobs": [None, -1.5], "top_logprobs": None}
    server[0].scenes = [failing.changed(choices=[{"text": "ab", "logprobs": told}])]
    found = Session(server[1]).complete(logprobs=1, echo=True)
    assert found.logprobs is not None
    assert [each.logprob for each in found.logprobs] == [0.0, -1.5]


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_waited_for(server: tuple[FailingServer, str], code: int) -> None:
    server[0].scenes = [failing.status(code), failing.status(code)]
    session = Session(server[1])
    assert session.complete().text == "hi!"
    assert session.waits == [0.25, 0.5]


def test_a_server_is_left_alone_as_long_as_it_asks(server: tuple[FailingServer, str]) -> None:
    server[0].scenes = [failing.status(429, Retry_After="7")]
    session = Session(server[1])
    session.complete()
    assert session.waits == [7.25]


@pytest.mark.parametrize(
    "scene",
    [
        failing.raw(b'{"choices": [{"text": "h'),
        failing.raw(b"<html>Bad gateway</html>"),
        failing.raw(b""),
        failing.raw(b"[1]"),
        failing.raw(b"[" * 100_000),
        failing.raw(b'{"model": "a-1", "choices": []}'),
        failing.raw(b'{"model": "a-1", "choices": [{"text": null}]}'),
        failing.raw(b'{"model": "a-1", "choices": [{"text": 5}]}'),
        failing.raw(b'{"model": "a-1", "choices": [null]}'),
        failing.raw(b'{"model": "a-1", "choices": [{"text": ""}], "usage": 3}'),
        failing.raw(b"\xff\xfe\x00"),
        failing.cut,
    ],
)
def test_what_is_no_answer_is_asked_again(
    server: tuple[FailingServer, str], scene: failing.Scene
) -> None:
    server[0].scenes = [scene]
    session = Session(server[1])
    assert session.complete().text == "hi!"
    assert len(session.waits) == 1


@pytest.mark.parametrize("scene", [failing.after(2.5), failing.drip])
def test_a_slow_answer_is_given_up_and_asked_again(
    server: tuple[FailingServer, str], scene: failing.Scene
) -> None:
    server[0].scenes = [scene]
    session = Session(server[1], timeout=1.0)
    assert session.complete().text == "hi!"
    assert len(session.waits) == 1


def test_a_server_that_never_answers_is_named_with_what_it_said(
    server: tuple[FailingServer, str],
) -> None:
    server[0].usual = failing.status(500, b'{"error": {"message": "out of\\u001b[2J memory"}}')
    with pytest.raises(EndpointError) as error:
        Session(server[1], retries=2).complete()
    assert str(error.value) == (
        f'{server[1]}/completions answered 500: "out of\\u001b[2J memory", 3 times'
    )
    assert len(server[0].seen) == 3


@pytest.mark.parametrize("code", [300, 400, 401, 403, 404, 422])
def test_a_refusal_is_not_asked_again(server: tuple[FailingServer, str], code: int) -> None:
    server[0].usual = failing.status(code, b'{"detail": "no such thing"}', Location="http://x/")
    with pytest.raises(EndpointError, match=f'answered {code}: "no such thing"'):
        Session(server[1]).complete()
    assert len(server[0].seen) == 1


@pytest.mark.parametrize("other", ["base", "a-1x", "a-2", None, "", "a-1@", 3])
def test_the_answer_of_another_model_is_none(
    server: tuple[FailingServer, str], other: object
) -> None:
    server[0].usual = failing.changed(model=other)
    with pytest.raises(EndpointError, match="was asked for a-1 and answered as"):
        Session(server[1]).complete()


@pytest.mark.parametrize("same", ["a-1@main", "a-1-2026-01-31", "a-1-20260131"])
def test_a_name_may_come_back_with_its_revision(
    server: tuple[FailingServer, str], same: str
) -> None:
    server[0].usual = failing.changed(model=same)
    assert Session(server[1]).complete().text == "hi!"


def test_an_empty_answer_is_an_answer(server: tuple[FailingServer, str]) -> None:
    server[0].usual = failing.changed(choices=[{"text": "", "finish_reason": "length"}])
    assert Session(server[1]).complete().text == ""


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EndpointError, match=f"{url}/completions cannot be reached .*, 2 times"):
        Session(url, retries=1).complete()


def test_the_key_is_sent_and_never_told(
    server: tuple[FailingServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "sk-secret\n")
    server[0].usual = failing.status(401, b'{"error": {"message": "bad key"}}')
    session = Session(server[1], key_variable=KEY)
    with pytest.raises(EndpointError) as error:
        session.complete()
    assert server[0].seen[0]["headers"]["authorization"] == "Bearer sk-secret"
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(("key", "said"), [("", "is not set"), ("a\nb", "holds characters")])
def test_a_key_that_is_none_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setenv(KEY, key)
    with pytest.raises(EndpointError, match=f"{KEY}.*{said}"):
        Session("http://127.0.0.1:1/v1", key_variable=KEY).complete()


@pytest.mark.parametrize("prompt", ["\ud800", "a\x00b", "🙂" * 3, '"\\', ""])
def test_any_text_can_be_asked(server: tuple[FailingServer, str], prompt: str) -> None:
    Session(server[1]).complete(prompt)
    assert server[0].seen[0]["body"]["prompt"] == prompt


def test_no_more_requests_are_open_than_allowed(server: tuple[FailingServer, str]) -> None:
    server[0].usual = failing.after(0.01)
    session = Session(server[1], concurrency=3)

    async def many(client: Client) -> list[Completion]:
        return await asyncio.gather(*(client.complete("a-1", str(i), 1) for i in range(30)))

    assert [each.text for each in session.run(many)] == [f"{i}!" for i in range(30)]
    assert server[0].most == 3


def test_a_thousand_requests_are_answered_once_each_whatever_fails(
    server: tuple[FailingServer, str],
) -> None:
    draw = random.Random(3)
    bad = [failing.status(503), failing.status(429), failing.raw(b"{"), failing.cut]
    server[0].scenes = [draw.choice([*bad, *[failing.answered] * 12]) for _ in range(1000)]
    session = Session(server[1], concurrency=32, retries=10)

    async def many(client: Client) -> list[Completion]:
        return await asyncio.gather(*(client.complete("a-1", str(i), 1) for i in range(1000)))

    assert [each.text for each in session.run(many)] == [f"{i}!" for i in range(1000)]


def test_a_budget_of_attempts_ends_the_asking(server: tuple[FailingServer, str]) -> None:
    server[0].usual = failing.status(500)
    with pytest.raises(BudgetSpent, match="2 of max-requests = 2"):
        Session(server[1], max_requests=2).complete()
    assert len(server[0].seen) == 2


def test_a_budget_of_tokens_keeps_what_was_answered(server: tuple[FailingServer, str]) -> None:
    async def three(client: Client) -> list[Completion | BaseException]:
        asked = [client.complete("a-1", str(i), 1) for i in range(3)]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = Session(server[1], max_tokens=10, concurrency=1).run(three)
    assert [type(each) for each in found] == [Completion, Completion, BudgetSpent]
    assert "10 of max-tokens = 10" in str(found[2])


def test_a_budget_of_seconds_ends_the_asking(server: tuple[FailingServer, str]) -> None:
    server[0].usual = failing.status(429, Retry_After="30")
    with pytest.raises(BudgetSpent, match="of seconds = 45"):
        Session(server[1], seconds=45).complete()


@given(st.integers(0, 2000), st.floats(0, 1, exclude_max=True), st.none() | st.text() | st.floats())
def test_a_pause_is_never_longer_than_the_longest(
    attempt: int, jitter: float, header: str | float | None
) -> None:
    asked = None if header is None else str(header)
    assert 0 <= pause(attempt, asked, jitter, datetime.now(UTC)) <= LONGEST


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("3", 3.0), ("-3", 0.0), ("2.5", 2.5), ("9999", LONGEST), ("soon", 0.0)],
)
def test_what_a_server_asks_is_read(asked: str, seconds: float) -> None:
    assert pause(0, asked, 0.0, datetime.now(UTC)) == seconds


def test_a_server_may_ask_by_a_date() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    asked = format_datetime(now + timedelta(seconds=12), usegmt=True)
    assert pause(0, asked, 0.0, now) == 12.0
