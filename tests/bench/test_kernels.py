"""The kernel benchmark computes the same in every way before it times any."""

from __future__ import annotations

import pytest
import torch

from harness.bench import CELL, kernels
from harness.errors import EngineError
from harness.kernels.bench import PROVIDERS, Problem, broken_property, times

ONCE = {torch.float32: 1, torch.bfloat16: 1}
OURS = PROVIDERS["ours, deterministic"]
SHAPES = {torch.float32: (72, 288), torch.bfloat16: (72, 1152)}


@pytest.fixture(scope="module")
def rows():
    """A run of linears of 64 inputs."""
    return kernels.rows(SHAPES, 64, ONCE, step_rows=36)


def test_every_provider_is_timed_at_every_shape(rows) -> None:
    """In milliseconds, as cells; ratios to the base GEMM in the table."""
    cells = [row for row in rows if row.name.startswith(CELL)]
    assert len(cells) == 4 * len(PROVIDERS)
    assert all(row.value is not None for row in cells)
    ratios = {row.name for row in rows if row.name.endswith(" over base")}
    assert len(ratios) == 4 * (len(PROVIDERS) - 1)


def test_goals_stand_where_they_were_set(rows) -> None:
    """fp32 from 256 rows on, bf16 from 1,024, in fast mode; forward and backward."""
    aimed = {row.name: row.target for row in rows if row.target and row.value is not None}
    assert aimed == {
        "fp32, T=288: ours, fast over base": "≤ 1.06",
        "fp32, T=288: low-rank part, fast, of peft's": "≤ 0.5",
        "bf16, T=1152: ours, fast over base": "≤ 1.1",
        "bf16, T=1152: low-rank part, fast, of peft's": "≤ 0.5",
        "fp32, T=36: forward + backward, peft over ours": "≥ 1.15",
        "bf16, T=36: forward + backward, peft over ours": "≥ 1.3",
    }


def test_what_nobody_measured_has_no_number(rows) -> None:
    """GPU goals and peers' kernels say why."""
    empty = [row for row in rows if row.value is None]
    assert len(empty) == len(kernels.GPU_GOALS) + len(kernels.PEERS)
    assert all("needs a GPU" in row.note for row in empty)
    assert all(row.met is None for row in empty)


def scaled(factor: float):
    def prepare(problem: Problem):
        call = OURS(problem)
        return lambda: call() * factor

    return prepare


def shifty(problem: Problem):
    """Right within the bound, and other bits for every number of rows."""
    call = OURS(problem)
    return lambda: call() * (1 + 1.2e-7 * (problem.rows > 2))


@pytest.mark.parametrize(
    ("name", "provider", "message"),
    [
        ("ours, fast", scaled(1.001), "ours, fast: error"),
        ("peft mixed batch", scaled(0.999), "peft mixed batch: error"),
        ("ours, deterministic", shifty, "change when the adapters leave"),
    ],
)
def test_a_wrong_provider_is_not_timed(monkeypatch, name, provider, message) -> None:
    """The run ends with the property, and without a number."""
    problem = Problem(18, 64, 64, torch.float32)
    assert broken_property(problem, PROVIDERS) is None
    assert message in broken_property(problem, {**PROVIDERS, name: provider})
    monkeypatch.setitem(PROVIDERS, name, scaled(1.1))
    with pytest.raises(EngineError, match=r"nothing is timed: fp32, K = N = 64: "):
        kernels.rows({torch.float32: (72,)}, 64, ONCE)


def test_runs_are_interleaved() -> None:
    """One call of each per round, after one to warm up."""
    seen: list[str] = []
    found = times({name: lambda n=name: seen.append(n) for name in "ab"}, 3)
    assert seen == ["a", "b"] * 4
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 3, "b": 3}
