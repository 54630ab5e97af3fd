"""Our own strict schema of peft's ``adapter_config.json``.

The file comes from strangers and its strings would reach ``re`` and ``importlib`` inside peft,
so nothing is matched, imported or handed on before this schema has accepted it. Three answers
are possible: the adapter runs in the fused batch, it needs peft itself (with the reason), or it
is refused.

Field names and meanings: peft 0.21 ``LoraConfig``.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from rapidfuzz import fuzz, process

from harness.errors import AdapterError

CONFIG_FILE = "adapter_config.json"
MAX_BYTES = 1 << 20
MAX_ENTRIES = 20_000
ALL_LINEAR = "all-linear"

NEUTRAL = frozenset(
    {
        "base_model_name_or_path",
        "corda_config",
        "eva_config",
        "inference_mode",
        "lora_dropout",
        "lora_ga_config",
        "loftq_config",
        "megatron_core",
        "peft_version",
        "qalora_group_size",
        "revision",
        "runtime_config",
        "task_type",
    }
)
"""Known keys without influence on an answer: where it came from and how it was trained."""

NEEDS_PEFT = frozenset(
    {
        "ensure_weight_tying",
        "lora_bias",
        "modules_to_save",
        "target_parameters",
        "trainable_token_indices",
        "use_dora",
    }
)
"""Known keys that change the computation in a way left to peft itself."""

UNSUPPORTED = frozenset(
    {
        "alora_invocation_tokens",
        "arrow_config",
        "kasa_config",
        "layer_replication",
        "monteclora_config",
        "use_bdlora",
        "use_qalora",
        "velora_config",
    }
)
"""Known keys that no executor here has been tested with."""

IMPORTS = frozenset({"auto_mapping", "megatron_config"})
"""Keys by which peft imports Python modules that the file names."""

_OWN_MAPPING = re.compile(r"transformers(\.[A-Za-z0-9_]+)+")
"""What peft writes into auto_mapping where no task_type was given; only AutoPeftModel, which
nothing here uses, would import it."""

PLAIN_INITS = frozenset({"True", "False", "gaussian", "eva", "orthogonal"})
"""Initialisations that leave the base weights alone."""

BASE_CHANGING_INITS = re.compile(r"pissa(_niter_\d{1,4})?|olora|corda|loftq|lora_ga|mica")
"""Initialisations by which peft also changes base weights when it loads the adapter."""

_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_FUZZY = re.compile(r"\{[^}]*[A-Za-z<=]|\[\[:")


def _plain_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a module name (letters, digits, '_' and '.')")
    return text


def _safe_pattern(text: str) -> str:
    """A pattern that means the same in ``re`` (peft) and ``regex`` (here, with a time limit)."""
    if _FUZZY.search(text):
        raise ValueError(f"{text!r}: only plain repeat counts and sets, no regex extensions")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text)
    except (re.error, FutureWarning, DeprecationWarning, OverflowError, RecursionError) as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    return text


def _is_unset(value: object) -> bool:
    return value is None or value is False or value == [] or value == {}


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be finite")
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, (str, int)) and not isinstance(value, bool) else value


Name = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_plain_name)]
Pattern = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_safe_pattern)]
Names = Annotated[tuple[Name, ...], Field(max_length=MAX_ENTRIES, strict=False)]
Rank = Annotated[int, Field(ge=1, le=4096)]
Alpha = Annotated[float, Field(ge=-1e6, le=1e6, strict=False), AfterValidator(_finite)]
Layers = Annotated[
    tuple[Annotated[int, Field(ge=0, le=100_000)], ...],
    Field(max_length=MAX_ENTRIES, strict=False),
    BeforeValidator(_as_list),
]
TokenIndices = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=MAX_ENTRIES, strict=False)
]


class AdapterConfig(BaseModel):
    """A validated LoRA configuration; every field is as in peft's ``LoraConfig``."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    peft_type: Literal["LORA"]
    task_type: Literal["CAUSAL_LM"] | None = None
    base_model_name_or_path: Annotated[str, Field(max_length=4096)] | None = None
    r: Rank = 8
    lora_alpha: Alpha = 8
    target_modules: Names | Pattern | None = None
    exclude_modules: Names | Pattern | None = None
    rank_pattern: Annotated[dict[Pattern, Rank], Field(max_length=MAX_ENTRIES)] = {}
    alpha_pattern: Annotated[dict[Pattern, Alpha], Field(max_length=MAX_ENTRIES)] = {}
    use_rslora: bool = False
    layers_to_transform: Layers | None = None
    layers_pattern: (
        Annotated[
            tuple[Pattern, ...], Field(max_length=100, strict=False), BeforeValidator(_as_list)
        ]
        | None
    ) = None
    bias: Literal["none", "all", "lora_only"] = "none"
    fan_in_fan_out: bool = False
    init_lora_weights: bool | Annotated[str, Field(max_length=40)] = True
    modules_to_save: Names | None = None
    target_parameters: Names | None = None
    trainable_token_indices: TokenIndices | dict[Name, TokenIndices] | None = None
    use_dora: bool = False
    lora_bias: bool = False
    ensure_weight_tying: bool = False
    megatron_core: Literal["megatron.core"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_unset(cls, data: object) -> object:
        """What is null, false or empty says nothing; what is left of unknown keys is refused."""
        if not isinstance(data, Mapping):
            raise ValueError("must be a JSON object")
        stated = {key: value for key, value in data.items() if not _is_unset(value)}
        mapping = stated.get("auto_mapping")
        if isinstance(mapping, Mapping) and _OWN_MAPPING.fullmatch(
            str(mapping.get("parent_library"))
        ):
            del stated["auto_mapping"]
        for key in sorted(IMPORTS & set(stated)):
            raise ValueError(f"{key} makes peft import Python modules named by the file: refused")
        for key in sorted(UNSUPPORTED & set(stated)):
            raise ValueError(f"{key} is used, which no executor here supports")
        known = set(cls.model_fields) | NEUTRAL
        for key in sorted(set(stated) - known):
            near = process.extractOne(key, known, scorer=fuzz.ratio, score_cutoff=70)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(
                f"unknown key {key!r}{hint}: what it changes at inference is unknown, so it is"
                " refused; remove it if it changes nothing"
            )
        return stated

    @model_validator(mode="after")
    def _consistent(self) -> AdapterConfig:
        if self.target_modules is None and self.target_parameters is None:
            raise ValueError("target_modules is missing: save the adapter with peft once more")
        init = str(self.init_lora_weights)
        if init not in PLAIN_INITS and not BASE_CHANGING_INITS.fullmatch(init):
            raise ValueError(f"init_lora_weights: {init!r} is not an initialisation peft knows")
        if isinstance(self.target_modules, str) and self.layers_to_transform is not None:
            raise ValueError("layers_to_transform cannot be used when target_modules is a pattern")
        return self

    @property
    def all_linear(self) -> bool:
        """Whether every linear layer but the output head is a target."""
        return isinstance(self.target_modules, str) and self.target_modules.lower() == ALL_LINEAR

    @property
    def needs_peft(self) -> str | None:
        """Why only unmodified peft can run this adapter; None if the fused path can."""
        stated = sorted(key for key in NEEDS_PEFT if getattr(self, key) not in (None, False))
        if stated:
            return f"it uses {', '.join(stated)}"
        if self.bias == "all":
            return "it replaces the biases of all layers (bias: all)"
        if str(self.init_lora_weights) not in PLAIN_INITS:
            return f"init_lora_weights={self.init_lora_weights} changes base weights at loading"
        return None

    def behaviour(self) -> dict[str, Any]:
        """What decides the answers, in one canonical form: defaults, order and origin left out."""
        stated = self.model_dump(mode="json", exclude_defaults=True)
        return {key: _canonical(key, stated[key]) for key in sorted(set(stated) - NEUTRAL)}


def _canonical(key: str, value: object) -> object:
    """Sets sorted; of patterns the first match wins, so their order is part of the meaning."""
    if key in {"target_modules", "exclude_modules", "layers_to_transform"}:
        return sorted(value) if isinstance(value, list) else value
    return [list(pair) for pair in value.items()] if isinstance(value, dict) else value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _no_constants(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def read_json(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """A JSON object without duplicate keys or NaN, of at most ``max_bytes``; else AdapterError."""
    try:
        if path.stat().st_size > max_bytes:
            raise ValueError(f"larger than {max_bytes:,} bytes")
        text = path.read_text(encoding="utf-8")
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constants)
    except OSError as error:
        raise AdapterError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise AdapterError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise AdapterError(f"{path}: must hold a JSON object")
    return value


def read_config(directory: Path) -> AdapterConfig:
    """The validated configuration of an adapter directory; AdapterError says what is off."""
    path = directory / CONFIG_FILE
    if not directory.is_dir():
        raise AdapterError(f"{directory}: no such adapter directory")
    if not path.is_file():
        raise AdapterError(f"{directory}: no {CONFIG_FILE}, so this is no peft adapter directory")
    try:
        return AdapterConfig.model_validate(read_json(path))
    except ValidationError as error:
        # Of the alternatives of a field the one that fits its type says what is wrong.
        errors = error.errors()
        first = next((e for e in errors if e["type"] == "value_error"), errors[0])
        place = f"{first['loc'][0]}: " if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ")
        raise AdapterError(f"{path}: {place}{message}") from None
