"""Who takes part, each at its best batch size, and what it cost in interleaved rounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from harness.errors import EngineError

from .agreement import Agreement
from .cost import Cost
from .lm_eval_arm import installed
from .rival import TASKS, Task
from .size import Size
from .worker import Station
from .world import Answers, World

Start = Callable[[Path, str], Station]
MODES: Mapping[Task, Sequence[str]] = {
    "scoring": ("deterministic", "fast"),
    "generation": ("fast",),  # in either mode of the engine
}
REFERENCE = "peft, arm by arm"


@dataclass(frozen=True, slots=True)
class Entrant:
    """One way to ask all arms everything."""

    name: str
    kind: str
    """Of its station; see ``rival.load``."""
    ways: Mapping[Task, Sequence[str]]
    """Of the tasks that it takes part in."""
    batches: Sequence[int]
    arms: Sequence[int]
    """Whose answers it gives."""

    @property
    def ours(self) -> bool:
        """Whether it is the engine."""
        return self.kind.startswith("ours")


@dataclass(frozen=True, slots=True)
class Measured:
    """An entrant's costs in one task, round by round."""

    way: str
    batch: int
    costs: Sequence[Cost]

    def of(self, name: str) -> float | None:
        """The median of wall, cpu or peak."""
        found = [getattr(cost, name) for cost in self.costs]
        return None if None in found else float(median(found))


@dataclass(slots=True)
class Results:
    """Everything that was measured."""

    measured: dict[tuple[Task, str], Measured] = field(default_factory=dict)
    startup: dict[str, Cost] = field(default_factory=dict)
    batchings: dict[tuple[Task, str], list[Answers]] = field(default_factory=dict)
    """The engine's answers, one for each batch size that was tried."""
    ties: int = 0
    no_lm_eval: str = "lm-eval is not installed"
    """Why it was not measured, where it was not."""


def entrants(size: Size) -> list[Entrant]:
    """The reference first."""
    everyone, base_only = range(size.arms), [0] * size.arms

    def peft(name: str, way: str, scoring: Sequence[str], batches: Sequence[int]) -> Entrant:
        ways: dict[Task, Sequence[str]] = {
            "scoring": [f"{way}-{style}" for style in scoring],
            "generation": [way],
        }
        return Entrant(name, "peft", ways, batches, everyone)

    def ours(name: str, kind: str, arms: Sequence[int], tasks: Sequence[Task]) -> Entrant:
        return Entrant(name, f"ours:{kind}", dict.fromkeys(tasks, ("",)), size.tokens, arms)

    found = [
        peft(REFERENCE, "plain", ("prefix", "rows"), size.rows),
        peft("peft, merged arm by arm", "merged", ("prefix",), size.rows[-1:]),
        peft("peft, mixed batch", "mixed", ("prefix",), size.mixed),
    ]
    for mode in MODES["scoring"]:
        tasks = [task for task in TASKS if mode in MODES[task]]
        found.append(ours(f"{size.arms} arms, {mode}", f"{mode}:all", everyone, tasks))
        found.append(ours(f"base only, {mode}", f"{mode}:base", base_only, tasks))
    kind = "fast:all:continuous"
    found.append(ours(f"{size.arms} arms, continuous", kind, everyone, ["generation"]))
    return found


def contest(folder: Path, world: World, size: Size, start: Start) -> Results:
    """Sweep, then rounds; progress goes to standard error.

    EngineError where an answer is not the reference's.
    """
    found, results = entrants(size), Results()
    with _stations(folder, found, start) as stations:
        results.startup = {one.name: stations[one.kind].startup for one in found}
        agreement = Agreement(world, stations[found[0].kind].likelihoods)
        for task in TASKS:
            mine = [one for one in found if task in one.ways]
            best = {
                one.name: _sweep(one, task, stations[one.kind], agreement, results) for one in mine
            }
            costs: dict[str, list[Cost]] = {one.name: [] for one in mine}
            for round_ in range(size.rounds):
                sys.stderr.write(f"{task}: round {round_ + 1} of {size.rounds}\n")
                for one in mine:
                    answers, cost = stations[one.kind].ask(task, *best[one.name])
                    agreement.check(one.name, task, answers, one.arms)
                    costs[one.name].append(cost)
                    _say(task, one.name, cost)
            for name, each in costs.items():
                results.measured[task, name] = Measured(*best[name], each)
        if installed():
            try:
                _lm_eval(folder, size, start, agreement, results)
            except EngineError as error:  # the last and longest: the others' figures stand
                results.no_lm_eval = str(error)
        results.ties = agreement.ties
    return results


def _sweep(
    one: Entrant, task: Task, station: Station, agreement: Agreement, results: Results
) -> tuple[str, int]:
    """The fastest way, then its fastest batch size; the first one ever asked is the reference."""
    tried: dict[tuple[str, int], float] = {}

    def attempt(way: str, batch: int) -> None:
        answers, cost = station.ask(task, way, batch)
        if one.name == REFERENCE and not tried:
            agreement.refer(task, answers)
        agreement.check(one.name, task, answers, one.arms)
        if one.ours:
            results.batchings.setdefault((task, one.name), []).append(answers)
        tried[way, batch] = cost.wall
        _say(task, f"{one.name}, {way} {batch}", cost)

    for way in one.ways[task]:
        attempt(way, one.batches[0])
    quickest = min(tried, key=tried.__getitem__)[0]
    for batch in one.batches[1:]:
        attempt(quickest, batch)
    return min(tried, key=tried.__getitem__)


def _say(task: Task, who: str, cost: Cost) -> None:
    sys.stderr.write(f"{task}: {who}: {cost.wall:.1f} s\n")


LM_EVAL = "lm-eval, one adapter per process"


def _lm_eval(
    folder: Path, size: Size, start: Start, agreement: Agreement, results: Results
) -> None:
    """Each arm in a fresh process, once; the first finds the batch size. Costs are sums."""
    startups, best = [], dict.fromkeys(TASKS, 0)
    costs: dict[Task, list[Cost]] = {task: [] for task in TASKS}
    for arm in range(size.arms):
        station = start(folder, f"lm-eval:{arm}")
        try:
            startups.append(station.startup)
            for task in TASKS:
                if not arm:
                    walls = {n: station.ask(task, "", n)[1].wall for n in size.mixed}
                    best[task] = min(walls, key=walls.__getitem__)
                answers, cost = station.ask(task, "", best[task])
                agreement.check(LM_EVAL, task, answers, [arm])
                costs[task].append(cost)
                _say(task, f"lm-eval, arm {arm}", cost)
        finally:
            station.close()
    results.startup[LM_EVAL] = _total(startups)
    for task in TASKS:
        results.measured[task, LM_EVAL] = Measured("", best[task], [_total(costs[task])])


def _total(costs: Sequence[Cost]) -> Cost:
    peaks = [cost.peak for cost in costs if cost.peak is not None]
    return Cost(
        sum(cost.wall for cost in costs),
        sum(cost.cpu for cost in costs),
        max(peaks) if len(peaks) == len(costs) else None,
    )


@contextmanager
def _stations(folder: Path, found: Sequence[Entrant], start: Start) -> Iterator[dict[str, Station]]:
    """One for each kind."""
    stations: dict[str, Station] = {}
    try:
        for one in found:
            if one.kind not in stations:
                stations[one.kind] = start(folder, one.kind)
        yield stations
    finally:
        for station in stations.values():
            station.close()
