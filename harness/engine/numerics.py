"""The numerics class: everything outside a request that can move the last bits of its output.

It is derived from package metadata, platform and environment, so a run that finds all its
outputs in the store never imports torch.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from harness.engine.protocol import EngineOptions

ATTENTION = "sdpa"
REVISION = 3
"""Of our own computation: raised with every change that may move a bit of an output."""
GPUS = Path("/proc/driver/nvidia/gpus")
_ISA = ("avx512f", "avx2", "asimd")


def threads() -> int:
    """How many threads the engine computes with: OMP_NUM_THREADS, else the CPUs it may use."""
    stated = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_device() -> str:
    """``cuda`` where this machine has one that the installed torch can use, else cpu."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1"}
    built = not version("torch").endswith("+cpu")
    return "cuda" if built and not hidden and any(_gpus()) else "cpu"


def default_batching(device: str) -> str:
    """Scheduling costs a CPU more than padding does; on a GPU it is the other way round."""
    return "padded" if device == "cpu" else "continuous"


@cache
def architecture(device: str = "cpu") -> str:
    """The processor as far as it selects kernels: a GPU's name, or machine and vector set."""
    if device != "cpu":
        return "-".join(next(_gpus(), device).split())
    flags: set[str] = set()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in {"flags", "Features"}:
                flags = set(value.split())
                break
    return "-".join([platform.machine(), *[isa for isa in _ISA if isa in flags][:1]])


def _gpus() -> Iterator[str]:
    """The names that NVIDIA's driver gives its devices."""
    for file in sorted(GPUS.glob("*/information")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Model":
                yield value.strip()


def numerics_class(options: EngineOptions, executor: str = "fused") -> str:
    """One line of canonical text for outputs of one executor (``Arm.executor``)."""
    fields = {
        "architecture": architecture(options.device),
        "attention": ATTENTION,
        "batching": options.batching,
        "dtype": options.dtype,
        "executor": executor,
        "mode": options.mode,
        "revision": REVISION,
        "threads": threads(),
        "torch": _minor("torch"),
        "transformers": _minor("transformers"),
    }
    if executor == "peft":
        fields["peft"] = _minor("peft")
    return " ".join(f"{name}={value}" for name, value in sorted(fields.items()))


@cache
def _minor(package: str) -> str:
    return ".".join(version(package).split(".")[:2])
