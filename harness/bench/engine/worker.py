"""A rival in a process of its own: questions come as lines of JSON, answers go back as such."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from harness.engine.numerics import threads
from harness.errors import EngineError

from .cost import Cost, measured
from .rival import Rival, Task, load
from .world import Answers, Tokens


class Station(Protocol):
    """Where a rival runs."""

    startup: Cost
    """From nothing to a loaded model."""

    def ask(self, task: Task, way: str, batch: int) -> tuple[Answers, Cost]:
        """See ``Rival.ask``."""
        ...

    def likelihoods(self, arm: int, prompt: Tokens, choices: tuple[Tokens, ...]) -> list[float]:
        """See ``Rival.likelihoods``."""
        ...

    def close(self) -> None:
        """End it; it is not asked again."""
        ...


class Worker:
    """A ``Station`` in a process with the same threads, sleeping when idle, for every rival."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Start it and wait until the rival is loaded; EngineError if it cannot be."""
        self._kind = kind
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(threads()),
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        self._log = folder / f"{kind.replace(':', '-')}.log"
        began = time.perf_counter()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(folder), kind],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env=environment,
            )  # fmt: skip
        ready = self._reply()
        self.startup = Cost(time.perf_counter() - began, ready["cpu"], None)

    def ask(self, task: Task, way: str, batch: int) -> tuple[Answers, Cost]:
        """See ``Station``."""
        reply = self._call("ask", [task, way, batch])
        return reply["answers"], Cost(**reply["cost"])

    def likelihoods(self, arm: int, prompt: Tokens, choices: tuple[Tokens, ...]) -> list[float]:
        """See ``Station``."""
        found: list[float] = self._call("likelihoods", [arm, prompt, choices])["answers"]
        return found

    def close(self) -> None:
        """See ``Station``."""
        self._process.communicate()

    def _call(self, name: str, arguments: list[Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps([name, arguments]), file=self._process.stdin, flush=True)
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            said = self._log.read_text("utf-8").strip().splitlines() or ["it said nothing"]
            raise EngineError(f"benchmark: {self._kind} has died: {said[-1]}")
        reply: dict[str, Any] = json.loads(line)
        return reply


def _serve(folder: Path, kind: str) -> None:
    """Answer until there are no more questions. Whatever libraries print goes to stderr."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    rival = load(kind, folder)
    print(json.dumps({"cpu": time.process_time()}), file=replies, flush=True)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        reply = _asked(rival, *arguments) if name == "ask" else _likelihoods(rival, *arguments)
        print(json.dumps(reply), file=replies, flush=True)


def _asked(rival: Rival, task: Task, way: str, batch: int) -> dict[str, Any]:
    answers, cost = timed(rival, task, way, batch)
    return {"answers": answers, "cost": asdict(cost)}


def _likelihoods(
    rival: Rival, arm: int, prompt: list[int], choices: list[list[int]]
) -> dict[str, Any]:
    return {"answers": rival.likelihoods(arm, tuple(prompt), tuple(map(tuple, choices)))}


def timed(rival: Rival, task: Task, way: str, batch: int) -> tuple[Answers, Cost]:
    """Prepared first, so that the cost is that of asking."""
    rival.prepare(batch)

    def ask() -> Answers:
        return rival.ask(task, way, batch)

    return measured(ask)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2])
