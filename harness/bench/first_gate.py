"""How long the first gate takes after installation, and the second one, which computes nothing."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.types import BenchRow

FIRST_CPU, SECOND_WALL, DISK = 180.0, 15.0, 20.0
"""Promises: CPU seconds of building and gating, wall seconds of the repetition, MB built."""


def bench() -> list[BenchRow]:
    """Build the demo and gate it in an empty folder, then gate it again."""
    checkout = Path(__file__).resolve().parents[2]
    suites = checkout / "suites"
    if not (suites / "policy.yaml").is_file():
        raise UsageError("bench first-gate needs a checkout, where suites/ is")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        shutil.copytree(suites, here / "suites")
        shutil.copy(checkout / "pyproject.toml", here)
        demo = ["-c", "from harness.cli import main; main()", "demo"]
        build = _timed(demo, here)
        first = _timed(["-m", "pytest", "suites", "-q"], here)
        second = _timed(["-X", "importtime", "-m", "pytest", "suites", "-q"], here)
        size = sum(f.stat().st_size for f in (here / "build").rglob("*") if f.is_file()) / 1e6
    imports_torch = "| torch\n" in second.stderr
    return [
        _below("build the demo, CPU", build.cpu, "s", None),
        _below("first gate, CPU", first.cpu, "s", None),
        _below("build and first gate, CPU", build.cpu + first.cpu, "s", FIRST_CPU),
        _below("build and first gate, wall", build.wall + first.wall, "s", None),
        _below("second gate, wall", second.wall, "s", SECOND_WALL),
        BenchRow("second gate imports torch", float(imports_torch), "", "= 0", not imports_torch),
        _below("demo and report on disk", size, "MB", DISK),
    ]


class _Run:
    """One command: wall and CPU seconds, and what it said."""

    def __init__(self, wall: float, cpu: float, stderr: str) -> None:
        self.wall, self.cpu, self.stderr = wall, cpu, stderr


def _timed(arguments: Sequence[str], folder: Path) -> _Run:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise UsageError(f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Run(time.monotonic() - began, cpu, done.stderr)


def _below(name: str, value: float, unit: str, limit: float | None) -> BenchRow:
    met = None if limit is None else value < limit
    target = None if limit is None else f"< {limit:g}"
    return BenchRow(name, round(value, 1), unit, target, met)
