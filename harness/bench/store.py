"""``loragate bench store``: what the history costs, written and asked, beside what others keep."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.store.connect import DATABASE
from harness.store.questions import QUESTIONS
from harness.store.records import End
from harness.store.store import Store
from harness.types import Arm, BenchRow, Case, Kind, Role, Run, Score

from .harness.goals import project, run

CASES, SCORERS = 20_000, ("accuracy", "confidence")
SCORES = 10_000_000
RATE, HELD, COMPARE, TREND = 300_000, 250.0, 1.0, 2.0
"""Rows a second, milliseconds, and seconds."""
FEW = 8
"""Runs whose ingestion is timed: a million rows."""
ROUNDS = 3
ASKED = 5
"""Times that each question is asked."""
RIVAL = 1_000
"""Samples that other tools are asked about."""

_READER = """
import sys, time, duckdb
longest = last = time.monotonic()
waits, at = 0.0, time.monotonic()
print("ready", flush=True)
while True:
    try:
        with duckdb.connect(sys.argv[1], read_only=True) as connection:
            connection.execute("SELECT count(*) FROM v1.runs").fetchall()
    except duckdb.IOException:
        pass
    else:
        print(time.monotonic(), flush=True)
    time.sleep(0.005)
"""
"""Opens the history again and again, and says when it got in."""


def bench() -> list[BenchRow]:
    """Ten million scores, and a million rows taken in; Inspect and promptfoo where installed."""
    return list(rows(SCORES, CASES, ROUNDS, RIVAL))


def rows(scores: int, cases: int, rounds: int, rival: int) -> Iterator[BenchRow]:
    """All rows; medians over the rounds, or over the times that a question was asked."""
    runs = max(2, scores // (cases * len(SCORERS) * 3))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for number in range(runs):
            _say(f"journal {number + 1} of {runs}")
            _write(store, number, cases)
        yield from _ingestion(store, min(FEW, runs), rounds)
        yield from _questions(store, runs, cases)
    yield from _rivals(rival)


def _ingestion(store: Store, few: int, rounds: int) -> Iterator[BenchRow]:
    """Of all but one of these journals; a reader has a round of his own, for he takes a core."""
    rates, waits = [], []
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}: {few} journals are taken in")
        with _begun(store, few) as fresh:
            began = time.perf_counter()
            report = fresh.ingest()
            rates.append(sum(report.runs.values()) / (time.perf_counter() - began))
        with _begun(store, few) as fresh:
            with _reader(fresh.path / DATABASE) as got_in:
                fresh.ingest()
            waits.append(_longest_wait(got_in))
    rate = statistics.median(rates)
    yield BenchRow(
        "rows taken in a second", round(rate), "rows/s", f"≥ {RATE:,}", rate >= RATE,
        note=f"of {few - 1} journals, with their cases",
    )  # fmt: skip
    wait = 1000 * statistics.median(waits)
    yield BenchRow(
        "longest time between two answers to a reader while they are taken in", round(wait), "ms",
        f"< {HELD:g}", wait < HELD, note="the file is never held: what is written is a copy",
    )  # fmt: skip


@contextmanager
def _begun(store: Store, few: int) -> Iterator[Store]:
    """A store with the first of these journals in its history, and the others to take in."""
    with tempfile.TemporaryDirectory(dir=store.path) as folder:
        fresh = Store(Path(folder))
        (fresh.path / "runs").mkdir()
        first, *rest = sorted((store.path / "runs").glob("*.jsonl"))[:few]
        os.link(first, fresh.path / "runs" / first.name)
        fresh.ingest()
        for path in rest:
            os.link(path, fresh.path / "runs" / path.name)
        yield fresh


def _questions(store: Store, runs: int, cases: int) -> Iterator[BenchRow]:
    _say("all journals are taken in")
    began = time.perf_counter()
    report = store.ingest()
    taken = sum(report.runs.values())
    million = runs * cases * len(SCORERS) * 3 / 1e6
    yield BenchRow(
        f"{million:.3g} million scores taken in", round(time.perf_counter() - began, 1), "s",
        note=f"{taken:,} rows of {runs} runs",
    )  # fmt: skip
    size = (store.path / DATABASE).stat().st_size / 1e6
    yield BenchRow("size of that history", round(size), "MB")
    for name, question, target in (
        ("two runs compared", "compare", COMPARE),
        ("the trend", "trend", TREND),
        ("flips of one run", "flips", None),
        ("the latest runs", "runs", None),
    ):
        seconds = _median(lambda asked=QUESTIONS[question]: store.sql(asked))  # type: ignore[misc]
        goal = None if target is None else f"< {target:g}"
        met = None if target is None else seconds < target
        yield BenchRow(
            f"{name}, of {million:.3g} million scores", round(seconds, 3), "s", goal, met
        )
    _write(store, runs, cases)
    began = time.perf_counter()
    store.ingest()
    name = f"one more run taken into {million:.3g} million scores"
    yield BenchRow(name, round(time.perf_counter() - began, 2), "s")


def _median(ask: Callable[[], object]) -> float:
    """Seconds, with whatever it takes to open the history."""
    taken = []
    for _ in range(ASKED):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _write(store: Store, number: int, cases: int) -> None:
    """One run: base, baseline and a candidate on the same cases, two scores of each."""
    seed = random.Random(number)
    day = f"{1 + number // 28 % 12:02d}{1 + number % 28:02d}"
    run_ = Run(
        f"{2026 + number // 336}{day}T120000Z-{number:06x}",
        f"{2026 + number // 336}-{day[:2]}-{day[2:]}T12:00:00+00:00",
        *("1", "cpu", "p", {"contracts/clauses": "a", "general/recall": "b"}),
    )
    arms = [
        Arm(Role.BASE, "base", "b" * 64, None, "0" * 64),
        Arm(Role.BASELINE, "v1", "b" * 64, "a" * 64, "1" * 64),
        Arm(Role.CANDIDATE, f"v{number + 2}", "b" * 64, f"{number:064x}", f"{number + 2:064x}"),
    ]
    asked = [_case(n) for n in range(cases)]
    with store.journal(run_) as journal:
        journal.append("arm", arms)
        journal.append("case", asked)
        for arm in arms:
            journal.append("score", [
                Score(case.digest, arm.digest, scorer, float(seed.random() < 0.8))
                for case in asked for scorer in SCORERS
            ])  # fmt: skip
        journal.finish(End("2026-11-22T13:00:00+00:00", 60.0, 0))


def _case(number: int) -> Case:
    return Case(
        digest=f"{number:064x}",
        suite="contracts/clauses" if number % 2 else "general/recall",
        task="classify",
        sample=f"s{number}",
        kind=Kind.CHECK,
        prompt=f"Clause {number}: the parties agree that this clause is about nothing.\nType:",
        choices=("indemnification", "force majeure", "governing law"),
        generation=None,
        target="governing law",
        cluster=f"d{number // 4}",
        slices={"length": "short" if number % 3 else "long"},
        fields={"text": f"clause {number}"},
        input_digest=f"{number:064x}",
    )


@contextmanager
def _reader(database: Path) -> Iterator[list[float]]:
    """Another process that reads all the while; when it got in, known at the end of the block."""
    got_in: list[float] = []
    command = [sys.executable, "-c", _READER, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield got_in
        process.terminate()
        got_in += [float(line) for line in process.stdout if line.endswith("\n")]


def _longest_wait(got_in: list[float]) -> float:
    return max((b - a for a, b in itertools.pairwise(got_in)), default=float("inf"))


def _rivals(samples: int) -> Iterator[BenchRow]:
    """Two runs of the same rows, compared case by case from what each tool keeps of them."""
    tools: dict[str, tuple[Any, Callable[[Path], object]]] = {
        "inspect_ai": (find_spec("inspect_ai"), _inspect),
        "promptfoo": (shutil.which("promptfoo"), _promptfoo),
    }
    for name, (installed, compare) in tools.items():
        said = f"two runs of {samples:,} samples compared from what {name} keeps"
        if not installed:
            yield BenchRow(said, None, "s", note=f"{name} is not installed here")
            continue
        _say(f"{name}: two runs of {samples:,} samples")
        with project(samples) as folder:
            for _ in range(2):
                run(name, folder)
                run("gate", folder)
            theirs = _median(lambda: compare(Path(folder)))  # noqa: B023 - called here
            store = Store(Path(folder) / ".loragate")
            ours = _median(lambda: store.sql(QUESTIONS["compare"]))  # noqa: B023 - called here
        yield BenchRow(said, round(theirs, 3), "s")
        yield BenchRow(
            f"our comparison of the same over {name}'s", round(ours / theirs, 3), "×",
            note=f"ours {ours:.3f} s",
        )  # fmt: skip


def _inspect(folder: Path) -> int:
    """As its users do: both logs are read, and scores are paired in Python."""
    from inspect_ai.log import read_eval_log

    one, two = (
        {sample.id: sample.scores for sample in read_eval_log(str(log)).samples}
        for log in sorted((folder / "logs").iterdir())
    )
    return sum(one[id_] == two[id_] for id_ in one.keys() & two.keys())


def _promptfoo(folder: Path) -> int:
    """Both evaluations of its database are exported, and paired by their variables."""
    kept = {**os.environ, "PROMPTFOO_CONFIG_DIR": str(folder / "kept")}
    kept |= {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    listed = subprocess.run(
        ["promptfoo", "list", "evals", "--ids-only"],
        env=kept, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    runs = []
    for number, eval_ in enumerate(listed[-2:]):
        file = folder / f"exported{number}.json"
        command = ["promptfoo", "export", "eval", eval_, "-o", str(file)]
        subprocess.run(command, env=kept, capture_output=True, check=True)
        results = json.loads(file.read_text("utf-8"))["results"]["results"]
        runs.append({json.dumps(one["vars"]): one["score"] for one in results})
    one, two = runs
    return sum(one[key] == two[key] for key in one.keys() & two.keys())


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")
