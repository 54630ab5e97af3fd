"""What has to hold before anything is timed: the fast way must be a right way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from .problem import Problem
from .providers import Provider

BOUNDS = {torch.float32: 2e-6, torch.float16: 8e-4, torch.bfloat16: 5e-3}
"""Norm error against fp64, of each row and of all."""
OVER_PEFT, FLOOR = 1.05, 0.25
"""Ours may be this much further from fp64 than peft is on the same inputs; under this share of the
bound the order of a BLAS's sums decides which is nearer."""


@torch.inference_mode()
def broken_property(problem: Problem, providers: dict[str, Provider]) -> str | None:
    """The first property that a provider breaks on this problem, in words; None where all hold."""
    problem = replace(problem)  # caches of its own
    results = {name: prepare(problem)() for name, prepare in providers.items()}
    bound = BOUNDS[problem.dtype]
    peft = furthest(results["peft mixed batch"], problem.exact)
    for name, y in results.items():
        if name == "base only":
            continue
        found = furthest(y, problem.exact)
        if found > bound:
            return f"{name}: error {found:.2g} against fp64 is above {bound:.2g}"
        if name.startswith("ours") and found > max(OVER_PEFT * peft, FLOOR * bound):
            return (
                f"{name}: error {found:.2g} against fp64 is above {OVER_PEFT} of peft's {peft:.2g}"
            )
    return _variant(problem, providers["ours, deterministic"], results["ours, deterministic"])


def _variant(
    problem: Problem, ours: Callable[[Problem], Callable[[], Tensor]], y: Tensor
) -> str | None:
    """Whether an arm's bits change when the others leave."""
    alone = Problem(problem.each, problem.inputs, problem.outputs, problem.dtype, ())
    alone.__dict__.update(x=problem.x[: problem.each], weight=problem.weight)
    if not torch.equal(ours(alone)(), y[: problem.each]):
        return "ours, deterministic: the base's rows change when the adapters leave"
    return None


def furthest(actual: Tensor, exact: Tensor) -> float:
    """Norm of the difference over norm of the exact: of all rows together or of the worst."""
    gap, size = actual.double() - exact, exact
    return float(max(gap.norm() / size.norm(), (gap.norm(dim=-1) / size.norm(dim=-1)).max()))
