"""Gates that are killed, or run out of room, and leave word of what they had finished.

``python crashing.py`` reads requests from its input, a list of JSON objects a line, runs them at
the same time, each in a forked process that gates a project, and answers with exit statuses:

- ``folder``, ``number``: the project, and the number of the run. Its clock stands still at noon of
  the day with that number, so two runs of one number differ in nothing.
- ``phase``, ``after``: once this phase has begun (see ``PHASES``) the process kills itself with
  SIGKILL after so many seconds; null lets it go to its end.
- ``room``: no file may grow beyond so many bytes, as on a full disk; null for any size.

In the folder, ``acknowledged`` gets the key of each output when it was reported as kept, ``asked``
of each that the engine is asked for, and ``took`` the seconds from the first beginning of each
phase to its last end, where the run ends.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.store.journal import scan
from harness.store.store import Store

PHASES = {
    "planning": "harness.pipeline.gate:make_plan",
    "generating": "harness.pipeline.execute:Execution._pull",
    "scoring": "harness.pipeline.execute:Execution._judge",
    "recording": "harness.pipeline.gate:Gate._record",
    "ingesting": "harness.pytest_plugin.session:write_report",
    "migrating": "harness.store.migrate:_apply",
    "replacing": "harness.store.migrate:_take_place",
    "rendering": "harness.pytest_plugin.session:build_report",
}
"""Phase → what is called when it begins; the last ingestion begins after the report."""

_IMPORTED = (
    *("duckdb", "jinja2", "pyarrow", "pytest", "rapidfuzz.process", "regex", "scipy.stats"),
    *("safetensors.numpy", "tokenizers", "harness.cli.app", "harness.pytest_plugin.session"),
    *("harness.store.blocks", "harness.pipeline.gate", "harness.suite.load", "fake_engine"),
)


def run_id(number: int) -> str:
    """What the run with a number is called."""
    return f"202612{number:02d}T120000Z-00000{number}"


def serve() -> None:
    """Fork a gate for each request."""
    for name in _IMPORTED:
        importlib.import_module(name)
    templates = importlib.import_module("harness.reports.render")._environment()
    for name in templates.list_templates():
        templates.get_template(name)
    _answer("ready")
    for line in sys.stdin:
        children = []
        for request in json.loads(line):
            children.append(os.fork())
            if children[-1] == 0:
                _gate(**request)
        statuses = [os.waitpid(child, 0)[1] for child in children]
        _answer([os.waitstatus_to_exitcode(status) for status in statuses])


def _answer(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _gate(folder: str, number: int, phase: str | None, after: float, room: int | None) -> None:
    """Gate a project; the process ends with this."""
    import pytest

    from harness.pipeline import execute, gate, header

    os.chdir(folder)
    with Path(f"log{number}").open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    clock = _clock(number)
    for module in (gate, header):
        module.datetime = clock  # type: ignore[attr-defined]
    gate.time = _StandingStill  # type: ignore[assignment]
    header.secrets.token_hex = lambda size: f"00000{number}"  # type: ignore[assignment]
    _note_outputs(execute.Execution)
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    took: dict[str, float] = {}
    for name, target in PHASES.items():
        _watch(target, took, name, after if name == phase else None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # half of the time of a gate
    code = pytest.main(["suites", "-q", "-p", "no:cacheprovider", "-p", "harness.pytest_plugin"])
    Path("took").write_text(json.dumps(took), encoding="utf-8")
    os._exit(int(code))


def _clock(number: int) -> type[datetime]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 12, number, 12, tzinfo=UTC)

    return Clock


class _StandingStill:
    """``time`` for what measures how long a run took."""

    @staticmethod
    def monotonic() -> float:
        return 0.0


def _note_outputs(execution: Any) -> None:
    kept, asked = execution._kept, execution._from_engines

    def keep(self: Any, output: Any, *scores: Any) -> None:
        kept(self, output, *scores)
        _append("acknowledged", output.key)

    def ask(self: Any, by_base: Any) -> Any:
        for request in [one for requests in by_base.values() for one in requests]:
            _append("asked", request.key)
        return asked(self, by_base)

    execution._kept, execution._from_engines = keep, ask


def _append(name: str, key: str) -> None:
    with Path(name).open("ab", buffering=0) as file:  # one write: whole or not at all
        file.write(f"{key}\n".encode())


def _watch(target: str, took: dict[str, float], name: str, after: float | None) -> None:
    """Measure what is called, and light the fuse when it is called first."""
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, attribute = path.split(".")
    for one in classes:
        owner = getattr(owner, one)
    inner: Callable[..., Any] = getattr(owner, attribute)
    first: list[float] = []

    def watched(*args: Any, **options: Any) -> Any:
        if after is not None and not first:
            threading.Thread(target=_kill, args=(after,), daemon=True).start()
        first.append(time.perf_counter())
        try:
            return inner(*args, **options)
        finally:
            took[name] = time.perf_counter() - first[0]

    setattr(owner, attribute, watched)


def _kill(after: float) -> None:
    time.sleep(after)
    os.kill(os.getpid(), signal.SIGKILL)


class Gates:
    """Gates the same project again and again, at the same place."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.template, self.folder = template, folder
        self.store = Store(folder / ".loragate", wait=30.0)
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        assert self._heard() == "ready"

    def anew(self) -> None:
        """Forget everything that was done."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)

    def run(
        self,
        *numbers: int,
        phase: str | None = None,
        after: float = 0.0,
        room: int | None = None,
    ) -> list[int]:
        """Gate as runs of these numbers, at once; exit statuses, negative for a signal."""
        for name in ("acknowledged", "asked"):
            (self.folder / name).unlink(missing_ok=True)
        same = {"folder": str(self.folder), "phase": phase, "after": after, "room": room}
        assert self._server.stdin is not None
        requests = [{"number": number, **same} for number in numbers]
        self._server.stdin.write(json.dumps(requests) + "\n")
        self._server.stdin.flush()
        statuses: list[int] = self._heard()
        return statuses

    def close(self) -> None:
        """Stop the server."""
        self._server.kill()
        self._server.communicate()

    def noted(self, name: str) -> list[str]:
        """The keys in ``acknowledged`` or ``asked``."""
        path = self.folder / name
        return path.read_text("utf-8").split() if path.exists() else []

    def said(self, number: int) -> str:
        """What a run printed."""
        return (self.folder / f"log{number}").read_text("utf-8")

    def report(self) -> dict[str, Any]:
        """report.json."""
        found: dict[str, Any] = json.loads((self.folder / "build/report.json").read_text("utf-8"))
        return found

    def kinds(self, number: int) -> list[str]:
        """The kinds of the lines of a journal."""
        path = self.store.path / "runs" / f"{run_id(number)}.jsonl"
        return [line.kind for line in scan(path)] if path.exists() else []

    def computed(self) -> tuple[int, int]:
        """How many outputs are in the history, and how many of different keys."""
        query = "SELECT count(*), count(DISTINCT key) FROM data.outputs WHERE run > '202612'"
        ((rows, keys),) = self.store.sql(query).rows
        return rows, keys

    def _heard(self) -> Any:
        assert self._server.stdout is not None
        return json.loads(self._server.stdout.readline())


if __name__ == "__main__":
    serve()
