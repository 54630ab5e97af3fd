"""Judges the recipe on fresh seeds: a world of its own for each, gated by the real gate.

Each seed gets a new base, new data and new adapters in a work folder, and the suites with that
seed's gate split. It is gated twice, each time by a store that knows nothing: with the curated
adapter as first attempt, and as second one, behind the deluge.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.demo.build import build
from harness.demo.data import write_gate
from harness.demo.recipe import BASELINE
from harness.errors import LoragateError, UsageError
from harness.types import BenchRow

CURATED, DELUGE = "contracts-v2", "contracts-deluge"
ATTEMPTS = {"first": (CURATED, DELUGE), "second": (DELUGE, CURATED)}
"""Which attempt the curated adapter is, by the order of the candidates."""
FRESH = tuple(range(1001, 1021))
"""Seeds that took no part in tuning."""


def bench() -> list[BenchRow]:
    """Judge the frozen recipe on ``FRESH`` in ``build/seeds``; half an hour on two cores."""
    suites = Path(__file__).resolve().parents[2] / "suites"
    if not (suites / "policy.yaml").is_file():
        raise UsageError("bench demo needs a checkout, where suites/ is")
    return judge(FRESH, suites=suites, out=Path("build/seeds"))


def judge(seeds: Sequence[int], *, suites: Path, out: Path, parallel: int = 2) -> list[BenchRow]:
    """Gate a world for each seed under ``out`` with the suite files of ``suites``.

    Verdicts and levels of every seed are left in ``out/seeds.json``. A seed whose record is in
    ``out`` is not judged again, so a judgement that was cut short goes on.
    """
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(parallel) as pool:
        figures = list(pool.map(lambda seed: _in_process(seed, suites, out), seeds))
    rows = _rows(figures)
    record = {"rows": [asdict(row) for row in rows], "seeds": figures}
    (out / "seeds.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return rows


def _in_process(seed: int, suites: Path, out: Path) -> dict[str, Any]:
    """One seed in a process of its own: training holds the interpreter's lock."""
    record = out / f"{seed}.json"
    if not record.is_file():
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(seed), str(suites), str(out)],
            capture_output=True, text=True, check=False, env=_one_thread(),
        )  # fmt: skip
        if done.returncode != 0:
            raise LoragateError(f"seed {seed} could not be judged:\n{done.stdout}{done.stderr}")
    figures: dict[str, Any] = json.loads(record.read_text("utf-8"))
    return figures


def _one_thread() -> dict[str, str]:
    """Seeds run side by side: more threads each would only get in each other's way."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def judge_one(seed: int, suites: Path, out: Path) -> dict[str, Any]:
    """Build, gate and record one seed; the world stays in ``out/<seed>``."""
    folder = out / str(seed)
    world = build(folder / "world", seed=seed)
    shutil.copytree(suites / "demo", folder / "suites" / "demo", dirs_exist_ok=True)
    write_gate(folder / "suites" / "demo" / "data", seed)
    shutil.copy(suites / "policy.yaml", folder / "suites")
    figures: dict[str, Any] = {"seed": seed, "verdicts": {}, "not passed": {}}
    for attempt, order in ATTEMPTS.items():
        report = _gate(folder, world.base, world.adapters, order, f"store-{attempt}")
        candidates = report["candidates"]
        figures["verdicts"][attempt] = {one["name"]: one["verdict"] for one in candidates}
        figures["not passed"][attempt] = {
            check["id"].rpartition("::")[2]: check["reason"]
            for one in candidates
            for check in one["checks"]
            if check["required"] and check["verdict"] != "PASS"
        }
    figures["levels"] = {
        f"{row['suite']} {row['task']} {row['metric']}": {
            level["name"]: level["value"] for level in row["levels"]
        }
        for row in report["levels"]
    }
    (out / f"{seed}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures


def _gate(
    folder: Path, base: Path, adapters: Mapping[str, Path], order: Sequence[str], store: str
) -> dict[str, Any]:
    """One gate run, as a user starts it; its report.json."""
    shutil.rmtree(folder / store, ignore_errors=True)
    report = folder / "build" / "report.json"
    report.unlink(missing_ok=True)
    arguments = {
        "--base-model": [base],
        "--baseline": [adapters[BASELINE]],
        "--candidate": [adapters[name] for name in order],
        "--store": [folder / store],
        "--report-dir": [folder / "build"],
    }
    options = [f"{key}={path.resolve()}" for key, paths in arguments.items() for path in paths]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str((folder / "suites").resolve()), "-q", *options],
        cwd=folder, capture_output=True, text=True, check=False, env=_one_thread(),
    )  # fmt: skip
    if not report.is_file():
        raise LoragateError(f"no report after the gate in {folder}:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return found


def _rows(figures: Sequence[Mapping[str, Any]]) -> list[BenchRow]:
    """What the recipe promises: at least 18 of 20 seeds (nine in ten) tell the story."""
    rows = []
    for attempt in ATTEMPTS:
        verdicts = [one["verdicts"][attempt] for one in figures]
        promoted = [one[CURATED] == "PROMOTE" for one in verdicts]
        refused = [one[DELUGE] == "REJECT" for one in verdicts]
        both = [first and second for first, second in zip(promoted, refused, strict=True)]
        rows += [
            _row(f"{CURATED} promoted as {attempt} attempt", promoted, promised=True),
            _row(f"{DELUGE} rejected beside it ({attempt})", refused, promised=True),
            _row(f"both ({attempt})", both, promised=True),
        ]
    grounded = [one["levels"]["contracts/clauses extract grounded"] for one in figures]
    for other in (CURATED, BASELINE):
        invents = [one[DELUGE] < one[other] for one in grounded]
        # Against the baseline it is reported, not promised.
        rows.append(_row(f"{DELUGE} invents more than {other}", invents, other == CURATED))
    return rows


def _row(name: str, held: Sequence[bool], promised: bool) -> BenchRow:
    wanted = -(-9 * len(held) // 10)
    return BenchRow(
        name=name,
        value=sum(held),
        unit=f"of {len(held)} seeds",
        target=f">= {wanted}" if promised else None,
        met=sum(held) >= wanted if promised else None,
    )


if __name__ == "__main__":
    judge_one(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
