"""The shared batch against unmodified peft, one adapter at a time."""

from __future__ import annotations

import pytest

FAMILIES = ["llama", "gpt2", "qwen3", "mistral", "gemma3"]
CHOICES = ((5,), (6, 7), (6, 8, 9), (10, 11, 12, 13))
TOLERANCE = 1e-4
"""In nats, fp32, summed over a choice's tokens."""


def kinds(linears: list[str]) -> dict[str, dict]:
    """Every way of stating a LoRA that the fused path reads."""
    first, second, third = linears
    return {
        "list": {},
        "all-linear": {"target_modules": "all-linear", "r": 8},
        "pattern": {"target_modules": rf".*\.[12]\..*{first}"},
        "rslora": {"use_rslora": True, "r": 16},
        "rank_pattern": {"rank_pattern": {first: 2, rf".*\.0\..*{second}": 1}},
        "alpha_pattern": {"alpha_pattern": {third: 32, first: 1}},
        "layers": {"layers_to_transform": [0, 2]},
        "bias": {"bias": "lora_only"},
        "exclude": {"exclude_modules": [third]},
    }


KINDS = list(kinds(["a", "b", "c"]))


@pytest.fixture(scope="module", params=FAMILIES)
def measured(request: pytest.FixtureRequest, worlds):
    """All kinds of adapters and the base in one engine, asked everything at once."""
    world = worlds(request.param)
    adapters = {
        name: world.adapter(name, seed=place, **config)
        for place, (name, config) in enumerate(kinds(world.linears).items())
    }
    engine, arms = world.engine(*adapters.values())
    prompts = world.prompts(6)
    asked = [*world.to_generate(arms, prompts), *world.to_score(arms, prompts, CHOICES)]
    generated = world.by_key(engine.generate([r for r in asked if not hasattr(r, "choices")]))
    scored = world.by_key(engine.score([r for r in asked if hasattr(r, "choices")]))
    engine.close()
    by_arm = {name: f"arm-{name}" for name in adapters} | {"base": "base"}
    return world, adapters, by_arm, asked, generated | scored


@pytest.mark.parametrize("kind", ["base", *KINDS])
def test_greedy_tokens_are_those_of_peft(measured, kind: str) -> None:
    """Every prompt, in a batch of mixed lengths and arms."""
    world, adapters, by_arm, asked, outputs = measured
    for request in asked:
        if request.arm == by_arm[kind] and not hasattr(request, "choices"):
            expected = world.continuation(adapters.get(kind), request.prompt, 8)
            assert outputs[request.key].error is None
            assert outputs[request.key].text == world.text(expected)


@pytest.mark.parametrize("kind", ["base", *KINDS])
def test_loglikelihoods_are_those_of_peft(measured, kind: str) -> None:
    """Every choice, whatever its length and its neighbours'."""
    world, adapters, by_arm, asked, outputs = measured
    for request in asked:
        if request.arm == by_arm[kind] and hasattr(request, "choices"):
            expected = [
                world.loglikelihood(adapters.get(kind), request.prompt, choice)
                for choice in request.choices
            ]
            assert outputs[request.key].logprobs == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_control_another_arm_differs(measured, kind: str) -> None:
    """The same comparison fails by far against any other arm's answers."""
    _, _, by_arm, asked, outputs = measured
    scored = [request for request in asked if hasattr(request, "choices")]
    mine = [outputs[r.key].logprobs for r in scored if r.arm == by_arm[kind]]
    for other in {*by_arm.values()} - {by_arm[kind]}:
        theirs = [outputs[r.key].logprobs for r in scored if r.arm == other]
        gaps = [
            abs(a - b)
            for one, two in zip(mine, theirs, strict=True)
            for a, b in zip(one, two, strict=True)
        ]
        assert max(gaps) > 100 * TOLERANCE
