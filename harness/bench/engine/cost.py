"""What one piece of work cost the process that did it."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds; the most memory that was resident meanwhile, in MB.

    ``peak`` is None off Linux, where the mark cannot be set back before the work.
    """

    wall: float
    cpu: float
    peak: float | None


def measured(work: Callable[[], Result]) -> tuple[Result, Cost]:
    """What the work returns, and its cost. The peak counts the loaded model and libraries."""
    resettable = _forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    cost = Cost(
        time.perf_counter() - wall, time.process_time() - cpu, _peak() if resettable else None
    )
    return result, cost


def _forget_peak() -> bool:
    """Give freed memory back and set the kernel's high-water mark to what is resident now."""
    if sys.platform != "linux":
        return False
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError):  # musl has no malloc_trim; a sandbox may forbid the mark
        return False
    return True


def _peak() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6
