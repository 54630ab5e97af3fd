"""Generation and scoring in one batch: ends, stops, neighbours, memory."""

from __future__ import annotations

import pytest
import torch

from harness.engine.keys import generate_request
from harness.engine.pins import RoomyLayer

CHOICES = ((5,), (6, 7), (8, 9, 10))


@pytest.fixture(scope="module")
def engine(llama):
    """The base and two adapters."""
    return llama.engine(llama.adapter("a", seed=3), llama.adapter("b", seed=4, r=8))


@pytest.fixture
def eos(engine, monkeypatch: pytest.MonkeyPatch):
    """Set the end-of-sequence ids of the engine's tokenizer."""
    return lambda *ids: monkeypatch.setattr(engine[0]._tokenizer, "eos", frozenset(ids))


def test_a_row_ends_where_the_model_says(llama, engine, eos) -> None:
    """The end token itself is no text; rows beside it go on."""
    runner, arms = engine
    requests = llama.to_generate(arms, llama.prompts(8), tokens=10)
    eos()
    free = llama.by_key(runner.generate(requests))
    some = llama.continuation(None, requests[0].prompt, 10)[4]
    eos(some)
    ended = llama.by_key(runner.generate(requests))
    for request in requests:
        tokens = llama.by_key(runner.generate([request]))[request.key]
        assert ended[request.key].text == tokens.text
        assert free[request.key].text.startswith(ended[request.key].text)
    assert ended[requests[0].key].tokens <= 5
    assert max(output.tokens for output in ended.values()) == 10


def test_a_stop_text_ends_the_answer_before_it(llama, engine, eos) -> None:
    """Also where it spans tokens; the earliest of several wins."""
    runner, arms = engine
    eos()
    requests = llama.to_generate(arms[:1], llama.prompts(40), tokens=12)
    outputs = llama.by_key(runner.generate(requests))
    tested = 0
    for request in requests:
        text = outputs[request.key].text
        # A character that is new, alone and with the one before it: both are complete at the
        # same token, and the longer one begins earlier.
        new = (i for i in range(2, len(text)) if text[i] not in text[:i])
        at = next((i for i in new if text[i - 1 : i + 1].isascii()), None)
        if at is not None:
            stops = (text[at], text[at - 1 : at + 1])
            again = generate_request(arms[0], request.prompt, 12, stops, "test")
            (output,) = runner.generate([again])
            assert output.text == text[: at - 1]
            tested += 1
    assert tested >= 5


def test_each_row_has_its_own_limit(llama, engine, eos) -> None:
    """max_tokens is of the request, not of the batch."""
    runner, arms = engine
    eos()
    prompt = llama.prompts(1)[0]
    requests = [generate_request(arms[0], prompt, count, (), "test") for count in (1, 3, 9)]
    outputs = llama.by_key(runner.generate(requests))
    assert [outputs[request.key].tokens for request in requests] == [1, 3, 9]
    assert [outputs[request.key].prompt_tokens for request in requests] == [len(prompt)] * 3


def test_a_row_alone_is_a_row_in_company(llama, engine, eos) -> None:
    """Same text; log-likelihoods within 1e-4 nats, in one batch of all arms and one by one."""
    runner, arms = engine
    eos()
    prompts = llama.prompts(8)
    generate, score = llama.to_generate(arms, prompts), llama.to_score(arms, prompts, CHOICES)
    texts = llama.by_key(runner.generate(generate))
    numbers = llama.by_key(runner.score(score))
    for request in generate:
        (alone,) = runner.generate([request])
        assert alone.text == texts[request.key].text
    for request in score:
        (alone,) = runner.score([request])
        assert alone.logprobs == pytest.approx(numbers[request.key].logprobs, abs=1e-4)


def test_twice_the_same_is_the_same(llama, engine) -> None:
    """Same requests in another order: the same bits."""
    runner, arms = engine
    requests = llama.to_score(arms, llama.prompts(8), CHOICES)
    one, two = (llama.by_key(runner.score(order)) for order in (requests, requests[::-1]))
    assert {k: o.logprobs for k, o in one.items()} == {k: o.logprobs for k, o in two.items()}


def test_an_adapter_of_almost_nothing_shows_almost_nothing(llama) -> None:
    """B = 1e-9 moves log-likelihoods by less than 1e-4 nats; a real adapter by far more."""
    nearly = llama.adapter("nearly", seed=5, scale=1e-9)
    real = llama.adapter("real", seed=5)
    runner, arms = llama.engine(nearly, real)
    requests = llama.to_score(arms, llama.prompts(16), CHOICES)
    outputs = llama.by_key(runner.score(requests))
    base, none, some = (
        torch.tensor([outputs[r.key].logprobs for r in requests if r.arm == arm.digest])
        for arm in arms
    )
    assert float((none - base).abs().max()) < 1e-4
    assert float((some - base).abs().max()) > 1e-2


def test_the_model_keeps_its_names(llama, engine) -> None:
    """Parameters and state-dict keys are those of the base, so nothing can be lost in a save."""
    keys = set(engine[0]._shared._model.state_dict())
    assert keys == set(llama.oracle(None).state_dict())


def test_seconds_are_shares(llama, engine) -> None:
    """They add up to no more than the time that passed."""
    from time import perf_counter

    runner, arms = engine
    start = perf_counter()
    outputs = list(runner.score(llama.to_score(arms, llama.prompts(8), CHOICES)))
    assert 0 < sum(output.seconds for output in outputs) <= perf_counter() - start


@pytest.mark.parametrize("room", [0, 1, 5])
def test_a_cache_with_room_is_a_cache(room: int) -> None:
    """Against plain concatenation: growing past its room, and losing and repeating rows."""
    torch.manual_seed(0)
    layer, plain = RoomyLayer(room), None
    for step, (new, keep) in enumerate(
        [(4, None), (1, [0, 2]), (1, [1, 1, 0]), (3, None), (1, [2])]
    ):
        rows = 3 if plain is None else len(plain)
        states = torch.randn(rows, 2, new, 5)
        keys, values = layer.update(states, states + 1)
        plain = states if plain is None else torch.cat([plain, states], dim=-2)
        assert torch.equal(keys, plain), step
        assert torch.equal(values, plain + 1), step
        if keep is not None:
            layer.batch_select_indices(torch.tensor(keep))
            plain = plain[keep]
        assert layer.get_seq_length() == plain.shape[-2]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_lower_precision_is_near_and_not_the_same(llama, engine, dtype: str) -> None:
    """Adapters are rounded with the base; answers are those of fp32 up to the dtype's noise."""
    requests = llama.to_score(engine[1], llama.prompts(8), CHOICES)
    exact = llama.by_key(engine[0].score(requests))
    low, _ = llama.engine(llama.root / "a", llama.root / "b", dtype=dtype)
    rounded = llama.by_key(low.score(requests))
    gaps = torch.tensor([exact[r.key].logprobs for r in requests]) - torch.tensor(
        [rounded[r.key].logprobs for r in requests]
    )
    assert 0 < float(gaps.abs().mean()) < 0.5


def test_draws_belong_to_their_request(llama, engine, eos) -> None:
    """Same seed, same text, alone and in company; another seed or none, another text."""
    runner, arms = engine
    eos()
    prompt = llama.prompts(1)[0]
    told = [(0.0, 0), (1.0, 1), (1.0, 2), (1.0, 3)]
    requests = [
        generate_request(arms[0], prompt, 10, (), "test", temperature=heat, seed=seed)
        for heat, seed in told
    ]
    together = llama.by_key(runner.generate(requests))
    for request in requests:
        (alone,) = runner.generate([request])
        assert alone.text == together[request.key].text
    assert len({output.text for output in together.values()}) == len(told)
