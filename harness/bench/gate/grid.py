"""Goal: a candidate that is worse by the margin is promoted at most as often as promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bench import CELL
from harness.types import BenchRow

from .cells import (
    SIZES,
    Cell,
    Judged,
    boundary,
    enumerated,
    simulated,
    standard_error,
)
from .effort import Effort, Workers
from .populations import SHAPES
from .rivals import RIVALS, chance

EXACT, DEFAULT, ALL_LOSSES = 0.05, 0.06, 0.07
"""Most false promotions: of ``method: exact``, of the default, and of it where ψ = δ."""
EDGES = ((52, 0.05), (88, 0.03), (133, 0.02))
"""(n, δ) from where on zero discordant pairs pass: the worst there is, where ψ = δ."""
SHOWN, CLUSTERED = 200, 500
"""Cases in the comparison with rivals, and in the one of clusters."""
CURVE = (0.12, 0.03)
"""ψ and δ of both."""
OURS, EXACTLY, NAIVE = "loragate", "loragate with method: exact", "rows counted as independent"


def rows(effort: Effort, workers: Workers) -> list[BenchRow]:
    """The worst cell of each family and how many fail; then every cell, rivals' included."""
    found = [*_enumerated_rows(effort), *_rival_rows(effort), *_naive_rows(effort)]
    for population in ("binary", "normal", "graded"):
        for shape in SHAPES:
            if (population, shape) == ("binary", "none"):
                continue
            cells = [cell for cell in boundary(population, shape) if effort.keeps(cell.n, cell.psi)]
            judged = workers.map(_Simulate(effort.draws), cells, f"{population}, {shape}")
            found += _family(cells[0].family, judged, DEFAULT)
    return found


@dataclass(frozen=True, slots=True)
class _Simulate:
    """What a worker does to a cell; a lambda could not be sent to it."""

    draws: int

    def __call__(self, cell: Cell) -> Judged:
        return simulated(cell, self.draws)


def _enumerated_rows(effort: Effort) -> list[BenchRow]:
    cells = list(boundary("binary", "none"))
    edges = [Cell("binary", "none", n, margin, margin, -margin) for n, margin in EDGES]
    inner = [enumerated(cell) for cell in cells if cell.psi > cell.margin]
    outer = [enumerated(cell) for cell in cells if cell.psi == cell.margin]
    outer += [enumerated(cell) for cell in edges]
    exactly = [enumerated(cell, exactly=True) for cell in cells if cell.n in effort.exact_sizes]
    exactly += [enumerated(cell, exactly=True) for cell in edges]
    return [
        *_family("binary, unclustered, ψ > δ", inner, DEFAULT),
        *_family("binary, unclustered, ψ = δ", outer, ALL_LOSSES),
        *_family("binary, unclustered, method: exact", exactly, EXACT, EXACTLY),
    ]


def _family(name: str, judged: Sequence[Judged], limit: float, rule: str = OURS) -> list[BenchRow]:
    worst = max(judged, key=lambda each: each.promoted)
    failing = [each for each in judged if each.exceeds(limit)]
    target = f"≤ {100 * limit:g}" + ("" if worst.draws is None else " (lower 99% bound)")
    title = f"false promotion: {name}"
    return [
        BenchRow(
            f"{title}: worst ({worst.cell.truth})",
            percent(worst.promoted),
            "%",
            target,
            not failing,
            error=None if worst.error is None else percent(worst.error),
        ),
        BenchRow(f"{title}: failing of {len(judged)} cells", len(failing), "", "= 0", not failing),
        *(
            BenchRow(
                cell_name(rule, each.cell),
                percent(each.promoted),
                "%",
                target,
                not each.exceeds(limit),
                error=None if each.error is None else percent(each.error),
            )
            for each in judged
        ),
    ]


def _rival_rows(effort: Effort) -> list[BenchRow]:
    """What rivals do to a worse and to an equal adapter, and that over the grid."""
    psi, margin = CURVE
    found = []
    for truth, difference in (("worse by δ", -margin), ("equal", 0.0)):
        cell = Cell("binary", "none", SHOWN, psi, margin, difference)
        for rule in (OURS, *RIVALS):
            found.append(
                BenchRow(
                    f"{truth}, promoted by: {rule} ({cell.truth})",
                    percent(_share(rule, cell)),
                    "%",
                )
            )
    curve = [Cell("binary", "none", n, psi, margin, -margin) for n in SIZES]
    found += [_cell_row(OURS, cell) for cell in curve]
    cells = [cell for cell in boundary("binary", "none") if effort.keeps(cell.n, cell.psi)]
    found += [_cell_row(rule, cell) for cell in [*curve, *cells] for rule in RIVALS]
    return found


def _share(rule: str, cell: Cell) -> float:
    if rule == OURS:
        return enumerated(cell).promoted
    return chance(RIVALS[rule], cell.n, cell.psi, cell.difference, cell.margin)


def _cell_row(rule: str, cell: Cell) -> BenchRow:
    return BenchRow(cell_name(rule, cell), percent(_share(rule, cell)), "%")


def _naive_rows(effort: Effort) -> list[BenchRow]:
    """What clusters do to a rule that does not know of them."""
    psi, margin = CURVE
    found = []
    for shape in SHAPES[1:]:
        cell = Cell("binary", shape, CLUSTERED, psi, margin, -margin)
        judged = simulated(cell, effort.draws)
        assert judged.naive is not None  # right-or-wrong scores
        for rule, share in ((OURS, judged.promoted), (NAIVE, judged.naive)):
            error = percent(standard_error(share, effort.draws))
            found.append(BenchRow(cell_name(rule, cell), percent(share), "%", error=error))
    return found


def cell_name(rule: str, cell: Cell) -> str:
    """Under which name a cell's share of promotions by a rule is kept."""
    return f"{CELL}{rule}, {cell}"


def percent(share: float) -> float:
    """Of a share, to a thousandth of a point."""
    return round(100 * share, 3)
