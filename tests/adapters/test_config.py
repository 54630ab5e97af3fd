"""adapter_config.json is hostile input: it is accepted, left to peft, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from peft import LoraConfig

from harness.adapters.config import CONFIG_FILE, AdapterConfig, read_config
from harness.errors import AdapterError

PLAIN = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj"]}


def read(tmp_path: Path, **config: object) -> AdapterConfig:
    (tmp_path / CONFIG_FILE).write_text(json.dumps(PLAIN | config))
    return read_config(tmp_path)


def test_what_peft_itself_saves_is_accepted(tmp_path: Path) -> None:
    """A default LoraConfig, with all its null and empty keys, runs in the fused batch."""
    LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM").save_pretrained(tmp_path)
    assert read_config(tmp_path).needs_peft is None


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"target_parameters": ["mlp.experts.gate_up_proj"]}, "target_parameters"),
        ({"trainable_token_indices": [1, 2]}, "trainable_token_indices"),
        ({"lora_bias": True}, "lora_bias"),
        ({"bias": "all"}, "bias"),
        ({"init_lora_weights": "pissa_niter_16"}, "pissa_niter_16"),
    ],
)
def test_what_only_peft_computes_is_left_to_peft(
    tmp_path: Path, config: dict[str, object], word: str
) -> None:
    """The reason names the key."""
    assert word in str(read(tmp_path, **config).needs_peft)


def test_the_mapping_that_peft_writes_without_a_task_type_is_ignored(tmp_path: Path) -> None:
    """Most adapters that were made without task_type=CAUSAL_LM have it."""
    mapping = {
        "base_model_class": "LlamaForCausalLM",
        "parent_library": "transformers.models.llama.modeling_llama",
    }
    assert read(tmp_path, auto_mapping=mapping) == read(tmp_path)


@pytest.mark.parametrize(
    "config",
    [
        {"auto_mapping": {"base_model_class": "X", "parent_library": "os"}},
        {"auto_mapping": {"base_model_class": "X", "parent_library": "transformers_evil.x"}},
        {"megatron_config": {"a": 1}},
        {"megatron_core": "evil.module"},
    ],
    ids=lambda config: next(iter(config)),
)
def test_keys_that_make_peft_import_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    """No name of the file ever reaches importlib."""
    with pytest.raises(AdapterError, match=next(iter(config))):
        read(tmp_path, **config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"target_moduls": ["k_proj"]}, r"unknown key 'target_moduls' \(did you mean 'target_mod"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"alora_invocation_tokens": [1]}, "alora_invocation_tokens"),
        ({"peft_type": "IA3"}, "peft_type"),
        ({"task_type": "SEQ_CLS"}, "task_type"),
        ({"r": 0}, "r: "),
        ({"r": 10**9}, "r: "),
        ({"r": "4"}, "r: "),
        ({"lora_alpha": 1e300}, "lora_alpha"),
        ({"target_modules": None}, "target_modules is missing"),
        ({"target_modules": "(a"}, "not a regular expression"),
        ({"target_modules": "(?:foo){e<=1}"}, "no regex extensions"),
        ({"target_modules": ["../../x"]}, "not a module name"),
        ({"modules_to_save": ["(a+)+$"]}, "not a module name"),
        ({"target_modules": "a" * 5000}, "target_modules"),
        ({"rank_pattern": {"(": 4}}, "not a regular expression"),
        ({"rank_pattern": {"a": -1}}, "rank_pattern"),
        ({"target_modules": ".*q", "layers_to_transform": [1]}, "layers_to_transform"),
        ({"init_lora_weights": "__import__"}, "initialisation"),
        ({"bias": "some"}, "bias"),
    ],
)
def test_what_is_wrong_or_unknown_is_refused(
    tmp_path: Path, config: dict[str, object], message: str
) -> None:
    """Each refusal says which key, and a misspelt one which key is near."""
    with pytest.raises(AdapterError, match=message):
        read(tmp_path, **config)


@pytest.mark.parametrize("value", [None, False, [], {}])
def test_unknown_keys_that_say_nothing_are_ignored(tmp_path: Path, value: object) -> None:
    """Newer peft versions add keys; unset ones change nothing."""
    assert read(tmp_path, feature_of_2027=value) == read(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"r": 1, "r": 2}', '{"r": NaN}', "[" * 100_000, "\xff"],
    ids=["empty", "list", "null", "duplicate", "nan", "deep", "latin1"],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    """The file is named; nothing is raised but AdapterError."""
    (tmp_path / CONFIG_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(AdapterError, match=CONFIG_FILE):
        read_config(tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """Size is checked before content."""
    (tmp_path / CONFIG_FILE).write_text(" " * 2_000_000)
    with pytest.raises(AdapterError, match="larger than"):
        read_config(tmp_path)


def test_behaviour_forgets_origin_and_order(tmp_path: Path) -> None:
    """Where it was trained, dropout and the order of a set decide no answer."""
    one = read(tmp_path, target_modules=["b", "a"], lora_dropout=0.1, revision="main")
    other = read(tmp_path, target_modules=["a", "b"], base_model_name_or_path="elsewhere")
    assert one.behaviour() == other.behaviour()


@pytest.mark.parametrize(
    "config",
    [
        {"r": 8},
        {"lora_alpha": 32},
        {"use_rslora": True},
        {"rank_pattern": {"a": 2}},
        {"layers_to_transform": [1]},
        {"target_modules": ["k_proj"]},
        {"bias": "lora_only"},
    ],
    ids=lambda config: next(iter(config)),
)
def test_behaviour_keeps_what_decides_answers(tmp_path: Path, config: dict[str, object]) -> None:
    """Control: each of these changes it."""
    assert read(tmp_path, **config).behaviour() != read(tmp_path).behaviour()


def test_the_order_of_patterns_is_behaviour(tmp_path: Path) -> None:
    """The first pattern that matches wins."""
    one = read(tmp_path, rank_pattern={"q.*": 2, ".*proj": 8})
    other = read(tmp_path, rank_pattern={".*proj": 8, "q.*": 2})
    assert one.behaviour() != other.behaviour()
