"""``loragate bench harness``: what a sample costs beside what other harnesses charge for one."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness.errors import UsageError
from harness.types import BenchRow

from .world import write

SAMPLES = (10_000, 100_000)
RIVALS = {"lm_eval": 10_000, "promptfoo": 1_000, "inspect_ai": 1_000, "deepeval": 200}
"""Package or command → samples: fewer for those that take long."""
ROUNDS = 3
PER_SAMPLE, RATIO, FIRST, CACHED = 0.2, 1.3, 1.0, 5.0
"""Milliseconds of a sample, growth of it, and seconds to the first result and of a cached run."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took, from its start."""

    first: float
    """Seconds until the first answer; 0 where nothing was asked."""
    last: float
    peak: float
    """Bytes."""


def bench() -> list[BenchRow]:
    """Gate 10,000 and 100,000 samples with the echo engine, other harnesses in the same rounds."""
    return list(rows(SAMPLES, RIVALS, ROUNDS))


def rows(samples: tuple[int, int], rivals: dict[str, int], rounds: int) -> Iterator[BenchRow]:
    """All rows; medians over the rounds."""
    few, many = samples
    ours: dict[int, list[Taken]] = {few: [], many: []}
    cached: list[Taken] = []
    others: dict[str, list[tuple[Taken, Taken]]] = {
        name: [] for name in rivals if find_spec(name) or shutil.which(name)
    }
    failed: dict[str, str] = {}
    for number in range(1, rounds + 1):
        _say(f"round {number} of {rounds}: {few:,} samples")
        with project(few) as folder:
            ours[few].append(run("gate", folder))
            three = ["--baseline", "v1", "--candidate", "v2"]
            run("gate", folder, three)
            cached.append(run("gate", folder, three))
        for name in [name for name in others if name not in failed]:
            _say(f"round {number} of {rounds}: {name}, {rivals[name]:,} samples")
            with project(rivals[name]) as folder:
                try:
                    others[name].append((run(name, folder), run("gate", folder)))
                except UsageError as error:  # nobody else's figures are lost with it
                    failed[name] = str(error).splitlines()[0]
        if number == 1:  # minutes; its time is the work of many small ones
            _say(f"round {number} of {rounds}: {many:,} samples")
            with project(many) as folder:
                ours[many].append(run("gate", folder))
    yield from _own(ours, samples)
    seconds = statistics.median(taken.last for taken in cached)
    name = f"cached gate of {few:,} samples × 3 arms"
    yield BenchRow(name, round(seconds, 2), "s", f"< {CACHED:g}", seconds < CACHED)
    for name, count in rivals.items():
        why = failed.get(name, f"{name} is not installed here")
        yield from _against(name, count, [] if name in failed else others.get(name, []), why)


def _own(ours: dict[int, list[Taken]], samples: tuple[int, int]) -> Iterator[BenchRow]:
    note = "2 arms: base and one adapter; process start to end"
    cost = {n: _each(taken, n) for n, taken in ours.items()}
    for n in samples:
        name = f"{n:,} samples, YAML to DuckDB: one sample"
        met = cost[n] <= PER_SAMPLE
        yield BenchRow(name, round(cost[n], 3), "ms", f"≤ {PER_SAMPLE:g}", met, note)
        yield BenchRow(f"{n:,} samples: one output", round(cost[n] / 2, 3), "ms")
        first = statistics.median(taken.first for taken in ours[n])
        name = f"{n:,} samples: first result"
        yield BenchRow(name, round(first, 2), "s", f"≤ {FIRST:g}", first <= FIRST)
        peak = max(taken.peak for taken in ours[n]) / 1e6
        yield BenchRow(f"{n:,} samples: peak memory", round(peak), "MB")
    few, many = samples
    ratio = cost[many] / cost[few]
    name = f"one sample of {many:,} over one of {few:,}"
    yield BenchRow(name, round(ratio, 3), "×", f"≤ {RATIO:g}", ratio <= RATIO)
    more = (ours[many][0].peak - max(t.peak for t in ours[few])) / (many - few) / 1e3
    yield BenchRow("memory of one more sample", round(more, 2), "kB")


def _against(
    name: str, count: int, pairs: Sequence[tuple[Taken, Taken]], why: str
) -> Iterator[BenchRow]:
    """``pairs``: a rival's run of one arm, ours of two on the same rows; ``why`` there is none."""
    said = f"{name}, {count:,} samples: one sample of one arm"
    if not pairs:
        yield BenchRow(said, None, "ms", note=why)
        return
    theirs, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    peak = max(one.peak for one in theirs) / 1e6
    note = f"process start to end; {peak:.0f} MB"
    yield BenchRow(said, round(_each(theirs, count), 3), "ms", note=note)
    ratio = statistics.median(mine.last / other.last for other, mine in pairs)
    yield BenchRow(
        f"our whole run, 2 arms, over {name}'s, 1 arm, of {count:,} samples", round(ratio, 3), "×",
        note=f"ours {_each(ours, count):.3g} ms a sample",
    )  # fmt: skip


def _each(taken: Sequence[Taken], n: int) -> float:
    """Milliseconds of one of n samples, start-up shared among them."""
    return 1000 * statistics.median(one.last for one in taken) / n


def project(samples: int) -> tempfile.TemporaryDirectory[str]:
    """A project of so many samples, in a folder that is removed when it is closed."""
    folder = tempfile.TemporaryDirectory()
    write(Path(folder.name), samples)
    return folder


def run(name: str, folder: str, arguments: Sequence[str] = ()) -> Taken:
    """One process of ``worker``; UsageError with its words where it fails."""
    command = [sys.executable, "-m", "harness.bench.harness.worker", name, folder]
    command += [str(time.monotonic()), *arguments]
    # As on a machine of one's own, where Python keeps what it has compiled.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UsageError(f"{name} failed in the benchmark:\n{done.stdout}\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Taken(said.get("first", 0.0), said["last"], said["peak"])


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")
