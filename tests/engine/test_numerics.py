"""The numerics class says what torch will do, without asking it."""

from __future__ import annotations

import pytest
import torch
import transformers

from harness.engine.numerics import numerics_class, threads
from harness.engine.protocol import EngineOptions


@pytest.mark.parametrize(("stated", "expected"), [("1", 1), ("3", 3), ("2,1", 2)])
def test_threads_follow_openmp(monkeypatch: pytest.MonkeyPatch, stated: str, expected: int) -> None:
    """The first number of OMP_NUM_THREADS."""
    monkeypatch.setenv("OMP_NUM_THREADS", stated)
    assert threads() == expected


@pytest.mark.parametrize("stated", ["", "0", "many"])
def test_without_a_number_the_cpus_of_this_process_count(
    monkeypatch: pytest.MonkeyPatch, stated: str
) -> None:
    """At least one."""
    monkeypatch.setenv("OMP_NUM_THREADS", stated)
    assert threads() >= 1


def test_the_engine_computes_with_exactly_those(llama, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the class would lie."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    llama.engine()
    assert torch.get_num_threads() == 2
    assert "threads=2" in numerics_class(EngineOptions())


def test_versions_are_those_that_run() -> None:
    """Minor versions: a patch release keeps the store."""
    text = numerics_class(EngineOptions())
    for module in (torch, transformers):
        minor = ".".join(module.__version__.split("+")[0].split(".")[:2])
        assert f"{module.__name__}={minor} " in f"{text} "


def test_executor_and_options_are_classes_of_their_own() -> None:
    """An output of peft is never taken for one of the shared batch."""
    texts = {
        numerics_class(EngineOptions()),
        numerics_class(EngineOptions(), "peft"),
        numerics_class(EngineOptions(dtype="bfloat16")),
        numerics_class(EngineOptions(mode="fast")),
        numerics_class(EngineOptions(batching="continuous")),
        numerics_class(EngineOptions(device="cuda")),
    }
    assert len(texts) == 6


def test_memory_settings_are_not() -> None:
    """Another batch budget finds the outputs of the first."""
    assert numerics_class(EngineOptions(batch_tokens=1)) == numerics_class(EngineOptions())
