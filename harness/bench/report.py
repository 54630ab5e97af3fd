"""``loragate bench report``: what a page of 100,000 cases costs to write, to open and to search."""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.reports import build_report, write_report
from harness.reports.render import to_html
from harness.types import (
    Answer,
    Arm,
    BenchRow,
    Case,
    CheckResult,
    Claim,
    GateDecision,
    GateVerdict,
    Generation,
    Kind,
    Output,
    Role,
    Run,
    RunRecord,
    Score,
    Verdict,
)

from .harness.goals import project, run

CASES = 100_000
SIZE, WRITTEN, READY, FILTERED = 15.0, 10.0, 1.0, 50.0
"""Megabytes, seconds, seconds, milliseconds."""
ROUNDS = 5
RIVAL = 1_000
"""Samples that other tools are asked about."""
CHROMIUM = Path("/usr/bin/chromium")
WORDS, MANY_WORDS = 25, 100
"""Of a prompt."""
VOCABULARY, LONGEST = 3_000, 11
"""How many words there are, and letters of the longest."""

_READY = """
(() => {
  const look = () => {
    const grid = document.querySelector("#browse:not([hidden]) [role=grid]");
    if (grid?.querySelector("[role=gridcell]")) window.ready ??= performance.now();
    if (document.querySelector("#browse[data-read]")) window.read ??= performance.now();
    if (!window.read) requestAnimationFrame(look);
  };
  look();
})();
"""
"""Milliseconds from navigation to the first rows, and to the texts."""
_UNTIL_READ = "() => new Promise(done => setInterval(() => window.read && done(), 20))"
_ASK = """
([name, value]) => {
  const field = document.querySelector(`#browse [name=${name}]`);
  field.value = value;
  const began = performance.now();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - began;
}
"""
_SORT = """
(at) => {
  const button = document.querySelectorAll("#browse [role=columnheader] button")[at];
  const began = performance.now();
  button.click();
  document.body.offsetHeight;
  return performance.now() - began;
}
"""


def bench() -> list[BenchRow]:
    """The page of 100,000 cases and two arms; Inspect and promptfoo where installed."""
    return list(rows(CASES, ROUNDS, RIVAL))


def rows(cases: int, rounds: int, rival: int) -> Iterator[BenchRow]:
    """All rows; medians over the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _page(Path(folder), cases, rounds)
    yield from _rivals(rival, rounds)


def _page(folder: Path, cases: int, rounds: int) -> Iterator[BenchRow]:
    said = f"{cases:,} cases × 2 arms"
    _say(f"a run of {said} is made")
    record = made(cases)
    taken = []
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}: the report is written")
        began = time.perf_counter()
        paths = write_report(build_report(record), folder)
        taken.append(time.perf_counter() - began)
    seconds, size = statistics.median(taken), paths.html.stat().st_size / 1e6
    yield BenchRow(
        f"{said}: all four files written", round(seconds, 2), "s", f"≤ {WRITTEN:g}",
        seconds <= WRITTEN, "from the record of a run in memory",
    )  # fmt: skip
    yield BenchRow(
        f"{said}: the page", round(size, 1), "MB", f"≤ {SIZE:g}", size <= SIZE, _long(record)
    )
    yield BenchRow(f"{said}: report.json", round(paths.json.stat().st_size / 1e6, 1), "MB")
    yield from _opened(paths.html, said, rounds)
    _say(f"a run of {said} with long texts is made")
    record = made(cases, MANY_WORDS)
    began = time.perf_counter()
    page = to_html(build_report(record))
    seconds = time.perf_counter() - began
    size = len(page.encode()) / 1e6
    yield BenchRow(
        f"{said} with longer texts: the page", round(size, 1), "MB", f"≤ {SIZE:g}", size <= SIZE,
        f"{_long(record)}, cut to fit where a case is unchanged; made in {seconds:.1f} s",
    )  # fmt: skip


def _long(record: RunRecord) -> str:
    characters = sum(len(case.prompt) for case in record.cases)
    characters += sum(len(output.text or "") for output in record.outputs.values())
    return f"{characters / 1e6:.0f} million characters of text"


def _opened(page: Path, said: str, rounds: int) -> Iterator[BenchRow]:
    names = (f"{said}: interactive", f"{said}: texts searchable too", f"{said}: slowest filter")
    missing = _no_browser()
    if missing:
        for name in names:
            yield BenchRow(name, None, "s", note=missing)
        return
    ready, read, filtered, sorted_ = [], [], [], []
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}: the page is opened")
        with _browser() as browser:
            opened = _open(browser, page)
            ready.append(opened.evaluate("window.ready"))
            read.append(opened.evaluate("window.read"))
            filtered.append({query: opened.evaluate(_ASK, list(query)) for query in _queries()})
            opened.evaluate(_ASK, ["search", ""])
            sorted_.append([opened.evaluate(_SORT, at) for at in range(5)])
    seconds = statistics.median(ready) / 1000
    yield BenchRow(names[0], round(seconds, 2), "s", f"≤ {READY:g}", seconds <= READY,
                   "from navigation to rows that can be searched")  # fmt: skip
    yield BenchRow(names[1], round(statistics.median(read) / 1000, 2), "s")
    each = {query: statistics.median(one[query] for one in filtered) for query in filtered[0]}
    slowest = max(each, key=lambda query: each[query])
    yield BenchRow(
        names[2], round(each[slowest], 1), "ms", f"≤ {FILTERED:g}", each[slowest] <= FILTERED,
        f"{slowest[0]} “{slowest[1]}” of {len(each)}, texts included, drawn",
    )  # fmt: skip
    by_column = [statistics.median(one) for one in zip(*sorted_, strict=True)]
    yield BenchRow(f"{said}: slowest sort", round(max(by_column), 1), "ms")


def _queries() -> list[tuple[str, str]]:
    """A letter, frequent and rare words, what is nowhere, an id; then the lists."""
    words = _vocabulary()
    return [
        *(("search", text) for text in ("e", words[0], words[-1], "nowhere at all", "s9999", "")),
        *(("state", "0"), ("state", ""), ("slice", '["length","long"]'), ("slice", "")),
    ]


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


def _no_browser() -> str:
    """Why there is none, if so."""
    if not find_spec("playwright"):
        return "playwright is not installed here"
    return "" if CHROMIUM.exists() else "Chromium is not installed here"


def _open(browser: Any, page: Path) -> Any:
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.add_init_script(_READY)
    opened.goto(page.as_uri())
    opened.evaluate(_UNTIL_READ)  # its policy refuses what Playwright's own waiting evaluates
    return opened


def made(cases: int, words: int = WORDS) -> RunRecord:
    """A run of a baseline and a candidate: prompts of so many words, answers of four tenths.

    One case in twenty flips. Words are drawn as in natural text, the n-th as often as 1/n, which
    packs about as well as English does.
    """
    seed = random.Random(0)
    known, long = _vocabulary(), words * 4 // 10
    weights = [1 / (place + 1) for place in range(VOCABULARY)]
    stream = iter(seed.choices(known, weights, k=cases * (words + long + 1)))
    arms = [
        Arm(Role.BASELINE, "v1", "b" * 64, "a" * 64, "1" * 64),
        Arm(Role.CANDIDATE, "v2", "b" * 64, "c" * 64, "2" * 64),
    ]
    asked: list[Case] = []
    answers: list[Answer] = []
    outputs: dict[str, Output] = {}
    scores: list[Score] = []
    for number in range(cases):
        case = _case(number, " ".join(next(stream) for _ in range(words)))
        asked.append(case)
        answer = [next(stream) for _ in range(long)]
        for place, arm in enumerate(arms):
            right = seed.random() < 0.97
            text = " ".join([*answer[:4], next(stream), *answer[5:]] if place else answer)
            key = f"{number * 2 + place:064x}"
            outputs[key] = Output(key, text=text, prompt_tokens=70, tokens=20, seconds=0.001)
            answers.append(Answer(case.digest, arm.digest, key))
            scores.append(Score(case.digest, arm.digest, "accuracy", float(right)))
            f1 = sum(map(str.__eq__, text.split(), answer)) / long * (1.0 if right else 0.9)
            scores.append(Score(case.digest, arm.digest, "f1", f1))
    return RunRecord(
        run=Run("20261123T120000Z-000000", "2026-11-23T12:00:00+00:00", "1", "cpu", "p",
                {"contracts/clauses": "a", "general/recall": "b"}),
        arms=tuple(arms), cases=tuple(asked), answers=tuple(answers), outputs=outputs,
        scores=tuple(scores), effects=(), checks=tuple(_checks(cases)),
        decisions=(GateDecision("v2", arms[1].digest, GateVerdict.PROMOTE, (), 0.05),),
        finished="2026-11-23T13:00:00+00:00", seconds=3600.0, reused=0,
    )  # fmt: skip


def _checks(cases: int) -> Iterator[CheckResult]:
    for suite in ("contracts/clauses", "general/recall"):
        yield CheckResult(
            id=f"suites/{suite}.yaml::answer.accuracy@v2", kind=Kind.CHECK, suite=suite,
            task="answer", name="accuracy", candidate="v2", claim=Claim.NOT_WORSE,
            metric="accuracy", against=Role.BASELINE, required=True, verdict=Verdict.PASS,
            reason="", estimate=0.0, interval=(-0.002, 0.002), margin=0.02, n=cases // 2,
        )  # fmt: skip


def _case(number: int, text: str) -> Case:
    return Case(
        digest=f"{number:064x}",
        suite="general/recall" if number % 2 else "contracts/clauses",
        task="answer",
        sample=f"s{number}",
        kind=Kind.CHECK,
        prompt=f"{text}\nAnswer:",
        choices=(),
        generation=Generation(32, ("\n",)),
        target=text.split()[0],
        cluster=f"d{number // 4}",
        slices={"length": "short" if number % 3 else "long", "source": f"archive {number % 17}"},
        fields={},
        input_digest=f"{number:064x}",
    )


def _vocabulary() -> list[str]:
    seed = random.Random(1)
    letters, often = "etaoinshrdlcumwfgypbvkjxqz", [26 - place for place in range(26)]
    return [
        "".join(seed.choices(letters, often, k=seed.randint(2, LONGEST))) for _ in range(VOCABULARY)
    ]


def _rivals(samples: int, rounds: int) -> Iterator[BenchRow]:
    """One run of the same rows, read as each tool's users read it."""
    tools = {"inspect_ai": find_spec("inspect_ai"), "promptfoo": shutil.which("promptfoo")}
    for name, installed in tools.items():
        said = f"{name}, {samples:,} samples"
        missing = f"{name} is not installed here" if not installed else _no_browser()
        if missing:
            yield BenchRow(f"{said}: read", None, "s", note=missing)
            continue
        _say(said)
        with project(samples) as folder:
            run(name, folder)
            run("gate", folder)
            ours = _until_ready(Path(folder) / "build" / "report.html", rounds)
            read = _inspect if name == "inspect_ai" else _promptfoo
            theirs, note = read(Path(folder), rounds)
        yield BenchRow(f"{said}: read", round(theirs, 3), "s", note=note)
        yield BenchRow(
            f"our page of the same, interactive, over {name}'s", round(ours / theirs, 3), "×",
            note=f"ours {ours:.3f} s",
        )  # fmt: skip


def _until_ready(page: Path, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        with _browser() as browser:
            taken.append(float(_open(browser, page).evaluate("window.ready")))
    return statistics.median(taken) / 1000


def _inspect(folder: Path, rounds: int) -> tuple[float, str]:
    """Its log as its viewer and its users get it: read in Python."""
    from inspect_ai.log import read_eval_log

    (log,) = (folder / "logs").iterdir()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        read_eval_log(str(log))
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), "the log read in Python, nothing drawn"


def _promptfoo(folder: Path, rounds: int) -> tuple[float, str]:
    """Its evaluation as it exports it: from its database to JSON."""
    kept = {**os.environ, "PROMPTFOO_CONFIG_DIR": str(folder / "kept")}
    kept |= {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    command = ["promptfoo", "list", "evals", "--ids-only"]
    listed = subprocess.run(command, env=kept, capture_output=True, text=True, check=True)
    file = folder / "exported.json"
    command = ["promptfoo", "export", "eval", listed.stdout.split()[-1], "-o", str(file)]
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(command, env=kept, capture_output=True, check=True)
        taken.append(time.perf_counter() - began)
    size = len(json.dumps(json.loads(file.read_text("utf-8")))) / 1e6
    return statistics.median(taken), f"exported from its database, {size:.1f} MB, nothing drawn"


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")
