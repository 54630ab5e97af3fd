"""The torch engine as the gate starts it, by its name in the registry."""

from __future__ import annotations

import os

import pytest

from harness.engine.protocol import EngineOptions
from harness.registry import ENGINES
from harness.types import Arm, Role

BASE = Arm(Role.BASE, "base", "b", None, "base")


@pytest.mark.parametrize(("stated", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_idle_threads_sleep_unless_told_otherwise(
    llama, monkeypatch: pytest.MonkeyPatch, stated: str | None, expected: str
) -> None:
    """And the engine of that name answers."""
    monkeypatch.setenv("OMP_WAIT_POLICY", stated or "")
    if stated is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    engine = ENGINES.load("torch")(llama.base, [BASE], {"base": None}, EngineOptions())
    assert os.environ["OMP_WAIT_POLICY"] == expected
    (output,) = engine.generate(llama.to_generate([BASE], llama.prompts(1)))
    assert output.error is None
    engine.close()


@pytest.mark.parametrize(
    ("mode", "threads", "stated", "expected"),
    [
        ("deterministic", "2", None, "AUTO,STRICT"),
        ("deterministic", "1", "COMPATIBLE", "COMPATIBLE"),
        ("deterministic", "3", None, None),
        ("fast", "2", None, None),
    ],
)
def test_bits_do_not_depend_on_memory_in_deterministic_mode(
    llama, monkeypatch: pytest.MonkeyPatch, mode, threads, stated, expected
) -> None:
    """MKL reads it when it is first called; what the user says counts."""
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setenv("MKL_CBWR", stated or "")
    if stated is None:
        monkeypatch.delenv("MKL_CBWR")
    ENGINES.load("torch")(llama.base, [BASE], {"base": None}, EngineOptions(mode=mode)).close()
    assert os.environ.get("MKL_CBWR") == expected
