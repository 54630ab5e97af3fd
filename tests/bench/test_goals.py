"""The whole benchmark with few draws, and each of its parts against another way to get there."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from harness.bench import CELL
from harness.bench.gate import creep, early, goals, pictures, planned, speed, whole
from harness.bench.gate.cells import SIZES
from harness.bench.gate.effort import Effort, Workers
from harness.bench.gate.records import ARMS, Scorebook, suite
from harness.gate.looks import looks, measure_look
from harness.stats import exact
from harness.types import GateVerdict, Role, Verdict

LITTLE = Effort(
    draws=200,
    power_draws=50,
    sizes=(50,),
    psis=(0.3,),
    exact_sizes=(50,),
    gates=8,
    histories=300,
    suites=1,
)
EQUAL = whole.World("equal", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def rows():
    """All rows of a benchmark that draws hardly anything, on one process."""
    return goals.measured(LITTLE, 1)


def test_every_row_has_a_name_of_its_own(rows):
    names = [row.name for row in rows]
    assert len(names) == len(set(names))


def test_every_simulated_promise_stands_with_its_error(rows):
    for row in rows:
        simulated = row.unit == "%" and "unclustered" not in row.name and "attempts" not in row.name
        if row.target and simulated:
            assert row.error is not None, row.name


def test_what_is_enumerated_is_met_whatever_is_drawn(rows):
    exactly = [r for r in rows if "binary, unclustered" in r.name and r.target and r.error is None]
    assert len(exactly) > 100
    assert all(row.met for row in exactly)


def test_the_pictures_are_drawn_from_the_rows(rows):
    document = {
        "rows": [{"name": r.name, "value": r.value} for r in rows if not r.name.startswith(CELL)],
        "cells": [{"name": r.name, "value": r.value} for r in rows if r.name.startswith(CELL)],
    }
    found = pictures.pictures(pictures.figures(json.loads(json.dumps(document))))
    assert sorted(found) == ["gate-cases.svg", "gate-clusters.svg", "gate-rules.svg"]
    assert all("</svg>" in svg for svg in found.values())


@pytest.mark.parametrize(
    "world",
    [
        EQUAL,
        whole.World("worse", (-whole.MARGIN, 0.0, 0.03), (0.01, 0.0, 0.0), attempt=None),
        whole.World("clusters", (-0.03, 0.0, 0.0), (0.0, 0.02, 0.0), cluster=5),
    ],
    ids=lambda world: world.name,
)
def test_the_gate_on_records_decides_what_the_formulas_decide(world):
    found = whole.simulate(world, 12, seed=3)
    assert found.disagreements == 0
    assert sum(found.verdicts.values()) == 12


def test_a_disaster_is_rejected_and_an_improvement_promoted():
    bad = whole.World("bad", (-0.11, 0.0, 0.0), (0.0, 0.0, 0.0))
    good = whole.World("good", (0.1, 0.1, 0.1), (0.0, 0.0, 0.0))
    assert whole.simulate(bad, 3, 1).share(GateVerdict.REJECT) == 1
    assert whole.simulate(good, 3, 1).share(GateVerdict.PROMOTE) == 1


def test_answers_are_as_good_and_as_different_as_the_world_says():
    world = whole.World("w", (-0.04, 0.0, 0.02), (0.03, 0.0, 0.0), cluster=5)
    rng = np.random.default_rng(6)
    right = np.mean([whole.answers(rng, world) for _ in range(300)], axis=0)
    baseline, anchor, candidate = right.reshape(3, 3, -1).mean(axis=2)
    assert candidate - baseline == pytest.approx(np.array([-0.04, 0.0, 0.02]), abs=0.005)
    assert anchor - baseline == pytest.approx(np.array([-0.03, 0.0, 0.0]), abs=0.005)


def test_an_attempt_is_tested_at_its_own_level():
    assert EQUAL.alpha == pytest.approx(0.05 * 6 / np.pi**2)
    assert whole.World("w", (), (), attempt=None).alpha == 0.05


@pytest.mark.parametrize("spending", [True, False])
def test_ten_attempts_agree_with_drawing_them(spending):
    n, psi, margin, rng = 300, 0.1, 0.03, np.random.default_rng(9)
    from harness.stats.spending import attempt_alpha
    from harness.stats.tango import p_not_worse

    draws = 20_000
    counts = rng.multinomial(n, [(psi - margin) / 2, (psi + margin) / 2, 1 - psi], (draws, 10))
    p = p_not_worse(counts[..., 0] * 1.0, counts[..., 1] * 1.0, n, margin)
    levels = [attempt_alpha(0.05, j) if spending else 0.05 for j in range(1, 11)]
    share = np.mean(np.any(p < levels, axis=1))
    found = creep.ten_attempts(n, psi, margin, spending=spending)
    assert share == pytest.approx(found, abs=4 * (found * (1 - found) / draws) ** 0.5)


def test_without_an_anchor_quality_creeps_and_with_it_it_does_not():
    """Statistics.md: about half of all histories, and 0.6%, with every attempt at all of α."""
    half, few = (
        creep.below_start(creep.Rules(anchor, spending=False), 4000, np.random.default_rng(2))
        for anchor in (False, True)
    )
    assert half == pytest.approx(0.5, abs=0.03)
    assert few < 0.02


@pytest.mark.parametrize("difference", [0.0, -0.06])
def test_looks_by_formula_are_those_of_the_gate(difference):
    """The same draws through ``gate.looks`` on records: mean cases and promotions."""
    n, psi, draws = 400, 0.08, 25
    one = suite("s", range(n), [0] * n, 0.03, anchored=False)
    declared = one.declared[0]
    order = looks(declared)
    book = Scorebook(one.cases, (Role.BASELINE, Role.CANDIDATE))
    rng = np.random.default_rng(11)
    baseline = np.arange(n) % 2 == 0
    chances = [(psi + difference) / psi / 2, (psi - difference) / psi / 2]
    place = {case.digest: i for i, case in enumerate(one.cases)}
    for _ in range(draws):
        d = np.where(rng.random(n) < psi, rng.choice([1, -1], n, p=chances), 0)
        reference = np.where(d == 1, False, np.where(d == -1, True, baseline))
        scores = book.scores(np.stack([reference, np.where(d == 0, reference, d == 1)]))
        for at in range(len(order)):
            result, stop = measure_look(
                declared,
                order,
                at,
                ARMS[Role.CANDIDATE],
                ARMS[Role.BASELINE],
                scores,
                0.05,
                0.05,
                family=1,
            )
            if stop:
                break
        ordered = np.array([d[place[case.digest]] for case in order[-1].cases])
        upto = early.ends(n)
        wins, losses = (np.cumsum(ordered == sign)[np.array(upto) - 1] * 1.0 for sign in (1, -1))
        look, passed = early.stopped(wins[:, None], losses[:, None], upto, 0.03)
        assert (result.look, result.n) == (look[0] + 1, upto[look[0]])
        assert (result.verdict is Verdict.PASS) == passed[0]


def test_the_planned_n_is_the_planners_in_the_given_clusters():
    plain, clustered = planned.plan("none", 0.1, 0.03), planned.plan("equal", 0.1, 0.03)
    power = exact.power(len(plain.sizes), 0.1, 0.0, 0.03, 0.05)
    assert 0.8 <= power < 0.82
    assert set(clustered.sizes) == {10.0}
    assert clustered.sizes.sum() / len(plain.sizes) == pytest.approx(1 + 9 * 0.3, rel=0.1)


def test_the_speed_gate_is_the_same_in_any_order():
    declared, scores = speed.large(2, 100, 4)
    first = speed.decided(declared, scores)
    assert speed.decided(speed.shuffled(declared, random.Random(1)), scores) == first


def test_two_processes_find_what_one_finds():
    with Workers(2) as two, Workers(1) as one:
        assert two.map(abs, [-1, 2, -3], "t") == one.map(abs, [-1, 2, -3], "t") == [1, 2, 3]


def test_the_quick_grid_is_part_of_the_full_one():
    assert set(goals.QUICK.sizes) <= set(SIZES) == set(goals.FULL.sizes)
    assert goals.FULL.draws >= 100_000


def test_the_committed_pictures_are_those_of_the_committed_figures():
    docs = Path(__file__).resolve().parents[2] / "docs"
    document = json.loads((docs / "bench/gate.json").read_text("utf-8"))
    for name, svg in pictures.pictures(pictures.figures(document)).items():
        assert (docs / name).read_text("utf-8") == svg, "make the pictures again"
