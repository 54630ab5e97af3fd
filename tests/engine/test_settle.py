"""A BLAS that breaks the promise costs a thread, not the promise."""

from __future__ import annotations

import pytest
import torch

from harness.engine.settle import settle_threads
from harness.kernels.multi_lora import cpu


@pytest.fixture
def model(llama):
    """Any model of linears."""
    return llama.oracle(None)


def test_threads_stay_where_the_promise_is_kept(model, caplog) -> None:
    """Silently."""
    torch.set_num_threads(2)
    settle_threads(model)
    assert torch.get_num_threads() == 2
    assert not caplog.text


def test_a_blas_that_breaks_it_gets_one_thread(model, monkeypatch, caplog) -> None:
    """And the log names the product that varies."""
    linear = cpu.linear

    def varying(x: torch.Tensor, *more: torch.Tensor | None) -> torch.Tensor:
        return linear(x, *more) * (1 + 1e-5 * (len(x) > 64))

    monkeypatch.setattr(cpu, "linear", varying)
    torch.set_num_threads(2)
    settle_threads(model)
    assert torch.get_num_threads() == 1
    assert "one thread: base of" in caplog.text
