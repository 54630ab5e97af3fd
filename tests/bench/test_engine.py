"""``bench engine`` on a tiny model: it refuses wrong answers, and says what it did not measure."""

from __future__ import annotations

import functools
import json
import sys

import pytest
import torch

from harness.bench.engine import contest, goals, lm_eval_arm
from harness.bench.engine.agreement import Agreement
from harness.bench.engine.cost import Cost, measured
from harness.bench.engine.rival import TASKS, load
from harness.bench.engine.size import Size
from harness.bench.engine.worker import Worker, timed
from harness.bench.engine.world import World, make
from harness.errors import EngineError
from harness.registry import BENCHMARKS

SIZE = Size(
    vocabulary=300, hidden=32, layers=2, heads=4, feed_forward=48, ranks=(4, 16), prompts=3,
    lengths=(5, 20), new_tokens=4, tokens=(64, 256), rows=(1, 3), mixed=(4,), rounds=1,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _no_lm_eval(monkeypatch):
    monkeypatch.setattr(contest, "installed", lambda: False)


_loaded = functools.cache(load)


class Inline:
    """A station in this process; ``spoil`` may change what it answers."""

    startup = Cost(1.0, 1.0, None)

    def __init__(self, folder, kind, spoil=None):
        self._rival, self._kind, self._spoil = _loaded(kind, folder), kind, spoil

    def ask(self, task, way, batch):
        answers, cost = timed(self._rival, task, way, batch)
        if self._spoil is not None:
            self._spoil(self._kind, task, answers)
        return answers, cost

    def likelihoods(self, arm, prompt, choices):
        return self._rival.likelihoods(arm, prompt, choices)

    def close(self):
        pass


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    make(folder, SIZE)
    return World.read(folder)


@pytest.fixture(scope="module")
def found(world):
    return {row.name: row for row in _rows(world, Inline)}


def _rows(world, start):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(goals, "make", lambda folder, size: world)
        patch.setattr(contest, "installed", lambda: False)
        patch.setenv("OMP_NUM_THREADS", "1")
        return goals.rows(SIZE, lambda folder, kind: start(world.folder, kind))


def test_it_is_a_benchmark_of_the_command_line():
    assert BENCHMARKS.load("engine") is goals.bench


@pytest.mark.parametrize("task", TASKS)
def test_every_entrant_has_time_tokens_and_memory(found, task):
    for one in contest.entrants(SIZE):
        if task not in one.ways:
            continue
        assert found[f"{task}: {one.name}"].value >= 0
        assert found[f"{task}, tokens per second: {one.name}"].value > 0
        peak = found[f"{task}, peak memory: {one.name}"]
        assert (peak.value or 0) > 100 or (sys.platform != "linux" and peak.note)


@pytest.mark.parametrize(
    ("task", "mode"), [(task, mode) for task in TASKS for mode in contest.MODES[task]]
)
@pytest.mark.parametrize(
    ("other", "target"), [("base only, {}", "≤ 1.15"), ("peft, arm by arm", "≤ 0.8")]
)
def test_the_goals_are_judged(found, task, mode, other, target):
    row = found[f"{task}: 3 arms, {mode} / {other.format(mode)}"]
    assert row.target == target
    assert row.met is (row.value <= float(target[2:]))


@pytest.mark.parametrize("task", TASKS)
def test_what_is_not_installed_is_not_measured(found, task):
    rows = [row for name, row in found.items() if name.startswith(task) and "lm-eval" in name]
    assert len(rows) == 2
    assert all(row.value is None and "not installed" in row.note for row in rows)


def test_a_rival_that_fails_last_costs_nobody_their_figures(world, monkeypatch):
    monkeypatch.setattr(contest, "installed", lambda: True)

    def start(folder, kind):
        if kind.startswith("lm-eval"):
            raise EngineError("lm-eval has died")
        return Inline(folder, kind)

    results = contest.contest(world.folder, world, SIZE, start)
    assert results.no_lm_eval == "lm-eval has died"
    assert ("generation", "3 arms, fast") in results.measured


@pytest.mark.parametrize("kind", ["peft", "ours"])
@pytest.mark.parametrize(
    ("task", "said"),
    [("scoring", "nats off peft's"), ("generation", "continues prompt 1 of arm 2")],
)
def test_wrong_answers_are_refused(world, kind, task, said):
    """One answer of the last arm is another's, as under a mixed-up slot."""
    asked = []

    def spoil(which, of, answers):
        asked.append((which.partition(":")[0], of))
        if asked.count((kind, task)) > 1:  # peft's first answer is the reference
            answers[2][1] = answers[1][1]

    with pytest.raises(EngineError, match=f"refused: .*{said}"):
        _rows(world, lambda folder, which: Inline(folder, which, spoil))


def test_arms_that_answer_alike_prove_nothing(world):
    agreement = Agreement(world, lambda arm, prompt, choices: [])
    same = [["w5 w6"] * 3] * 3
    with pytest.raises(EngineError, match="arms 0 and 1 answer alike"):
        agreement.refer("generation", same)
    with pytest.raises(EngineError, match="arms 0 and 1 answer alike"):
        agreement.refer("scoring", [[[-1.0]]] * 3)


@pytest.mark.parametrize(("gap", "agrees"), [(1e-5, True), (0.1, False)])
def test_greedy_answers_may_part_at_a_tie_only(world, gap, agrees):
    asked = []

    def likelihoods(arm, prompt, choices):
        asked.append((arm, prompt, choices))
        return [-1.0, -1.0 - gap]

    agreement = Agreement(world, likelihoods)
    right = [["w5 w6", "w7", "w8"], ["w9", "w7", "w8"]]
    agreement.refer("generation", right)
    theirs = [["w5 w4", "w7", "w8"]]
    if agrees:
        agreement.check("someone", "generation", theirs, [0])
        assert agreement.ties == 1
    else:
        with pytest.raises(EngineError, match="someone continues prompt 0 of arm 0"):
            agreement.check("someone", "generation", theirs, [0])
    assert asked == [(0, (*world.prompts[0], 5), ((4,), (6,)))]


@pytest.mark.parametrize("wrong", [[[[-1.0]]], [[[-1.0, float("nan")]]], [[]]])
def test_missing_likelihoods_are_no_agreement(world, wrong):
    agreement = Agreement(world, lambda arm, prompt, choices: [])
    agreement.refer("scoring", [[[-1.0, -2.0]], [[-3.0, -4.0]]])
    with pytest.raises(EngineError, match="refused"):
        agreement.check("someone", "scoring", wrong, [0])


def test_the_peak_is_that_of_the_work_alone():
    _, large = measured(lambda: torch.ones(50_000_000).sum())
    _, small = measured(lambda: torch.ones(1_000).sum())
    if sys.platform == "linux":
        assert large.peak - small.peak > 150


@pytest.mark.torch
def test_a_worker_answers_as_the_rival_does_here(world):
    worker = Worker(world.folder, "ours:deterministic:all")
    try:
        answers, cost = worker.ask("scoring", "", 256)
        here, _ = timed(_loaded("ours:deterministic:all", world.folder), "scoring", "", 256)
        choices = ((5,), (6, 7))
        assert json.loads(json.dumps(here)) == answers
        assert worker.likelihoods(1, (3, 4), choices) == pytest.approx(
            _loaded("peft", world.folder).likelihoods(1, (3, 4), choices), abs=1e-4
        )
        assert cost.wall > 0
        assert worker.startup.cpu > 0
    finally:
        worker.close()


@pytest.mark.torch
def test_a_worker_that_dies_is_named(world):
    with pytest.raises(EngineError, match=r"nobody has died: .*no rival"):
        Worker(world.folder, "nobody")


@pytest.mark.skipif(not lm_eval_arm.installed(), reason="lm-eval is not installed")
def test_lm_eval_answers_as_peft_does(world):
    reference = _loaded("peft", world.folder)
    for task in TASKS:
        expected, _ = timed(reference, task, "plain-prefix", 2)
        agreement = Agreement(world, reference.likelihoods)
        agreement.refer(task, expected)
        theirs, _ = timed(load("lm-eval:2", world.folder), task, "", 4)
        agreement.check("lm-eval", task, theirs, [2])
