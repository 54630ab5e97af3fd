"""Pictures of the full benchmark for the documentation: `python -m harness.bench.gate.pictures`.

They are drawn from the committed figures, so a picture cannot say more than they do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .cells import SIZES, Cell
from .drawing import Axis, Line, bars, lines
from .grid import CLUSTERED, CURVE, NAIVE, OURS, cell_name
from .planned import CURVE_MARGINS, CURVE_PSIS, needed_name
from .rivals import RIVALS

Figures = Mapping[str, float]

CLUSTERS = {
    "equal": "clusters of ten",
    "skewed": "five large ones, the rest pairs",
    "zipf": "sizes by Zipf's law",
}


def figures(document: Mapping[str, Any]) -> Figures:
    """The value of every row and cell, by name."""
    return {row["name"]: row["value"] for row in [*document["rows"], *document["cells"]]}


def pictures(known: Figures) -> Mapping[str, str]:
    """File name → SVG."""
    return {
        "gate-rules.svg": _false_promotion(known),
        "gate-clusters.svg": _clusters(known),
        "gate-cases.svg": _cases_needed(known),
    }


def _false_promotion(known: Figures) -> str:
    psi, margin = CURVE
    curves = [
        Line(
            name,
            [
                (n, known[cell_name(name, Cell("binary", "none", n, psi, margin, -margin))])
                for n in SIZES
            ],
            name == OURS,
        )
        for name in (OURS, *RIVALS)
    ]
    return lines(
        f"How often an adapter that is {100 * margin:g} points worse is promoted",
        Axis(f"cases (ψ = {psi:g})", SIZES, log=True),
        Axis("promoted", (0, 20, 40, 60, 80, 100), "%"),
        curves,
        limit=5,
    )


def _clusters(known: Figures) -> str:
    psi, margin = CURVE
    groups = {
        said: {
            rule: known[cell_name(rule, Cell("binary", shape, CLUSTERED, psi, margin, -margin))]
            for rule in (OURS, NAIVE)
        }
        for shape, said in CLUSTERS.items()
    }
    return bars(
        f"What clusters do: an adapter {100 * margin:g} points worse is promoted",
        Axis(f"promoted ({CLUSTERED} cases, ψ = {psi:g})", (0, 10, 20, 30, 40), "%"),
        groups,
        OURS,
        limit=5,
    )


def _cases_needed(known: Figures) -> str:
    curves = [
        Line(
            f"{100 * psi:g}% of answers change",
            [(100 * margin, known[needed_name(psi, margin)]) for margin in CURVE_MARGINS],
            True,
        )
        for psi in CURVE_PSIS
    ]
    return lines(
        "Cases that promote an equal adapter four times in five",
        Axis("margin", tuple(100 * margin for margin in CURVE_MARGINS), "pp", log=True),
        Axis("cases", (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000), log=True),
        curves,
    )


if __name__ == "__main__":
    source, folder = (Path(argument) for argument in sys.argv[1:3])
    for name, svg in pictures(figures(json.loads(source.read_text("utf-8")))).items():
        (folder / name).write_text(svg, encoding="utf-8")
