"""A request that cannot be answered says so; its neighbours are answered all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.adapters.weights import LoraWeights, load_weights
from harness.engine import padded, torch_engine
from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import EngineOptions
from harness.engine.torch_engine import TorchEngine
from harness.errors import EngineError
from harness.types import Arm, Role

CHOICES = ((5,), (6, 7))


@pytest.fixture(autouse=True)
def _nothing_halved() -> None:
    """Here it is what is tested."""


@pytest.fixture(scope="module")
def engine(llama):
    """The base and one adapter."""
    return llama.engine(llama.adapter("a", seed=3))


def texts(outputs) -> dict[str, str | None]:
    return {key: output.text for key, output in outputs.items()}


def test_too_long_for_the_context(llama, engine) -> None:
    """Prompt and answer together; the limit is named."""
    runner, arms = engine
    fits, over = ((3,) * 120, (3,) * 121)
    requests = llama.to_generate(arms[:1], [fits, over], tokens=8)
    outputs = [llama.by_key(runner.generate(requests))[r.key] for r in requests]
    assert outputs[0].error is None
    assert outputs[1].error is not None
    assert "121 and answer of 8 tokens exceed the model's context of 128" in outputs[1].error


def test_an_empty_prompt_or_choice_is_an_error(llama, engine) -> None:
    """There is nothing to condition on, or nothing to score; never a number."""
    runner, arms = engine
    (output,) = runner.generate(llama.to_generate(arms[:1], [()]))
    assert output.error == "the prompt has no tokens"
    for choices in ((), ((5,), ())):
        (output,) = runner.score([score_request(arms[0], (3, 4), choices, "test")])
        assert output.error is not None
        assert "choice" in output.error


def test_one_bad_request_does_not_take_its_batch_along(llama, engine) -> None:
    """A token outside the vocabulary fails alone; the others answer as without it."""
    runner, arms = engine
    good = llama.to_generate(arms, llama.prompts(7))
    bad = generate_request(arms[0], (3, 100_000), 8, (), "test")
    expected = texts(llama.by_key(runner.generate(good)))
    outputs = llama.by_key(runner.generate([*good[:5], bad, *good[5:]]))
    failed = outputs.pop(bad.key)
    assert failed.text is None
    assert failed.error is not None
    assert texts(outputs) == expected


def test_out_of_memory_is_halved(llama, engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches over four rows fail; all requests are answered, and as before."""
    runner, arms = engine
    requests = llama.to_score(arms, llama.prompts(9), CHOICES)
    expected = llama.by_key(runner.score(requests))
    forward = padded.forward

    def small(model, tokens, *rest, **more):
        if len(tokens) > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return forward(model, tokens, *rest, **more)

    monkeypatch.setattr(padded, "forward", small)
    outputs = llama.by_key(runner.score(requests))
    assert {o.error for o in outputs.values()} == {None}
    for key, output in outputs.items():
        assert output.logprobs == pytest.approx(expected[key].logprobs, abs=1e-4)


def test_a_failure_in_the_middle_repeats_no_finished_output(
    llama, engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that had left the batch stay; only the others are run again."""
    runner, arms = engine
    prompts = llama.prompts(6)
    requests = [
        generate_request(arms[0], prompt, 2 + 3 * (place % 2), (), "test")
        for place, prompt in enumerate(prompts)
    ]
    expected = texts(llama.by_key(runner.generate(requests)))
    forward, calls = padded.forward, []

    def third(*args, **more):
        calls.append(1)
        if len(calls) == 4:
            raise MemoryError
        return forward(*args, **more)

    monkeypatch.setattr(padded, "forward", third)
    assert texts(llama.by_key(runner.generate(requests))) == expected


def test_nan_is_an_error_and_never_an_answer(llama, monkeypatch) -> None:
    """In one arm's weights only: that arm's outputs say so, the base's stay."""

    def load(path: Path) -> dict[str, LoraWeights]:
        weights = load_weights(path)
        if path.name == "b":
            module = "model.layers.0.self_attn.q_proj"
            weights[module] = replace(weights[module], lora_a=weights[module].lora_a * torch.nan)
        return weights

    monkeypatch.setattr(torch_engine, "load_weights", load)
    runner, arms = llama.engine(llama.adapter("a", seed=3), llama.adapter("b", seed=4))
    prompts = llama.prompts(4)
    for ask, run in ((llama.to_generate(arms, prompts), runner.generate),
                     (llama.to_score(arms, prompts, CHOICES), runner.score)):  # fmt: skip
        outputs = llama.by_key(run(ask))
        for request in ask:
            error = outputs[request.key].error
            assert error == ("non-finite log-probabilities" if request.arm == "arm-b" else None)


def test_an_unknown_arm_is_an_error_of_the_engine(llama, engine) -> None:
    """It never runs as the base model."""
    runner, arms = engine
    stranger = replace(arms[1], digest="stranger")
    with pytest.raises(EngineError, match="arm stranger is not among"):
        list(runner.generate(llama.to_generate([stranger], llama.prompts(1))))


def test_a_closed_engine_says_so(llama) -> None:
    """Instead of an attribute error."""
    runner, arms = llama.engine()
    runner.close()
    with pytest.raises(EngineError, match="closed"):
        list(runner.generate(llama.to_generate(arms, llama.prompts(1))))


def test_an_adapter_of_another_model_is_refused_at_the_start(llama, worlds) -> None:
    """Also where nobody inspected it: a layer that the base lacks, a shape that does not fit."""
    path = worlds("gpt2").adapter("stray")
    arm = Arm(Role.CANDIDATE, "stray", "b", "d", "stray")
    with pytest.raises(EngineError, match=r"c_attn: an adapter targets it .* nothing of that name"):
        TorchEngine(llama.base, [arm], {"stray": path}, EngineOptions())


def test_a_directory_that_is_no_model_is_refused(tmp_path) -> None:
    """With the sentence that says what is missing."""
    with pytest.raises(EngineError, match=r"no tokenizer\.json"):
        TorchEngine(tmp_path, [], {}, EngineOptions())


def test_an_unknown_dtype_is_refused(llama) -> None:
    """And the known ones are named."""
    with pytest.raises(EngineError, match="float32, bfloat16, float16"):
        TorchEngine(llama.base, [], {}, EngineOptions(dtype="int3"))
