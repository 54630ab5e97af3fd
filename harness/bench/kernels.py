"""``loragate bench kernels``: the fused linear against its base GEMM and against peft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import torch

from harness.bench import CELL
from harness.errors import EngineError
from harness.kernels.bench import (
    PROVIDERS,
    Problem,
    broken_property,
    more,
    ratio,
    steps,
    times,
)
from harness.types import BenchRow

WIDTH = 2048
SHAPES = {
    torch.float32: (72, 288, 1152, 2304),
    torch.bfloat16: (72, 288, 1152, 2304),
}
"""Rows of a batch of nine arms, by dtype."""
OVER_BASE = {torch.float32: (256, 1.06), torch.bfloat16: (1024, 1.10)}
"""From so many rows on, the whole linear costs at most so much of the base GEMM, in fast mode."""
OF_PEFT = 0.5
"""The low-rank part's cost, of peft's."""
STEP = {torch.float32: 1.15, torch.bfloat16: 1.3}
"""Forward and backward of peft's way, of ours."""
STEP_ROWS = 1152
ROUNDS = {torch.float32: 25, torch.bfloat16: 9}
"""bf16 takes the longer, by far, on a CPU without instructions for it."""
GPU_GOALS = (
    ("9 arms, T=8192, K=N=4096, over base GEMM", "≤ 1.15"),
    ("9 arms, T=8192, K=N=2048, over base GEMM", "≤ 1.3"),
    ("9 arms, T=8192, K=N=8192, over base GEMM", "≤ 1.1"),
    ("decode, T=64, K=N=4096, over base GEMM", "≤ 1.4"),
    ("decode, T=64, K=N=8192, over base GEMM", "≤ 1.2"),
    ("low-rank part of separate shrink + expand, T ≥ 2048", "≤ 0.6"),
    ("low-rank part of separate shrink + expand, T ≤ 256", "≤ 1"),
    ("peft mixed batch over ours, T=8192", "≥ 1.4"),
    ("peft mixed batch over ours, T=64", "≥ 5"),
    ("Triton's base GEMM over cuBLAS, T=8192, K=N=4096", None),
)
PEERS = ("vllm", "sglang")
ON_GPU = "needs a GPU, where this benchmark has not been written or run yet"


def bench() -> list[BenchRow]:
    """All providers at all shapes; EngineError where one of them computes something else."""
    return rows(SHAPES, WIDTH, ROUNDS)


def rows(
    shapes: Mapping[torch.dtype, Sequence[int]],
    width: int,
    rounds: Mapping[torch.dtype, int],
    step_rows: int = STEP_ROWS,
) -> list[BenchRow]:
    """The same for any sizes."""
    for dtype in shapes:
        broken = broken_property(Problem(144, width, width, dtype), PROVIDERS)
        if broken is not None:
            raise EngineError(f"nothing is timed: {_name(dtype)}, K = N = {width}: {broken}")
    found = [
        row
        for dtype, counts in shapes.items()
        for count in counts
        for row in _forward(Problem(count, width, width, dtype), rounds[dtype])
    ]
    found += [_step(Problem(step_rows, width, width, dtype), rounds[dtype]) for dtype in shapes]
    found += [BenchRow(name, None, "×", target, None, ON_GPU) for name, target in GPU_GOALS]
    found += [BenchRow(f"{name}'s kernels", None, "×", None, None, ON_GPU) for name in PEERS]
    return found


@torch.inference_mode()
def _forward(problem: Problem, rounds: int) -> Iterator[BenchRow]:
    took = times({name: make(problem) for name, make in PROVIDERS.items()}, rounds)
    base, peft = took["base only"], took["peft mixed batch"]
    dtype, at = problem.dtype, f"{_name(problem.dtype)}, T={problem.rows}"
    for name, seconds in took.items():
        yield BenchRow(f"{CELL}{at}: {name}", round(median(seconds) * 1e3, 3), "ms")
    start, most = OVER_BASE[dtype]
    for name, seconds in took.items():
        if name == "base only":
            continue
        aimed = name == "ours, fast" and problem.rows >= start
        yield _most(f"{at}: {name} over base", ratio(seconds, base), most if aimed else None)
    if problem.rows >= start:
        part = more(took["ours, fast"], base) / more(peft, base)
        yield _most(f"{at}: low-rank part, fast, of peft's", part, OF_PEFT)


def _step(problem: Problem, rounds: int) -> BenchRow:
    took = times(steps(problem), rounds)
    least, found = STEP[problem.dtype], ratio(took["peft"], took["ours"])
    name = f"{_name(problem.dtype)}, T={problem.rows}: forward + backward, peft over ours"
    return BenchRow(name, round(found, 3), "×", f"≥ {least:g}", found >= least)


def _most(name: str, value: float, limit: float | None) -> BenchRow:
    target = None if limit is None else f"≤ {limit:g}"
    return BenchRow(name, round(value, 3), "×", target, None if limit is None else value <= limit)


def _name(dtype: torch.dtype) -> str:
    return {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}[dtype]
