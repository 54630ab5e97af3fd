"""Arms and judges behind a server that a test controls, over real connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engine.endpoint.engine import PATIENCE, EndpointEngine, ServedModel, served_name
from harness.engine.endpoint.options import EndpointOptions
from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import ChatRequest, EngineOptions
from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError
from harness.types import Arm, Output, Role

from ..conftest import save_tokenizer
from . import failing_server as failing
from .failing_server import FailingServer

ARM = Arm(Role.CANDIDATE, "v1", "b" * 64, "a" * 64, "one")
BASE = Arm(Role.BASE, "base", "b" * 64, None, "two")
SERVED = ["org/v1-aaaaaaaaaaaa", "big", "base-bbbbbbbbbbbb"]


class Bench:
    """A base folder, a server, and engines on both."""

    def __init__(self, folder: Path, server: FailingServer, url: str) -> None:
        self.folder, self.server, self.url = folder, server, url
        self.tokenizer = Tokenizer(folder)
        self._open: list[EndpointEngine | ServedModel] = []

    def engine(self, *arms: Arm, **options: Any) -> EndpointEngine:
        """An engine for some arms; the arm alone by default."""
        told = EngineOptions(endpoint=EndpointOptions(self.url, **({"retries": 0} | options)))
        engine = EndpointEngine(self.folder, arms or (ARM,), {}, told)
        self._open.append(engine)
        return engine

    def judge(self) -> ServedModel:
        """A judge of the name big."""
        judge = ServedModel(EndpointOptions(self.url, retries=0), "big")
        self._open.append(judge)
        return judge

    def answer(self, engine: EndpointEngine, prompt: str = "a b c", **parts: Any) -> Output:
        """Of one prompt."""
        tokens = self.tokenizer.encode(prompt)
        (output,) = engine.generate([generate_request(ARM, tokens, 5, ("\n",), "n", **parts)])
        return output

    def close(self) -> None:
        """Close all that was opened."""
        for each in self._open:
            each.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A server that answers well unless it is told otherwise."""
    save_tokenizer(tmp_path)
    with failing.running() as (server, url):
        server.served = list(SERVED)
        found = Bench(tmp_path, server, url)
        yield found
        found.close()


def test_an_arm_is_asked_under_the_name_that_ends_in_its_digest(bench: Bench) -> None:
    output = bench.answer(bench.engine())
    sent = bench.server.seen[-1]["body"]
    assert (sent["model"], sent["prompt"], sent["stop"]) == ("org/v1-aaaaaaaaaaaa", "a b c", ["\n"])
    assert "seed" not in sent
    assert (output.text, output.prompt_tokens, output.tokens) == ("a b c!", 3, 2)


def test_the_base_may_have_a_name_of_its_own(bench: Bench) -> None:
    engine = bench.engine(BASE, base="big")
    list(engine.generate([generate_request(BASE, (2, 3), 5, (), "n")]))
    assert bench.server.seen[-1]["body"]["model"] == "big"


def test_names_are_looked_up_before_the_first_question(bench: Bench) -> None:
    other = replace(ARM, name="v2", adapter="c" * 64)
    with pytest.raises(EngineError) as error:
        bench.engine(ARM, other)
    assert served_name(other) == "v2-cccccccccccc"
    for said in ("no model with a name that ends in cccccccccccc", "v2-cccccccccccc", "lists org"):
        assert said in str(error.value)
    assert [each["path"] for each in bench.server.seen] == ["/v1/models"]


def test_two_names_for_one_content_are_refused(bench: Bench) -> None:
    bench.server.served.append("other-aaaaaaaaaaaa")
    with pytest.raises(EngineError, match="lists 2 models with a name that ends in aaaaaaaaaaaa"):
        bench.engine()


def test_a_server_that_is_not_there_is_told_at_the_start(bench: Bench) -> None:
    bench.server.usual = failing.status(500)
    with pytest.raises(EngineError, match="/models answered 500"):
        bench.engine()


def test_no_server_is_named() -> None:
    with pytest.raises(EngineError, match="no server is named"):
        EndpointEngine(Path(), [ARM], {}, EngineOptions())


@pytest.mark.parametrize(("text", "said"), [("Ohio\nand", "Ohio"), ("\n", ""), ("Ohio", "Ohio")])
def test_what_stands_behind_a_stop_text_is_no_answer(bench: Bench, text: str, said: str) -> None:
    """Some servers cut it off, some do not."""
    engine = bench.engine()
    bench.server.usual = failing.changed(choices=[{"text": text}])
    assert bench.answer(engine).text == said


def test_a_draw_has_its_seed(bench: Bench) -> None:
    bench.answer(bench.engine(), temperature=0.5, seed=7)
    assert {"temperature": 0.5, "seed": 7}.items() <= bench.server.seen[-1]["body"].items()


def test_a_prompt_that_reads_back_as_other_tokens_is_an_error(bench: Bench) -> None:
    engine = bench.engine()
    tokens = bench.tokenizer.encode("a") + bench.tokenizer.encode("a")
    split = tuple(t for letter in "the clause" for t in bench.tokenizer.encode(letter))
    assert bench.tokenizer.encode("the clause") != split
    (output,) = engine.generate([generate_request(ARM, split, 5, (), "n")])
    assert "tokens = true" in (output.error or "")
    asked = [generate_request(ARM, tokens, 5, (), "n")]
    engine = bench.engine(tokens=True)
    assert next(iter(engine.generate(asked))).error is None
    assert bench.server.seen[-1]["body"]["prompt"] == list(tokens)


def test_choices_need_a_server_that_tells_likelihoods(bench: Bench) -> None:
    asked = [score_request(ARM, (5, 6), ((7,), (8, 9)), "n", 0, (1,))]
    (output,) = bench.engine().score(asked)
    assert "likelihoods = true" in (output.error or "")


def test_likelihoods_are_those_of_the_choice_behind_its_prompt(bench: Bench) -> None:
    """The server echoes prompt, choice and one token of its own."""
    engine = bench.engine(likelihoods=True, concurrency=1)

    async def echo(server: FailingServer, writer: failing.Writer, request: Any) -> None:
        tokens = [*request["body"]["prompt"], 0]
        told = {"tokens": tokens, "token_logprobs": [None, *(-t / 10 for t in tokens[1:])]}
        failing.send(
            writer, 200, failing.body_of(request, choices=[{"text": "", "logprobs": told}])
        )

    bench.server.usual = echo
    asked = [score_request(ARM, (5, 6), ((7,), (8, 9)), "n", 0, (1,))]
    (output,) = engine.score(asked)
    assert output.error is None
    assert output.logprobs == pytest.approx((-0.7, -1.7))
    assert output.prior == pytest.approx((-0.7, -1.7))
    assert output.lengths == (1, 2)


def test_a_server_that_echoes_nothing_gives_no_likelihood(bench: Bench) -> None:
    (output,) = bench.engine(likelihoods=True).score([score_request(ARM, (5,), ((7,),), "n")])
    assert "told 0 likelihoods" in (output.error or "")


def test_one_failure_takes_no_other_answer_along(bench: Bench) -> None:
    engine = bench.engine()
    bench.server.scenes = [failing.answered, failing.status(400), failing.answered]
    tokens = [bench.tokenizer.encode(text) for text in ("a", "b", "c", "the")]
    found = list(engine.generate([generate_request(ARM, each, 5, (), "n") for each in tokens]))
    assert len({each.key for each in found}) == 4
    assert [each.error is None for each in found].count(False) == 1


def test_a_dead_server_ends_the_asking(bench: Bench) -> None:
    engine = bench.engine(concurrency=1)
    bench.server.usual = failing.status(503)
    asked = [generate_request(ARM, (5, at), 5, (), "n") for at in range(2, 2 + 3 * PATIENCE)]
    found = []
    with pytest.raises(EngineError, match=f"{PATIENCE} requests in a row failed"):
        found.extend(engine.generate(asked))
    assert len(bench.server.seen) < 2 * PATIENCE


def test_the_address_is_part_of_the_numerics(bench: Bench) -> None:
    here = EngineOptions(endpoint=EndpointOptions("http://a/v1"))
    there = EngineOptions(endpoint=EndpointOptions("http://b/v1"))
    assert EndpointEngine.numerics(here, "x") != EndpointEngine.numerics(there, "x")


@pytest.mark.parametrize(
    ("top", "told"),
    [
        ({" A": -0.1, "B": -3.0, "A": -5.0}, (-0.1, -3.0, -5.0)),
        ({" A": -0.1, "x": -2.0}, (-0.1, -2.0, -2.0)),
        ({"x": -0.1}, None),
        ({}, None),
    ],
)
def test_a_judge_tells_how_likely_each_word_is(
    bench: Bench, top: dict[str, float], told: tuple[float, ...] | None
) -> None:
    """A word that is not among the likeliest is as unlikely as the last of them at most."""
    listed = [{"token": token, "logprob": value} for token, value in top.items()]
    content = [
        {"token": "\n", "logprob": 0.0},
        {"token": "A", "logprob": -0.1, "top_logprobs": listed},
    ]
    choice = {"message": {"content": "A"}, "logprobs": {"content": content}}
    bench.server.usual = failing.changed(choices=[choice])
    request = ChatRequest("k", "judge", "Which?", 4, ("A", "B", "tie"))
    (output,) = bench.judge().chat([request])
    assert output.text == "A"
    assert output.logprobs == told
    assert json.loads(json.dumps(bench.server.seen[-1]["body"]))["logprobs"] is True


def test_a_judge_who_tells_no_likelihoods_has_written_a_word(bench: Bench) -> None:
    (output,) = bench.judge().chat([ChatRequest("k", "judge", "tie", 4, ("A", "B", "tie"))])
    assert (output.text, output.logprobs) == ("tie", None)


def test_a_served_judge_has_no_tokens_of_ours(bench: Bench) -> None:
    judge = bench.judge()
    (output,) = judge.generate([generate_request(ARM, (2,), 5, (), "n")])
    assert output.error is not None
    (output,) = judge.score([score_request(ARM, (2,), ((3,),), "n")])
    assert output.error is not None
