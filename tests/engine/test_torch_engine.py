"""Which executor answers what, and what happens when one cannot."""

from __future__ import annotations

import pytest
import torch

from harness.engine import torch_engine
from harness.engine.continuous import ContinuousExecutor
from harness.engine.protocol import EngineOptions
from harness.engine.torch_engine import TorchEngine
from harness.errors import EngineError

CHOICES = ((5,), (6, 7))


@pytest.fixture(scope="module")
def adapters(llama):
    """Two of different ranks."""
    return llama.adapter("joined", seed=11), llama.adapter("joined-8", seed=12, r=8)


def texts(world, outputs) -> dict[str, str | None]:
    return {key: output.text for key, output in world.by_key(outputs).items()}


def test_continuous_batching_answers_as_padded_batches_do(llama, adapters) -> None:
    """Every arm's text; scores come from the padded executor in both."""
    padded, arms = llama.engine(*adapters)
    joined, _ = llama.engine(*adapters, batching="continuous")
    asked = llama.to_generate(arms, llama.prompts(6))
    answers = texts(llama, joined.generate(asked))
    assert answers == texts(llama, padded.generate(asked))
    of_arm = {tuple(answers[r.key] for r in asked if r.arm == arm.digest) for arm in arms}
    assert len(of_arm) == len(arms)
    scored = llama.to_score(arms, llama.prompts(3), CHOICES)
    one, two = (llama.by_key(engine.score(scored)) for engine in (joined, padded))
    assert {k: o.logprobs for k, o in one.items()} == {k: o.logprobs for k, o in two.items()}


def test_a_failed_continuous_batch_is_halved(llama, adapters, monkeypatch, caplog) -> None:
    """Down to the request at fault; outputs before the failure are kept, a refusal is said once."""
    engine, arms = llama.engine(*adapters, batching="continuous")
    generate = ContinuousExecutor.generate
    asked = llama.to_generate(arms[:2], llama.prompts(3), tokens=3)
    bad = asked[-1]

    def failing(self, requests):
        yield from generate(self, [request for request in requests if request is not bad])
        if bad in requests:
            raise MemoryError("no room")

    too_long = llama.to_generate(arms[:1], [(5,) * 500])
    expected = texts(llama, engine.generate([*asked, *too_long]))
    monkeypatch.setattr(ContinuousExecutor, "generate", failing)
    outputs = llama.by_key(engine.generate([*asked, *too_long]))
    caplog.clear()
    assert outputs.pop(bad.key).error == "MemoryError: no room"
    assert "exceed the model's context" in outputs[too_long[0].key].error
    assert outputs.keys() == expected.keys() - {bad.key}
    for key, output in outputs.items():
        assert output.text == expected[key]


def test_a_model_that_cannot_be_paged_is_padded(llama, adapters, monkeypatch, caplog) -> None:
    """With the reason in the log, and answers all the same."""
    monkeypatch.setattr(torch_engine, "unsupported", lambda model: "no paged attention")
    engine, arms = llama.engine(*adapters, batching="continuous")
    assert "padded batches: no paged attention" in caplog.text
    (output,) = engine.generate(llama.to_generate(arms[:1], llama.prompts(1)))
    assert output.error is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_a_device_that_is_missing_is_one_sentence(llama) -> None:
    """And what to do."""
    with pytest.raises(EngineError, match=r"device cuda: torch .* finds none.*device = \"cpu\""):
        TorchEngine(llama.base, [], {}, EngineOptions(device="cuda"))
