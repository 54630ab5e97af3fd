"""Progress while an item waits for inference; silent where nobody watches."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressBar:
    """A bar on a terminal, with rate and time left; nothing in a log.

    A context around the waiting: pytest's capturing is suspended in it, so the bar is seen.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._capture = config.pluginmanager.getplugin("capturemanager")
        self._watched = sys.stderr.isatty() and config.get_verbosity() >= 0
        self._suspended: AbstractContextManager[None] = nullcontext()
        self._bar: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> Self:
        if self._watched and self._capture is not None:
            self._suspended = self._capture.global_and_fixture_disabled()
        self._suspended.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None
        self._suspended.__exit__(kind, error, trace)

    def show(self, known: int, planned: int) -> None:
        """So many of the planned outputs are known."""
        if not self._watched:
            return
        if self._bar is None:
            self._bar = _start(planned)
        progress, task = self._bar
        progress.update(task, completed=known)
        speed = progress.tasks[0].speed
        progress.update(task, rate="" if speed is None else f"{speed:,.3g}/s")


def _start(planned: int) -> tuple[Progress, TaskID]:
    from rich import progress as rich
    from rich.console import Console

    bar = rich.Progress(
        rich.TextColumn("outputs"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}"),
        rich.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.start()
    return bar, bar.add_task("outputs", total=planned, rate="")
