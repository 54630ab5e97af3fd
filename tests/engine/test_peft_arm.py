"""What the shared batch cannot compute runs through unmodified peft, beside it."""

from __future__ import annotations

import json
import shutil

import pytest
from safetensors.torch import load_file, save_file

from harness.errors import EngineError

CHOICES = ((5,), (6, 7), (8, 9, 10))
SPECIAL = {
    "dora": {"use_dora": True},
    "modules_to_save": {"modules_to_save": ["norm"]},
    "trainable_tokens": {"trainable_token_indices": {"embed_tokens": [5, 6, 7]}},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
    "lora_bias": {"lora_bias": True, "target_modules": "all-linear"},
    "dora-pattern": {
        "use_dora": True,
        "target_modules": r".*[qv]_proj",
        "rank_pattern": {".*v_proj": 2},
    },
}


@pytest.fixture(scope="module")
def measured(llama):
    """Two fused arms and all special ones, in one engine."""
    adapters = {"plain": llama.adapter("plain")} | {
        name: llama.adapter(name, seed=place, **config)
        for place, (name, config) in enumerate(SPECIAL.items())
    }
    engine, arms = llama.engine(*adapters.values())
    prompts = llama.prompts(5)
    generate, score = llama.to_generate(arms, prompts), llama.to_score(arms, prompts, CHOICES)
    outputs = llama.by_key(engine.generate(generate)) | llama.by_key(engine.score(score))
    return adapters, {arm.digest: arm for arm in arms}, generate, score, outputs


@pytest.mark.parametrize("kind", SPECIAL)
def test_it_is_routed_to_peft_and_right(llama, measured, kind: str) -> None:
    """Greedy text and log-likelihoods are those of peft loading the directory itself."""
    adapters, arms, generate, score, outputs = measured
    assert arms[f"arm-{kind}"].executor == "peft"
    for request in generate:
        if request.arm == f"arm-{kind}":
            tokens = llama.continuation(adapters[kind], request.prompt, 8)
            assert outputs[request.key].text == llama.text(tokens)
    for request in score:
        if request.arm == f"arm-{kind}":
            expected = [
                llama.loglikelihood(adapters[kind], request.prompt, choice) for choice in CHOICES
            ]
            assert outputs[request.key].logprobs == pytest.approx(expected, abs=1e-4)


def test_peft_arms_leave_the_shared_batch_alone(llama, measured) -> None:
    """The base and a fused arm beside them answer as without them."""
    adapters, arms, generate, _, outputs = measured
    alone, _ = llama.engine(adapters["plain"])
    mine = [r for r in generate if arms[r.arm].executor == "fused"]
    again = llama.by_key(alone.generate(mine))
    assert {k: o.text for k, o in again.items()} == {r.key: outputs[r.key].text for r in mine}


def test_control_peft_arms_differ_from_base(measured) -> None:
    """Each special adapter really changes the likelihoods."""
    _, _, _, score, outputs = measured
    base = [outputs[r.key].logprobs for r in score if r.arm == "base"]
    for kind in SPECIAL:
        mine = [outputs[r.key].logprobs for r in score if r.arm == f"arm-{kind}"]
        assert max(abs(a[0] - b[0]) for a, b in zip(mine, base, strict=True)) > 0.01


def test_a_special_adapter_without_its_tensors_is_refused(llama) -> None:
    """Otherwise peft would make the missing magnitudes up and only warn."""
    whole = llama.adapter("dora", **SPECIAL["dora"])
    path = shutil.copytree(whole, llama.root / "partial", dirs_exist_ok=True)
    file = path / "adapter_model.safetensors"
    save_file({k: v for k, v in load_file(file).items() if "layers.1" not in k}, file)
    engine, arms = llama.engine(path)
    requests = llama.to_generate(arms[1:], llama.prompts(1))
    with pytest.raises(EngineError, match=r"no tensor for .*layers\.1"):
        list(engine.generate(requests))


def test_no_pattern_of_the_directory_reaches_peft(llama, monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets and ranks are resolved here, with a time limit; peft gets plain module names."""
    from peft import PeftModel

    seen = []
    load = PeftModel.from_pretrained

    def spy(model, path, config, **rest):
        seen.append(config)
        return load(model, path, config=config, **rest)

    monkeypatch.setattr(PeftModel, "from_pretrained", spy)
    path = llama.adapter("dora-pattern", **SPECIAL["dora-pattern"])
    engine, arms = llama.engine(path)
    list(engine.generate(llama.to_generate(arms[1:], llama.prompts(1))))
    stated = json.loads((path / "adapter_config.json").read_text())
    assert isinstance(stated["target_modules"], str)
    assert len(seen[0].target_modules) == 6
    assert all("*" not in name for name in seen[0].target_modules)
    assert all(".*" not in pattern for pattern in seen[0].rank_pattern)
