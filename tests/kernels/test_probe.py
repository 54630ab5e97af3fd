"""The start-up probe notices a BLAS whose bits depend on the number of rows."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch
from torch import Tensor

from harness.kernels.multi_lora import cpu
from harness.kernels.multi_lora.probe import probe

SHAPES = [(24, 40), (40, 24), (24, 40)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_one_thread_keeps_the_promise(dtype: torch.dtype) -> None:
    """The way out when more threads fail has to hold itself."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = probe(SHAPES, dtype)
    finally:
        torch.set_num_threads(before)
    assert found.invariant, found.reason
    assert found.shapes == 2


def test_a_base_that_depends_on_its_rows_is_noticed(monkeypatch) -> None:
    """A linear whose last bit is another one above 40 rows."""
    original = cpu.linear

    def broken(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        y = original(x, weight, bias)
        return y * (1 + 2e-7) if len(x) > 40 else y

    monkeypatch.setattr(cpu, "linear", broken)
    found = probe(SHAPES, torch.float32)
    assert not found.invariant
    assert "base of 40 → 24 in float32 has other bits" in found.reason


@pytest.mark.parametrize("name", ["shrink", "expand"])
def test_a_segment_that_depends_on_its_rows_is_noticed(monkeypatch, name) -> None:
    """Where only the products into U, or only those into y, are broken."""
    module = import_module("harness.kernels.multi_lora.probe")
    original = module.multiply

    def broken(left: Tensor, right: Tensor, mode: str, onto: Tensor | None) -> Tensor:
        out = original(left, right, mode, onto)
        mine = (onto is not None) == (name == "expand")
        return out * (1 + 2e-7) if left.shape[1] < 40 and mine else out

    monkeypatch.setattr(module, "multiply", broken)
    found = probe(SHAPES, torch.float32)
    assert not found.invariant
    assert found.reason.startswith(name)


def test_large_models_cost_no_more(monkeypatch) -> None:
    """Wide linears are probed in part, and no shape is begun after the work is spent."""
    seen = []
    original = cpu.linear
    monkeypatch.setattr(cpu, "linear", lambda x, w, b: seen.append(w.shape) or original(x, w, b))
    module = import_module("harness.kernels.multi_lora.probe")
    monkeypatch.setattr(module, "WIDEST", 64)
    monkeypatch.setattr(module, "WORK", 1)
    found = probe([(k, 50_000) for k in (30, 40, 5_000)], torch.float32)
    assert found.shapes == 1
    assert set(seen) == {(64, 64)}
