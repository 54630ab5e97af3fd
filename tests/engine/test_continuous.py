"""The continuous executor against unmodified peft, families, sizes, stops and draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from harness.adapters.weights import load_weights
from harness.engine import continuous, pins_continuous
from harness.engine.answers import NOT_FINITE
from harness.engine.continuous import ContinuousExecutor
from harness.engine.hooks import ArmLayers
from harness.engine.load import load_base
from harness.engine.protocol import GenerateRequest
from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError
from harness.types import Output
from tests.engine.conftest import EOS, World

RANKS = (2, 4, 9)
WINDOWS = pytest.mark.skipif(
    pins_continuous._VERSION < pins_continuous._WINDOWS, reason="upstream forgets windows"
)


class Bench:
    """A model with the base and some adapters in an executor; arms are named by their slot."""

    def __init__(self, world: World, adapters: Sequence[Path], batch_tokens: int = 200) -> None:
        self.world, self.arms = world, [None, *adapters]
        self._known: dict[tuple[Path | None, tuple[int, ...], int], list[int]] = {}
        self.model = load_base(world.base, "float32")
        self.layers = ArmLayers(self.model, [load_weights(adapter) for adapter in adapters])
        self.tokenizer = Tokenizer(world.base)
        self.executor = ContinuousExecutor(
            self.model, self.tokenizer, int, self.layers.route, batch_tokens
        )

    def run(self, requests: Sequence[GenerateRequest]) -> dict[str, Output]:
        return self.world.by_key(self.executor.generate(requests))

    def requests(
        self, prompts: Sequence[tuple[int, ...]], tokens: Callable[[int], int] = lambda place: 8
    ) -> list[GenerateRequest]:
        """Every prompt to every arm; the keys say which."""
        return [
            GenerateRequest(f"{slot}/{place}", str(slot), prompt, tokens(place))
            for slot in range(-1, len(self.arms) - 1)
            for place, prompt in enumerate(prompts)
        ]

    def expected(self, request: GenerateRequest) -> str:
        return self.world.text(self.tokens(request))

    def tokens(self, request: GenerateRequest) -> list[int]:
        """What peft generates; asked once."""
        known = self.arms[int(request.arm) + 1], request.prompt, request.max_tokens
        if known not in self._known:
            self._known[known] = self.world.continuation(*known)
        return self._known[known]

    def wrong(self, requests: Sequence[GenerateRequest], outputs: dict[str, Output]) -> list[str]:
        return [r.key for r in requests if outputs[r.key].text != self.expected(r)]


@pytest.fixture(scope="module")
def benches(worlds: Callable[[str], World]) -> Callable[[str], Bench]:
    known: dict[str, Bench] = {}

    def get(family: str) -> Bench:
        if family not in known:
            world = worlds(family)
            names = [(f"cb-{rank}", rank) for rank in RANKS]
            adapters = [world.adapter(name, seed=rank, r=rank) for name, rank in names]
            known[family] = Bench(world, adapters)
        return known[family]

    return get


@pytest.fixture
def llama_bench(benches: Callable[[str], Bench]) -> Bench:
    return benches("llama")


@pytest.mark.parametrize(
    "family",
    [
        "llama",
        "gpt2",
        "qwen3",
        pytest.param("mistral", marks=WINDOWS),
        pytest.param("gemma3", marks=WINDOWS),
    ],
)
def test_arms_of_one_batch_answer_as_peft_does(
    benches: Callable[[str], Bench], family: str
) -> None:
    """More requests than fit at once, answers of different length; arms differ."""
    bench = benches(family)
    prompts = bench.world.prompts(5, seed=3, longest=40)
    requests = bench.requests(prompts, tokens=lambda place: 3 + 2 * place)
    outputs = bench.run(requests)
    assert bench.wrong(requests, outputs) == []
    for slot in range(len(RANKS)):
        assert any(
            outputs[f"{slot}/{place}"].text != outputs[f"-1/{place}"].text for place in range(5)
        ), "an arm that answers as the base does shows nothing"


def test_prompts_shared_by_arms_are_shared_within_an_arm_alone(
    llama_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control, without the salt of the arm, shares more and is wrong."""
    prompt = llama_bench.world.prompts(1, seed=8, longest=1)[0] * 40
    prompts = [(*prompt, token) for token in range(20, 24)]
    requests = llama_bench.requests(prompts)
    matched = _matches(monkeypatch)
    assert llama_bench.wrong(requests, llama_bench.run(requests)) == []
    within = sum(matched)
    assert within > 0
    matched.clear()
    job = ContinuousExecutor._job
    monkeypatch.setattr(
        ContinuousExecutor, "_job", lambda self, request: replace(job(self, request), salt="one")
    )
    assert len(llama_bench.wrong(requests, llama_bench.run(requests))) > len(requests) // 2
    assert sum(matched) > within


def _matches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each request found in the cache."""
    matched: list[int] = []
    search = pins_continuous._Cache.search_prefix_match

    def noted(self: pins_continuous._Cache, name: str, tokens: list[int]) -> int:
        matched.append(search(self, name, tokens))
        return matched[-1]

    monkeypatch.setattr(pins_continuous._Cache, "search_prefix_match", noted)
    return matched


def test_stop_texts_and_end_of_sequence_end_single_requests(llama_bench: Bench) -> None:
    """The stop text is no part of the answer; the neighbours go on."""
    prompts = llama_bench.world.prompts(4, seed=5)
    requests = llama_bench.requests(prompts, tokens=lambda place: 12)
    stopped = []
    for place, request in enumerate(requests):
        text = llama_bench.expected(request)
        stop = (text[3:5],) if place % 2 and len(text) > 6 else ()
        stopped.append(replace(request, stop=stop))
    assert sum(bool(request.stop) for request in stopped) > 3
    outputs = llama_bench.run(stopped)
    for request in stopped:
        text, output = llama_bench.expected(request), outputs[request.key]
        cut = text.find(request.stop[0]) if request.stop else len(text)
        assert output.text == text[:cut]
        if not request.stop:
            assert output.tokens == min(len(llama_bench.tokens(request)) + 1, 12)


def test_end_of_sequence_ends_an_answer(
    llama_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever token it is; it is counted and not part of the text."""
    world = llama_bench.world
    request = llama_bench.requests(world.prompts(1, seed=5))[0]
    tokens = world.continuation(None, request.prompt, 8)
    monkeypatch.setattr(llama_bench.tokenizer, "eos", frozenset({EOS, tokens[3]}))
    output = llama_bench.run([request])[request.key]
    end = tokens.index(tokens[3])
    assert (output.text, output.tokens) == (world.text(tokens[:end]), end + 1)


def test_an_arm_with_broken_weights_fails_alone(llama: World) -> None:
    """NaN in its adapter is an error of its own requests and no other arm's."""
    bench = Bench(llama, [llama.adapter(f"nan-{seed}", seed=seed) for seed in (1, 2)])
    _poison(bench, slot=1)
    requests = bench.requests(llama.prompts(12, seed=6))
    outputs = bench.run(requests)
    sound = [request for request in requests if request.arm != "1"]
    assert bench.wrong(sound, outputs) == []
    assert {outputs[request.key].error for request in sound} == {None}
    assert {outputs[f"1/{place}"].error for place in range(12)} == {NOT_FINITE}


def _poison(bench: Bench, slot: int) -> None:
    """The same model, one adapter's A not a number."""
    weights = [load_weights(adapter) for adapter in bench.arms if adapter is not None]
    broken = {name: replace(w, lora_a=w.lora_a * torch.nan) for name, w in weights[slot].items()}
    model = load_base(bench.world.base, "float32")
    layers = ArmLayers(model, [*weights[:slot], broken, *weights[slot + 1 :]])
    bench.executor = ContinuousExecutor(model, bench.tokenizer, int, layers.route, 200)


def test_a_pass_that_fails_raises_and_the_next_run_is_sound(llama_bench: Bench) -> None:
    """Nothing hangs: there is no thread to wait for."""
    requests = llama_bench.requests(llama_bench.world.prompts(3, seed=7))
    bad = replace(requests[1], prompt=(10**6,))
    with pytest.raises(IndexError):
        list(llama_bench.executor.generate([requests[0], bad]))
    assert llama_bench.wrong(requests, llama_bench.run(requests)) == []


def test_an_abandoned_run_leaves_the_model_as_it_was(llama_bench: Bench) -> None:
    """Attention and the process's random numbers too."""
    attention, state = llama_bench.model.config._attn_implementation, torch.get_rng_state()
    run = llama_bench.executor.generate(
        llama_bench.requests(llama_bench.world.prompts(5, seed=7), tokens=lambda place: 1 + place)
    )
    next(run)
    run.close()
    assert llama_bench.model.config._attn_implementation == attention
    assert torch.equal(torch.get_rng_state(), state)


def test_an_adapter_of_the_head_sees_the_rows_that_are_kept(
    worlds: Callable[[str], World],
) -> None:
    """The head runs on the last token of each prompt alone."""
    world, targets = worlds("qwen3"), {"target_modules": ["lm_head", "q_proj"]}
    adapters = [world.adapter(f"head-{seed}", seed=seed, **targets) for seed in (1, 2)]
    for adapter in adapters:  # peft saves the head's own weights along
        file = adapter / "adapter_model.safetensors"
        save_file({k: t for k, t in load_file(file).items() if "base_layer" not in k}, file)
    bench = Bench(world, adapters)
    requests = bench.requests(world.prompts(5, seed=9))
    assert bench.wrong(requests, bench.run(requests)) == []


def test_requests_of_equal_content_and_key_are_answered_each(llama_bench: Bench) -> None:
    """Upstream merges requests of one id."""
    request = llama_bench.requests(llama_bench.world.prompts(1, seed=5))[0]
    outputs = list(llama_bench.executor.generate([request, request]))
    assert [output.text for output in outputs] == [llama_bench.expected(request)] * 2


def test_the_engines_seconds_are_shared_out(llama_bench: Bench) -> None:
    """Each request has a part of the time, later ones no more than the whole."""
    outputs = llama_bench.run(llama_bench.requests(llama_bench.world.prompts(3, seed=5)))
    assert all(output.seconds > 0 for output in outputs.values())


def test_nothing_to_do_is_nothing(llama_bench: Bench) -> None:
    assert list(llama_bench.executor.generate([])) == []


def test_a_request_that_cannot_be_run_is_refused(llama_bench: Bench) -> None:
    refusal = llama_bench.executor.refusal
    assert refusal(GenerateRequest("k", "-1", (), 4)) == "the prompt has no tokens"
    assert "context of 128" in str(refusal(GenerateRequest("k", "-1", (2,) * 120, 9)))
    assert refusal(GenerateRequest("k", "-1", (2,) * 120, 8)) is None


def test_a_model_that_cannot_be_paged_is_refused(
    llama: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the engine may take the padded executor."""
    model = load_base(llama.base, "float32")
    monkeypatch.setattr(continuous, "unsupported", lambda model: "no pages here")
    with pytest.raises(EngineError, match="no pages here"):
        ContinuousExecutor(model, Tokenizer(llama.base), int, _nowhere, 200)


def _nowhere(slots: torch.Tensor, head: torch.Tensor | None) -> None:
    """No arms."""


def test_a_draw_depends_on_seed_and_position_not_on_the_batch(llama_bench: Bench) -> None:
    """Alone, among others and once more: the same text; another seed, another text."""
    prompts = llama_bench.world.prompts(4, seed=11)
    requests = [
        replace(request, temperature=0.9, seed=place, key=f"{request.key}/{place}")
        for place, request in enumerate(llama_bench.requests(prompts))
    ]
    together = llama_bench.run(requests)
    assert together == _timeless(llama_bench.run(requests), together)
    for request in requests[::5]:
        assert llama_bench.run([request])[request.key].text == together[request.key].text
    first = requests[0]
    others = [replace(first, seed=seed, key=str(seed)) for seed in range(100, 108)]
    assert len({output.text for output in llama_bench.run(others).values()}) > 4


def test_greedy_requests_stay_greedy_among_drawn_ones(llama_bench: Bench) -> None:
    requests = llama_bench.requests(llama_bench.world.prompts(4, seed=12))
    mixed = [
        replace(request, temperature=0.9 * (place % 2)) for place, request in enumerate(requests)
    ]
    outputs = llama_bench.run(mixed)
    greedy = [request for request in mixed if request.temperature == 0]
    assert llama_bench.wrong(greedy, outputs) == []
    assert len(llama_bench.wrong(mixed, outputs)) > len(mixed) // 4


def _timeless(outputs: dict[str, Output], like: dict[str, Output]) -> dict[str, Output]:
    return {key: replace(o, seconds=like[key].seconds) for key, o in outputs.items()}


def test_without_adapters_it_is_the_base(llama: World) -> None:
    model: PreTrainedModel = load_base(llama.base, "float32")
    assert isinstance(model, nn.Module)
    executor = ContinuousExecutor(model, Tokenizer(llama.base), int, _nowhere, 200)
    prompts = llama.prompts(3, seed=2)
    requests = [GenerateRequest(str(n), "-1", p, 6) for n, p in enumerate(prompts)]
    outputs = llama.by_key(executor.generate(requests))
    expected = [llama.text(llama.continuation(None, prompt, 6)) for prompt in prompts]
    assert [outputs[str(n)].text for n in range(3)] == expected
