"""One adapter against one base, without torch: may it be run, how, and is it what it says?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.adapters.config import CONFIG_FILE, AdapterConfig, read_config, read_json
from harness.adapters.digest import DigestCache
from harness.adapters.manifest import Manifest, read_manifest
from harness.adapters.targets import Targets
from harness.adapters.tensors import adapter_tensors, base_tensors
from harness.errors import AdapterError

PREFIX = "base_model.model."
_PART = re.compile(
    r"(?P<module>.+?)\.(?:(?P<part>lora_A|lora_B)\.weight|(?:base_layer\.)?(?P<bias>bias))"
)
CONV1D_TYPES = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer"})
"""Model types whose linears store their weight as [K, N] instead of [N, K]."""
HEAD = "lm_head"
"""A tied output head has no weight of its own in the file."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AdapterInfo:
    """An adapter that may be run on the base it was inspected against."""

    name: str
    """From its manifest, else the directory's name."""
    path: str
    digest: str
    executor: str
    """``fused`` in the shared batch, or ``peft``."""
    reason: str
    """Why it needs peft; empty for fused."""
    manifest: Manifest | None


def inspect_adapter(
    path: str | os.PathLike[str],
    base_path: str | os.PathLike[str],
    base_digest: str,
    digests: DigestCache,
    *,
    verify: bool = False,
) -> AdapterInfo:
    """Read, verify and fit one adapter; AdapterError names what is wrong with it.

    ``verify`` recomputes its digest from the bytes. Everything of :func:`adapter_digest` and
    :func:`read_manifest` is checked, and that modules and shapes are those of this base.
    """
    directory, base = Path(path), Path(base_path)
    config = read_config(directory)
    digest = digests.adapter(directory, verify=verify)
    manifest = read_manifest(directory)
    reason = config.needs_peft or _foreign_tensor(directory, config)
    _check_base(directory, config, manifest, base, base_digest, digests)
    _check_fit(directory, config, base, complete=reason is None)
    return AdapterInfo(
        name=manifest.name if manifest else directory.resolve().name,
        path=os.fspath(path),
        digest=digest,
        executor="peft" if reason else "fused",
        reason=reason or "",
        manifest=manifest,
    )


def split_name(name: str) -> tuple[str, str] | None:
    """A tensor's module and part (``lora_A``, ``lora_B`` or ``bias``); None for anything else."""
    found = _PART.fullmatch(name.removeprefix(PREFIX))
    return (found["module"], found["part"] or found["bias"]) if found else None


def _foreign_tensor(directory: Path, config: AdapterConfig) -> str | None:
    """The first tensor that is not a linear's low-rank part; such an adapter runs through peft."""
    for tensor in adapter_tensors(directory):
        split = split_name(tensor.name)
        if split is None or (split[1] == "bias" and config.bias != "lora_only"):
            return f"it holds {tensor.name}, which is no low-rank part of a linear layer"
    return None


def _check_base(
    directory: Path,
    config: AdapterConfig,
    manifest: Manifest | None,
    base: Path,
    base_digest: str,
    digests: DigestCache,
) -> None:
    if manifest is not None and manifest.base != base_digest:
        raise AdapterError(
            f"{directory}: trained on base {manifest.base[:12]}, but this gate's base {base} is"
            f" {base_digest[:12]}; gate it with the base it was trained on"
        )
    stated = Path(config.base_model_name_or_path or "")
    if manifest is not None or not (stated / "config.json").is_file():
        return
    if stated.resolve() != base.resolve() and (found := digests.base(stated)) != base_digest:
        raise AdapterError(
            f"{directory}: {CONFIG_FILE} names the base {stated} ({found[:12]}), but this gate's"
            f" base {base} is {base_digest[:12]}; gate it with --base-model {stated}"
        )


def _check_fit(directory: Path, config: AdapterConfig, base: Path, *, complete: bool) -> None:
    """Every low-rank pair fits a module of the base that the configuration names.

    With ``complete`` every module that the configuration names must also have its pair.
    """
    targets = Targets(config)
    weights = _module_shapes(base)
    transposed = read_json(base / "config.json").get("model_type") in CONV1D_TYPES
    adapted = set()
    for module, part in _pairs(directory).items():
        if not targets.matches(module) and config.target_parameters is None:
            raise AdapterError(
                f"{directory}: there are tensors for {module}, but target_modules does not name"
                " it, so peft would ignore them: configuration and weights do not belong together"
            )
        weight = next((name for name in _names(module) if name in weights), None)
        if weight is not None:
            n, k = reversed(weights[weight]) if transposed else weights[weight]
            _check_shapes(directory, base, module, part, (n, targets.rank(module), k))
            adapted.add(weight)
        elif not (module == HEAD or config.target_parameters):
            raise AdapterError(_no_module(directory, config, base, module, weights))
    missing = [name for name in weights if name not in adapted and targets.matches(name)]
    if complete and missing and not isinstance(config.target_modules, str):
        raise AdapterError(
            f"{directory}: target_modules names {missing[0]}, which has no tensors"
            f" ({len(missing)} such modules): the file is partial, or target_modules is wrong"
        )


def _check_shapes(
    directory: Path,
    base: Path,
    module: str,
    part: Mapping[str, Shape],
    sizes: tuple[int, int, int],
) -> None:
    n, rank, k = sizes
    if part["lora_A"] == (rank, k) and part["lora_B"] == (n, rank):
        return
    raise AdapterError(
        f"{directory}: {module} has lora_A {list(part['lora_A'])} and lora_B"
        f" {list(part['lora_B'])}; on this base {base} they would have to be [{rank}, {k}] and"
        f" [{n}, {rank}]: it was trained for another base, or with another rank"
    )


def _pairs(directory: Path) -> dict[str, dict[str, Shape]]:
    """Module → shapes of its lora_A and lora_B."""
    parts: dict[str, dict[str, Shape]] = {}
    for tensor in adapter_tensors(directory):
        split = split_name(tensor.name)
        if split is not None and split[1] != "bias":
            parts.setdefault(split[0], {})[split[1]] = tensor.shape
    return parts


def _module_shapes(base: Path) -> dict[str, Shape]:
    """Module name → weight shape, of all two-dimensional weights of the base."""
    suffix = ".weight"
    return {
        tensor.name.removesuffix(suffix): tensor.shape
        for tensor in base_tensors(base)
        if tensor.name.endswith(suffix) and len(tensor.shape) == 2
    }


def _names(module: str) -> tuple[str, str]:
    """A module's names in a checkpoint: bare models are saved without the first component."""
    return module, module.partition(".")[2]


def _no_module(
    directory: Path, config: AdapterConfig, base: Path, module: str, weights: Mapping[str, Shape]
) -> str:
    origin = config.base_model_name_or_path
    leaves = sorted({name.rpartition(".")[2] for name in weights})
    return (
        f"{directory}: adapts {module}, which the base {base} does not have (its layers:"
        f" {', '.join(leaves[:12])}); it was trained for {origin or 'another base'}"
    )
