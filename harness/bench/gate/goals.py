"""``loragate bench gate`` and ``gate-full``: every goal of the gate's statistics, measured."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.stats import power, wilson
from harness.types import BenchRow, GateVerdict

from . import creep, early, grid, planned, speed
from .cells import ALPHA, MARGINS, PSIS, SIZES, standard_error
from .effort import Effort, Workers
from .grid import percent
from .whole import MARGIN, Outcome, World, simulate

QUICK = Effort(
    draws=4_000,
    power_draws=2_000,
    sizes=(50, 300),
    psis=(0.1, 0.3),
    exact_sizes=(50, 100, 200),
    gates=100,
    histories=5_000,
    suites=speed.SUITES,
)
FULL = Effort(
    draws=100_000,
    power_draws=20_000,
    sizes=SIZES,
    psis=PSIS,
    exact_sizes=SIZES,
    gates=3_200,
    histories=100_000,
    suites=speed.SUITES,
)
PROCESSES, PARTS = 2, 8
"""Processes, and parts into which the draws of one world are cut."""

BOUNDARY = (-MARGIN, 0.03, 0.03)
"""One check at its boundary, the others certain to pass; so is its twin, by an anchor as bad."""
WORLDS = (
    World("worse by δ in one suite, first attempt", BOUNDARY, (MARGIN, 0.0, 0.0)),
    World("worse by δ in one suite, all of α", BOUNDARY, (MARGIN, 0.0, 0.0), attempt=None),
    World("equal", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    World("equal, clusters of 5", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), cluster=5),
    World("equal, clusters of 20", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), cluster=20),
)
LEFT = 0.02
"""Most histories that end more than the margin below where they began."""
LOOK_PSI, LOOK_MARGIN, LOOK_DRAWS = 0.08, 0.03, 100_000
CASES_SEEN = ((0.0, 0.80), (0.02, 0.62), (-0.06, 0.35))
"""Δ, and the most cases seen on average, as a share of the fixed number."""
TYPE_ONE, POWER_LOSS = 0.054, 0.05


def quick() -> list[BenchRow]:
    """A smaller grid with fewer draws: under a minute on two cores."""
    return measured(QUICK, PROCESSES)


def full() -> list[BenchRow]:
    """The whole grid, at least 100,000 draws a cell."""
    return measured(FULL, PROCESSES)


def measured(effort: Effort, processes: int) -> list[BenchRow]:
    """Every goal, at this effort; rows first that are promises, cells among them."""
    timed = speed.rows(effort.suites)  # before other processes compete
    with Workers(processes) as workers:
        return [
            *grid.rows(effort, workers),
            *planned.rows(effort, workers),
            *_whole(effort, workers),
            *_early(),
            *_attempts(),
            *_creep(effort),
            *timed,
        ]


@dataclass(frozen=True, slots=True)
class _Part:
    world: World
    draws: int
    number: int


def _decide(part: _Part) -> Outcome:
    seed = zlib.crc32(f"{part.world.name} {part.number}".encode())
    return simulate(part.world, part.draws, seed)


def _whole(effort: Effort, workers: Workers) -> list[BenchRow]:
    parts = [
        _Part(world, effort.gates // PARTS, number) for world in WORLDS for number in range(PARTS)
    ]
    found = workers.map(_decide, parts, "whole gate, end to end")
    rows, apart = [], 0
    for world in WORLDS:
        own = [each for part, each in zip(parts, found, strict=True) if part.world is world]
        together = _joined(own)
        apart += together.disagreements
        if world.against_baseline == BOUNDARY:
            rows.append(_at_most("promoted", world, together, GateVerdict.PROMOTE))
        else:
            rows.append(_at_most("rejected", world, together, GateVerdict.REJECT))
    total = sum(part.draws for part in parts)
    name = f"whole gates that the formulas alone decide otherwise, of {total:,}"
    return [*rows, BenchRow(name, apart, "", "= 0", apart == 0)]


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        sum(each.draws for each in outcomes),
        {
            verdict: sum(each.verdicts.get(verdict, 0) for each in outcomes)
            for verdict in GateVerdict
        },
        sum(each.disagreements for each in outcomes),
    )


def _at_most(what: str, world: World, outcome: Outcome, verdict: GateVerdict) -> BenchRow:
    """A rate of error of the whole gate; missed where even its lower 99% bound is above 5%."""
    share, draws = outcome.share(verdict), outcome.draws
    return BenchRow(
        f"whole gate, {what}: {world.name}",
        percent(share),
        "%",
        "≤ 5 (lower 99% bound)",
        wilson.bounds(share * draws, draws, 0.01)[0] <= ALPHA,
        error=percent(standard_error(share, draws)),
    )


def _early() -> list[BenchRow]:
    n = power.cases(LOOK_PSI, 0.0, LOOK_MARGIN, ALPHA)
    assert n is not None  # an equal adapter can always be told from a worse one
    rng = np.random.default_rng(8)

    def looked(difference: float) -> early.Looked:
        return early.simulate(n, LOOK_PSI, difference, LOOK_MARGIN, LOOK_DRAWS, rng)

    rows = []
    for difference, most in CASES_SEEN:
        found = looked(difference)
        rows.append(
            BenchRow(
                f"sequential, Δ={100 * difference:g}pp: mean cases of the {n} planned",
                round(found.cases, 4),
                "",
                f"≤ {most:g}",
                found.cases <= most,
                error=round(found.cases_error, 5),
            )
        )
    worse, equal = looked(-LOOK_MARGIN), looked(0.0)
    lost = early.fixed_power(n, LOOK_PSI, 0.0, LOOK_MARGIN) - equal.promoted
    return [
        *rows,
        BenchRow(
            "sequential, worse by δ, promoted",
            percent(worse.promoted),
            "%",
            f"≤ {100 * TYPE_ONE:g}",
            worse.promoted <= TYPE_ONE,
            error=percent(standard_error(worse.promoted, LOOK_DRAWS)),
        ),
        BenchRow(
            "sequential, equal: power lost to looking early",
            percent(lost),
            "pp",
            f"≤ {100 * POWER_LOSS:g}",
            lost <= POWER_LOSS,
            error=percent(standard_error(equal.promoted, LOOK_DRAWS)),
        ),
    ]


def _attempts() -> list[BenchRow]:
    """Ten candidates at the boundary: where it is worst over the grid, and if none is counted."""
    cells = [(n, psi, margin) for n in SIZES for psi in PSIS for margin in MARGINS if psi >= margin]
    shares = {cell: creep.ten_attempts(*cell, spending=True) for cell in cells}
    shown = (creep.CASES, creep.PSI, creep.MARGIN)
    worst = max(shares, key=shares.__getitem__)
    rows = [
        (f"worst ({_truth(*worst)})", shares[worst], True),
        (f"({_truth(*shown)})", creep.ten_attempts(*shown, spending=True), True),
        (f"if not counted ({_truth(*shown)})", creep.ten_attempts(*shown, spending=False), False),
    ]
    return [
        BenchRow(
            f"any of ten attempts at the boundary promoted: {name}",
            percent(share),
            "%",
            "≤ 5" if counted else None,
            share <= ALPHA if counted else None,
        )
        for name, share, counted in rows
    ]


def _truth(n: int, psi: float, margin: float) -> str:
    return f"n={n} ψ={psi:g} δ={100 * margin:g}pp"


def _creep(effort: Effort) -> list[BenchRow]:
    product = creep.Rules(anchor=True, spending=True)
    compared = {
        "anchor, attempts counted": product,
        "anchor alone": replace(product, spending=False),
        "attempts counted, no anchor": replace(product, anchor=False),
        "neither": creep.Rules(anchor=False, spending=False),
    }
    rows = []
    for name, rules in compared.items():
        share = creep.below_start(rules, effort.histories, np.random.default_rng(30))
        rows.append(
            BenchRow(
                f"{creep.ROUNDS} releases end more than δ below the start: {name}",
                percent(share),
                "%",
                f"≤ {100 * LEFT:g}" if rules.anchor else None,
                share <= LEFT if rules.anchor else None,
                error=percent(standard_error(share, effort.histories)),
            )
        )
    return rows
