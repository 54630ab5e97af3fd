"""``loragate bench engine``: the goals of the engine, measured in one run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from statistics import median

from harness.types import BenchRow

from .contest import LM_EVAL, MODES, REFERENCE, Measured, Results, Start, contest, entrants
from .rival import TASKS, Task
from .size import Size
from .worker import Worker
from .world import Answers, World, make

OVER_BASE, OVER_PEFT = 1.15, 0.8
"""Most of the time of base only on the same rows, and of peft arm by arm."""


def bench() -> list[BenchRow]:
    """Nine arms beside base only, peft and lm-eval: time, tokens per second, peak memory."""
    return rows(Size(), Worker)


def rows(size: Size, start: Start) -> list[BenchRow]:
    """The same for any size; ``start`` makes the stations."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make(folder, size)
        results = contest(folder, world, size, start)
    return list(
        chain(
            *(_costs(task, size, world, results) for task in TASKS),
            *(_ratios(task, size, results) for task in TASKS),
            *(_lm_eval(task, size, results) for task in TASKS),
            _invariance(size, results),
        )
    )


def _costs(task: Task, size: Size, world: World, results: Results) -> Iterator[BenchRow]:
    """Of each entrant at its best batch size; tokens are those asked for, whoever computes more."""
    each = sum(map(len, world.prompts))
    if task == "scoring":
        each += sum(len(choice) for choices in world.choices for choice in choices)
    else:
        each += len(world.prompts) * size.new_tokens
    names = [one.name for one in entrants(size) if task in one.ways]
    if (task, LM_EVAL) in results.measured:
        names.append(LM_EVAL)
    for name in names:
        found = results.measured[task, name]
        wall, cpu, peak = found.of("wall"), found.of("cpu"), found.of("peak")
        assert wall is not None
        assert cpu is not None
        at = " ".join(part for part in (found.way, f"batch {found.batch}") if part)
        note = f"{at}; {cpu:.2f} s of CPU; median of {len(found.costs)}"
        yield BenchRow(f"{task}: {name}", round(wall, 2), "s", note=note)
        yield BenchRow(f"{task}, tokens per second: {name}", round(each * size.arms / wall), "1/s")
        yield BenchRow(
            f"{task}, peak memory: {name}",
            None if peak is None else round(peak),
            "MB",
            note="needs Linux" if peak is None else "",
        )


def _ratios(task: Task, size: Size, results: Results) -> Iterator[BenchRow]:
    arms = f"{size.arms} arms"
    for mode in MODES[task]:
        mine = results.measured[task, f"{arms}, {mode}"]
        others = (
            (f"base only, {mode}", OVER_BASE),
            (REFERENCE, OVER_PEFT),
            ("peft, merged arm by arm", None),
            ("peft, mixed batch", None),
        )
        for other, most in others:
            name = f"{task}: {arms}, {mode} / {other}"
            yield _ratio(name, mine, results.measured[task, other], most)
    if task == "scoring":
        return
    name = f"{task}: continuous / padded batching, {arms}"
    continuous = results.measured[task, f"{arms}, continuous"]
    yield _ratio(name, continuous, results.measured[task, f"{arms}, fast"], None)


def _ratio(name: str, mine: Measured, other: Measured, most: float | None) -> BenchRow:
    """Of wall times: the median over the rounds, each of which ran both."""
    wall = median(a.wall / b.wall for a, b in zip(mine.costs, other.costs, strict=True))
    cpu = median(a.cpu / b.cpu for a, b in zip(mine.costs, other.costs, strict=True))
    note = f"{cpu:.3f} of CPU time"
    if most is None:
        return BenchRow(name, round(wall, 3), "×", note=note)
    return BenchRow(name, round(wall, 3), "×", f"≤ {most:g}", wall <= most, note)


def _lm_eval(task: Task, size: Size, results: Results) -> Iterator[BenchRow]:
    """Against one process of the engine; with start-up, both from nothing."""
    ours = f"{size.arms} arms, {MODES[task][0]}"
    names = [f"{task}: {ours} / {LM_EVAL}", f"{task}: {ours} / {LM_EVAL}, both with start-up"]
    theirs = results.measured.get((task, LM_EVAL))
    if theirs is None:
        yield from (BenchRow(name, None, "×", note=results.no_lm_eval) for name in names)
        return
    mine = results.measured[task, ours].of("wall")
    other = theirs.of("wall")
    assert mine is not None
    assert other is not None
    started, there = results.startup[ours].wall, results.startup[LM_EVAL].wall
    yield BenchRow(names[0], round(mine / other, 3), "×", note="lm-eval ran once")
    yield BenchRow(
        names[1],
        round((mine + started) / (other + there), 3),
        "×",
        note=f"start-up {started:.1f} s and {there:.1f} s",
    )


def _invariance(size: Size, results: Results) -> Iterator[BenchRow]:
    """What the batch size changes: between the smallest and every other that was tried."""
    for one in entrants(size):
        if not one.ours or "base only" in one.name:
            continue
        for task in one.ways:
            first, *others = results.batchings[task, one.name]
            count = size.arms * size.prompts * len(others)
            found = sum(_differing(first, other) for other in others)
            name = f"{task}: answers that change with the batching, {one.name}"
            note = f"{found} of {count}" + (" (A/A)" if task == "generation" else ", to the bit")
            if task == "scoring" and "deterministic" in one.name:
                yield BenchRow(name, float(found), "", "= 0", found == 0, note)
            else:
                yield BenchRow(name, round(100 * found / count, 3), "%", note=note)
    yield BenchRow(
        "generation: answers that part from peft's at a tie",
        float(results.ties),
        "",
        note="over all rivals and rounds",
    )


def _differing(one: Answers, two: Answers) -> int:
    """How many questions got another answer, to the last bit."""
    pairs = zip(chain(*one), chain(*two), strict=True)
    return sum(bool(a != b) for a, b in pairs)
