"""Arms in the layers of a model: what is overridden, what is shared, what is only added to."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from peft import PeftModel
from torch import nn
from torch.ao.nn.quantized import dynamic, reference
from transformers import AutoModelForCausalLM

from harness.adapters.weights import LoraWeights, load_weights
from harness.engine import hooks
from harness.engine.hooks import ArmLayers
from harness.engine.opaque import couples_rows, is_opaque
from harness.errors import EngineError
from harness.kernels.multi_lora import batch

TOKENS = torch.arange(2, 34).view(2, 16)
EVERYTHING = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PER_CHANNEL = {
    "qscheme": torch.per_channel_affine,
    "dtype": torch.qint8,
    "axis": 0,
}


def base_model(world):
    return AutoModelForCausalLM.from_pretrained(world.base, dtype=torch.float32).eval()


def quantised(module: nn.Linear) -> nn.Module:
    """Weights in 8 bits, one scale per output, as torch's own reference has it."""
    scale = module.weight.detach().abs().amax(1) / 127
    settings = {**PER_CHANNEL, "scale": scale, "zero_point": torch.zeros_like(scale).long()}
    return reference.Linear.from_float(module, settings)


def replace(model, name: str, make) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, make(model.get_submodule(name)))


@torch.no_grad()
def logits(model, tokens: torch.Tensor = TOKENS) -> torch.Tensor:
    return model(tokens).logits


@pytest.fixture(scope="module")
def adapter(llama):
    """Every linear of every layer."""
    return llama.adapter("everything", seed=7, target_modules=EVERYTHING, scale=0.05)


def test_linears_of_one_input_share_a_shrink(llama, adapter, monkeypatch) -> None:
    """Four per layer of seven targets: q with k and v, o, gate with up, down."""
    calls = []
    shrink = hooks.shrink
    monkeypatch.setattr(hooks, "shrink", lambda *given: calls.append(1) or shrink(*given))
    model = base_model(llama)
    layers = ArmLayers(model, [load_weights(adapter)], mode="fast")
    layers.select([-1, 0])
    ours = logits(model)
    assert len(calls) == 4 * model.config.num_hidden_layers
    assert torch.allclose(ours[0], logits(llama.oracle(None))[0], atol=1e-4)
    assert torch.allclose(ours[1], logits(llama.oracle(adapter))[1], atol=1e-4)
    assert not torch.allclose(ours[1], logits(llama.oracle(None))[1], atol=1e-2)


def test_an_input_changed_between_passes_is_shrunk_anew(llama, adapter) -> None:
    """The same tensor object with another content, as a captured graph's is."""
    model = base_model(llama)
    layers = ArmLayers(model, [load_weights(adapter)])
    q_proj = model.get_submodule("model.layers.0.self_attn.q_proj")
    x = torch.randn(1, 4, 32, generator=torch.Generator().manual_seed(0))
    layers.select([0])
    with torch.no_grad():
        first = q_proj(x)
        x.mul_(2)
        layers.select([0])
        assert torch.allclose(q_proj(x), 2 * first, atol=1e-5)


def test_deterministic_rows_do_not_see_their_number(llama, adapter) -> None:
    """In any linear, targeted or not; the plain module's bits do change, or this shows nothing."""
    model, plain = base_model(llama), base_model(llama)
    layers = ArmLayers(model, [load_weights(adapter)])
    x = torch.randn(40, 32, generator=torch.Generator().manual_seed(0))
    for name in ("lm_head", "model.layers.0.self_attn.q_proj"):
        ours, theirs = model.get_submodule(name), plain.get_submodule(name)
        with torch.no_grad():
            layers.select([0] * 40)
            whole, changed = ours(x), False
            for rows in range(1, 40):
                layers.select([0] * rows)
                assert torch.equal(ours(x[:rows]), whole[:rows]), (name, rows)
                changed |= not torch.equal(theirs(x[:rows]), theirs(x)[:rows])
        assert changed


def test_tokens_in_any_order_are_routed(llama, adapter) -> None:
    """Slot by slot of each token, not of each sequence."""
    model = base_model(llama)
    layers = ArmLayers(model, [load_weights(adapter), load_weights(adapter)])
    linear = model.get_submodule("model.layers.1.mlp.down_proj")
    x = torch.randn(7, 48, generator=torch.Generator().manual_seed(0))
    slots = torch.tensor([1, -1, 0, 1, -1, 0, 0], dtype=torch.int32)
    with torch.no_grad():
        layers.route(slots)
        mixed = linear(x)
        layers.select([-1] * 7)
        of_base = linear(x)
        layers.select([0] * 7)
        of_adapter = linear(x)
    expected = torch.where((slots < 0)[:, None], of_base, of_adapter)
    assert torch.allclose(mixed, expected, atol=1e-5)
    assert float((of_base - of_adapter).abs().min(dim=-1).values.max()) > 1e-5


def test_the_head_may_see_fewer_rows(llama) -> None:
    """An adapter on the head, and a head that is asked for the last tokens alone."""
    rng = torch.Generator().manual_seed(1)
    lora_a, lora_b = torch.randn(3, 32, generator=rng), torch.randn(300, 3, generator=rng)
    model, plain = base_model(llama), base_model(llama)
    layers = ArmLayers(model, [{"lm_head": LoraWeights(lora_a, lora_b, 0.5, None)}])
    slots = torch.tensor([-1] * 16 + [0] * 16, dtype=torch.int32)
    layers.route(slots, slots[[15, 31]])
    with torch.no_grad():
        last = model(TOKENS, logits_to_keep=1).logits[:, 0]
        hidden = plain.model(TOKENS).last_hidden_state[:, -1]
    of_base = hidden @ plain.lm_head.weight.T
    added = 0.5 * (hidden[1] @ lora_a.T) @ lora_b.T
    assert torch.allclose(last[0], of_base[0], atol=1e-4)
    assert torch.allclose(last[1], of_base[1] + added, atol=1e-4)
    assert float(added.abs().max()) > 0.1


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
def test_an_opaque_linear_gets_the_low_rank_part_added(llama, adapter) -> None:
    """One quantised linear, against peft over the same base; no weight of it is read."""
    name = "model.layers.1.self_attn.v_proj"
    model = base_model(llama)
    under_peft = PeftModel.from_pretrained(base_model(llama), adapter).eval()
    replace(model, name, quantised)
    replace(under_peft, f"base_model.model.{name}.base_layer", quantised)
    assert is_opaque(model.get_submodule(name))
    quantised_base = logits(model)
    layers = ArmLayers(model, [load_weights(adapter)])
    layers.select([-1, 0])
    ours = logits(model)
    expected = logits(under_peft)
    assert torch.allclose(ours[0], quantised_base[0], atol=1e-4)
    assert torch.allclose(ours[1], expected[1], atol=1e-4)
    assert not torch.allclose(ours[1], logits(llama.oracle(adapter))[1], atol=1e-4)


def test_a_linear_that_couples_rows_is_refused(llama, adapter) -> None:
    """Dynamic int8 with one scale per tensor: a loud row costs its neighbours their precision."""
    name = "model.layers.0.mlp.up_proj"
    model = base_model(llama)
    model.get_submodule(name).qconfig = torch.ao.quantization.default_dynamic_qconfig
    replace(model, name, dynamic.Linear.from_float)
    assert couples_rows(model.get_submodule(name), torch.float32)
    with pytest.raises(EngineError, match=rf"{name}: Linear quantises all rows .* one scale"):
        ArmLayers(model, [load_weights(adapter)])


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
@pytest.mark.parametrize("make", [lambda m: m, quantised], ids=["plain", "weight-only"])
def test_control_other_linears_do_not_couple_rows(llama, make) -> None:
    """Plain and weight-only ones."""
    module = make(base_model(llama).get_submodule("model.layers.0.mlp.up_proj"))
    assert not couples_rows(module, torch.float32)


def test_what_is_no_linear_is_refused(llama, adapter) -> None:
    """By name and kind."""
    model = base_model(llama)
    replace(model, "model.layers.0.mlp.up_proj", lambda _: nn.Identity())
    with pytest.raises(EngineError, match=r"up_proj: an adapter targets .* the base has Identity"):
        ArmLayers(model, [load_weights(adapter)])


def test_weights_that_overflow_their_dtype_are_refused(llama, adapter, monkeypatch) -> None:
    """Infinite weights could reach other arms' rows: as off the CPU, where they are cast."""
    monkeypatch.setattr(batch, "adapter_dtype", lambda like: like.dtype)
    name = "model.layers.0.mlp.up_proj"
    weights = load_weights(adapter)
    weights[name] = dataclasses.replace(weights[name], lora_b=weights[name].lora_b + 1e6)
    ArmLayers(base_model(llama), [weights])
    with pytest.raises(EngineError, match=rf"{name}: .* beyond the range of torch.float16"):
        ArmLayers(base_model(llama).half(), [weights])
