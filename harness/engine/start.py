"""How the torch engine is started: what must be set before torch is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.engine.numerics import threads
from harness.engine.protocol import Engine, EngineOptions
from harness.types import Arm

STRICT = "AUTO,STRICT"
"""MKL's conditional numerical reproducibility: the same bits wherever a matrix begins."""
MOST_THREADS = 2
"""The bits are promised for as many; with more, strict bits depend on the number of rows."""


def start_torch(
    base: Path, arms: Sequence[Arm], paths: Mapping[str, Path | None], options: EngineOptions
) -> Engine:
    """An ``EngineFactory``.

    OpenMP's idle threads spin by default, which on two busy cores made a small model six times
    as expensive as with sleeping ones: docs/adr/0006-idle-threads-sleep.md. MKL's bits depend on
    where a matrix begins in memory unless it is told that they may not (docs/engine.md).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if options.mode == "deterministic" and threads() <= MOST_THREADS:
        os.environ.setdefault("MKL_CBWR", STRICT)
    from harness.engine.torch_engine import TorchEngine

    return TorchEngine(base, arms, paths, options)
