"""The numerics class: everything outside a request that can move the last bits of its output.

It is derived from package metadata, platform and environment, so a run that finds all its
outputs in the store never imports torch.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from harness.engine.protocol import EngineOptions

ATTENTION = "sdpa"
MODE = "padded"
_ISA = ("avx512f", "avx2", "asimd")


def threads() -> int:
    """How many threads the engine computes with: OMP_NUM_THREADS, else the CPUs it may use."""
    stated = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def architecture() -> str:
    """The processor as far as it selects kernels: machine and widest vector set."""
    flags: set[str] = set()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in {"flags", "Features"}:
                flags = set(value.split())
                break
    return "-".join([platform.machine(), *[isa for isa in _ISA if isa in flags][:1]])


def numerics_class(options: EngineOptions, executor: str = "fused") -> str:
    """One line of canonical text for outputs of one executor (``Arm.executor``)."""
    fields = {
        "architecture": architecture(),
        "attention": ATTENTION,
        "dtype": options.dtype,
        "executor": executor,
        "mode": MODE,
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
