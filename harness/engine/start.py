"""How the torch engine is started: what must be set before torch is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.engine.protocol import Engine, EngineOptions
from harness.types import Arm


def start_torch(
    base: Path, arms: Sequence[Arm], paths: Mapping[str, Path | None], options: EngineOptions
) -> Engine:
    """An ``EngineFactory``.

    OpenMP's idle threads spin by default, which on two busy cores made a small model six times
    as expensive as with sleeping ones: docs/adr/0006-idle-threads-sleep.md.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from harness.engine.torch_engine import TorchEngine

    return TorchEngine(base, arms, paths, options)
