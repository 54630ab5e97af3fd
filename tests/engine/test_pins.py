"""The contract with transformers: what ``pins.py`` and ``hooks.py`` rely on, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from harness.engine.hooks import ArmLayers
from harness.engine.load import load_base
from harness.engine.pins import (
    LINEAR_TYPES,
    RoomyLayer,
    forward,
    linear_weight,
    max_context,
    new_cache,
)
from harness.errors import EngineError

FAMILIES = ["llama", "gpt2", "qwen3", "mistral", "gemma3"]


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_on_the_left_moves_nothing(worlds, family: str) -> None:
    """A masked row of a batch gives the logits of the same row alone, through our cache."""
    model = worlds(family).oracle(None)
    row = torch.tensor([[5, 6, 7, 8]])
    padded = torch.tensor([[0, 0, 0, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15]])
    mask = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [1] * 7])
    with torch.inference_mode():
        alone = forward(model, row, torch.ones_like(row), new_cache(model, 2), keep=1)
        cache = new_cache(model, 1)
        beside = forward(model, padded, mask, cache, keep=1)
        assert torch.allclose(beside[0], alone[0], atol=1e-4)
        more = torch.cat([mask, mask.new_ones(2, 1)], dim=1)
        next_beside = forward(model, torch.tensor([[20], [21]]), more, cache, keep=1)
        longer = torch.tensor([[5, 6, 7, 8, 20]])
        next_alone = forward(model, longer, torch.ones_like(longer), new_cache(model, 0), keep=1)
    assert torch.allclose(next_beside[0], next_alone[0], atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_only_plain_layers_get_room(worlds, family: str) -> None:
    """Sliding windows keep the layer that knows about windows."""
    model = worlds(family).oracle(None)
    layers = new_cache(model, 3).layers
    stock = DynamicCache(config=model.config).layers
    assert len(layers) == len(stock)
    expected = {DynamicLayer: RoomyLayer, DynamicSlidingWindowLayer: DynamicSlidingWindowLayer}
    assert [type(layer) for layer in layers] == [expected[type(layer)] for layer in stock]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_targeted_layer_is_a_known_linear(worlds, family: str) -> None:
    """And its weight reads as [outputs, inputs], which is how the layer itself computes."""
    world = worlds(family)
    model = world.oracle(None)
    found = [m for n, m in model.named_modules() if n.rpartition(".")[2] in world.linears]
    assert found
    for module in found:
        assert isinstance(module, LINEAR_TYPES)
        weight = linear_weight(module)
        x = torch.randn(3, weight.shape[1])
        with torch.no_grad():
            expected = nn.functional.linear(x, weight, module.bias)
            assert torch.allclose(module(x), expected, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_context_is_known(worlds, family: str) -> None:
    """Where a model has position embeddings or says how far it was trained."""
    assert max_context(worlds(family).oracle(None)) == 128


def test_rows_must_be_sorted(llama) -> None:
    """Every layer works on contiguous rows of an arm."""
    layers = ArmLayers(load_base(llama.base, "float32"), [])
    with pytest.raises(ValueError, match="sorted"):
        layers.select([0, -1])


def test_a_bias_that_the_base_lacks_is_refused(llama) -> None:
    """Instead of being dropped."""
    from harness.adapters.weights import LoraWeights

    part = LoraWeights(torch.ones(2, 32), torch.ones(32, 2), 1.0, torch.ones(32))
    with pytest.raises(EngineError, match="has a bias that the base's layer lacks"):
        ArmLayers(load_base(llama.base, "float32"), [{"model.layers.0.self_attn.q_proj": part}])
