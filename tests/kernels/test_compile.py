"""The gate for configurations: what it accepts, and the reasons it gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHRINK = {"kernel": "shrink", "dtypes": ["bfloat16"], "modes": ["fast"]}
LINEAR = {**SHRINK, "kernel": "linear_expand"}


def gate(*tables: Path) -> tuple[int, list[str]]:
    """Exit code and lines; in a process where kernels are compiled, not interpreted."""
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    command = [sys.executable, "-m", "harness.kernels.multi_lora.compile", *map(str, tables)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.torch
def test_every_committed_configuration_runs() -> None:
    """Of both tables, for each dtype; the defaults where there is no table."""
    code, lines = gate()
    assert code == 0, "\n".join(line for line in lines if not line.startswith("ok"))
    for table in ("sm_80 sm_80.json", "sm_90 sm_90.json", "sm_100 defaults", "gfx942 defaults"):
        assert any(f"{table} row" in line and "linear_expand" in line for line in lines)
    wide = [line for line in lines if "sm_90.json" in line and " 128×" in line]
    assert wide
    assert all("HGMMA" in line for line in wide)


@pytest.mark.torch
def test_a_bad_row_is_refused_with_its_reason(tmp_path: Path) -> None:
    """Too much shared memory, spilled registers, half a warp group; the same row whole is good."""
    rows = [
        {**LINEAR, "block_m": 128, "block_n": 256, "block_k": 64, "warps": 8, "stages": 5},
        {**SHRINK, "block_m": 128, "block_n": 256, "block_k": 32, "warps": 4, "stages": 2},
        {**SHRINK, "block_m": 64, "block_n": 32, "block_k": 32, "warps": 2, "stages": 2},
        {**SHRINK, "block_m": 64, "block_n": 32, "block_k": 32, "warps": 4, "stages": 2},
    ]
    table = tmp_path / "sm_90.json"
    table.write_text(json.dumps(rows), encoding="utf-8")
    code, lines = gate(table)
    assert code == 1
    first, second, third, good = (
        next(line for line in lines if f"row {place}:" in line) for place in range(4)
    )
    assert "shared memory 245,760 B, sm_90 has 232,448 B" in first
    assert "spills:" in second
    assert "HMMA instructions where HGMMA was expected" in third
    assert good.startswith("ok")
