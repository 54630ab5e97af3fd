"""How much is simulated, and on how many processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import TracebackType
from typing import Self, TypeVar

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Effort:
    """Draws of each part of the benchmark."""

    draws: int
    """Of each simulated cell."""
    power_draws: int
    """Of each cell at a planned size, which is larger."""
    sizes: tuple[int, ...]
    """Numbers of cases that are simulated."""
    psis: tuple[float, ...]
    exact_sizes: tuple[int, ...]
    """Numbers of cases for which the exact test is enumerated: it takes seconds."""
    gates: int
    """Whole gates of each world, decided on records."""
    histories: int
    suites: int
    """Of the gate whose decision is timed."""

    def keeps(self, n: int, psi: float) -> bool:
        """Whether a cell of this size is simulated."""
        return n in self.sizes and psi in self.psis


class Workers:
    """Processes that share the work; progress goes to standard error."""

    def __init__(self, processes: int) -> None:
        """``processes`` 1 works in this one."""
        self._pool: ProcessPoolExecutor | None = None
        if processes > 1:
            self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(self, work: Callable[[A], B], items: Sequence[A], name: str) -> list[B]:
        """``work`` of each item, in their order."""
        sys.stderr.write(f"{name}: {len(items)} to do\n")
        return list(map(work, items) if self._pool is None else self._pool.map(work, items))
