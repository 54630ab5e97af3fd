"""Targets, ranks and alphas as peft resolves them, with a limit on time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.other import get_pattern_key

from harness.adapters.config import AdapterConfig
from harness.adapters.targets import Targets
from harness.errors import AdapterError

MODULES = [
    *(
        f"model.layers.{layer}.{leaf}"
        for layer in (0, 1, 10)
        for leaf in ("self_attn.q_proj", "self_attn.v_proj", "mlp.q_proj", "mlp.experts.3.up_proj")
    ),
    "q_proj",
    "lm_head",
]
NAMES = ["q_proj", "v_proj", "self_attn.q_proj", "model.layers.1.mlp.q_proj", "head", "proj"]
PATTERNS = [r".*q_proj", r"model\.layers\.[01]\..*", r"q_proj", r".*\.(q|v)_proj$", r"^model.*up.*"]
targets = st.lists(st.sampled_from(NAMES), min_size=1) | st.sampled_from(PATTERNS)
layers = st.none() | st.lists(st.sampled_from([0, 1, 3, 10])) | st.integers(0, 1)
patterns = st.dictionaries(st.sampled_from([*NAMES, *PATTERNS]), st.integers(1, 64))


def both(**config: object) -> tuple[Targets, LoraConfig]:
    ours = AdapterConfig.model_validate({"peft_type": "LORA", **config})
    return Targets(ours), LoraConfig(**config)  # type: ignore[arg-type]


@given(targets, st.none() | targets, layers, st.sampled_from([None, "layers", ["h", "layers"]]))
def test_targets_are_those_of_peft(
    target: object, exclude: object, layer: object, pattern: object
) -> None:
    """Lists, patterns, exclusions and layers, against peft's own function."""
    if isinstance(target, str):
        layer = None
    ours, theirs = both(
        target_modules=target,
        exclude_modules=exclude,
        layers_to_transform=layer,
        layers_pattern=pattern if layer is not None else None,
    )
    for module in MODULES:
        assert ours.matches(module) == bool(check_target_module_exists(theirs, module)), module


@given(patterns, patterns, st.booleans())
def test_rank_and_scaling_are_those_of_peft(
    ranks: dict[str, int], alphas: dict[str, int], rslora: bool
) -> None:
    """The first matching pattern wins, as in peft."""
    ours, theirs = both(
        target_modules=["q_proj"], rank_pattern=ranks, alpha_pattern=alphas, use_rslora=rslora
    )
    for module in MODULES:
        rank = ranks.get(get_pattern_key(ranks, module), theirs.r)
        alpha = alphas.get(get_pattern_key(alphas, module), theirs.lora_alpha)
        assert ours.rank(module) == rank
        assert ours.scaling(module) == alpha / (rank**0.5 if rslora else rank)


def test_a_pattern_that_explodes_is_stopped() -> None:
    """Catastrophic backtracking costs the budget, not the machine."""
    config = {"peft_type": "LORA", "target_modules": r"(?:(a|aa)+)+b(?!x)c"}
    ours = Targets(AdapterConfig.model_validate(config), budget=0.2)
    start = time.monotonic()
    with pytest.raises(AdapterError, match="took over"):
        ours.matches("a" * 60 + "bx")
    assert time.monotonic() - start < 5
