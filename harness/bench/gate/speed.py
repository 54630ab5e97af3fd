"""How long a large gate takes to decide, and whether it decides the same every time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from harness.gate.check import Declared
from harness.types import BenchRow, Role

from .records import Scorebook, Scores, Suite, changed, gate, suite

SUITES, CASES, SLICES = 50, 2_000, 20
SECONDS = 5.0
ALPHA = 0.05
PSI, LEVEL, MARGIN = 0.1, 0.8, 0.02
"""A margin at which equal adapters are promoted, or not yet: then more cases are planned."""


def rows(suites: int) -> list[BenchRow]:
    """Seconds for the decision, and how many repetitions of it differ by a byte."""
    declared, scores = large(suites, CASES, SLICES)
    began = time.perf_counter()
    first = decided(declared, scores)
    seconds = time.perf_counter() - began
    changed = sum(
        decided(order, scores) != first
        for order in (declared, shuffled(declared, random.Random(3)))
    )
    return [
        BenchRow(
            f"decide {suites} suites × {CASES:,} cases × {SLICES} slices",
            round(seconds, 2),
            "s",
            f"< {SECONDS:g}",
            seconds < SECONDS,
        ),
        BenchRow(
            "decisions that change when repeated or in another order of checks and cases",
            float(changed),
            "",
            "= 0",
            changed == 0,
        ),
    ]


def large(suites: int, cases: int, slices: int) -> tuple[list[Declared], Scores]:
    """Suites whose candidate changes a tenth of the answers for no better, in clusters of five."""
    rng = np.random.default_rng(20)
    made: list[Suite] = [
        suite(
            f"area-{i}/suite",
            (np.arange(cases) // 5).tolist(),
            (np.arange(cases) // 5 % slices).tolist(),
            MARGIN,
            anchored=False,
        )
        for i in range(suites)
    ]
    every = [case for each in made for case in each.cases]
    baseline = rng.random(len(every)) < LEVEL
    candidate = changed(rng, baseline, LEVEL, PSI, 0.0)
    book = Scorebook(every, (Role.BASELINE, Role.CANDIDATE))
    scores = book.scores(np.stack([baseline, candidate]))
    return [each for one in made for each in one.declared], scores


def decided(declared: Sequence[Declared], scores: Scores) -> str:
    """The decision as it is recorded, to the byte."""
    return json.dumps(asdict(gate(declared, scores, ALPHA, ALPHA)[1]))


def shuffled(declared: Sequence[Declared], rng: random.Random) -> list[Declared]:
    """The same claims on the same cases, both in another order."""
    mixed = [
        replace(each, cases=tuple(rng.sample(each.cases, len(each.cases)))) for each in declared
    ]
    return rng.sample(mixed, len(mixed))
