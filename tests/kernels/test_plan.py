"""Tables of configurations: which row wins, and which tables are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.kernels.multi_lora import plan

ROW = {
    "kernel": "shrink",
    "dtypes": ["float16"],
    "modes": ["deterministic", "fast"],
    "block_m": 16,
    "block_n": 16,
    "block_k": 32,
    "warps": 4,
    "stages": 2,
}
CUBLAS = {"kernel": "linear_expand", "dtypes": ["float16"], "modes": ["fast"], "cublas": True}


def read(folder: Path, *rows: object) -> tuple[plan.Row, ...]:
    path = folder / "sm_99.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return plan.read(path)


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_75", "cpu"])
@pytest.mark.parametrize("dtype", plan.DTYPES)
@pytest.mark.parametrize("kernel", ["shrink", "linear_expand", "expand"])
def test_deterministic_configurations_do_not_depend_on_the_rows(
    architecture, dtype, kernel
) -> None:
    """One configuration per K, N and dtype, with or without a table."""
    for n, k in ((16, 64), (4096, 4096), (1000, 16384)):
        found = {
            plan.choose(architecture, kernel, dtype, "deterministic", t, k, n)
            for t in (1, 16, 64, 65, 256, 8192, 1_000_000)
        }
        assert len(found) == 1
        assert None not in found


def test_the_first_matching_row_wins(tmp_path: Path, monkeypatch) -> None:
    """By kernel, dtype, mode, T, K and N; then the defaults."""
    small = {**ROW, "modes": ["fast"], "t": [0, 64], "k": [0, 4096], "n": [32, None]}
    read(tmp_path, {**small, "block_m": 32}, ROW, {**CUBLAS, "t": [1024, None]})
    monkeypatch.setattr(plan, "PLANS", tmp_path)

    def block_m(mode, t, k, n, kernel="shrink", dtype="float16") -> int | None:
        config = plan.choose("sm_99", kernel, dtype, mode, t, k, n)
        return config and config.block_m

    assert block_m("fast", 64, 4096, 32) == 32
    assert block_m("fast", 65, 4096, 32) == 16
    assert block_m("fast", 64, 4097, 32) == 16
    assert block_m("fast", 64, 4096, 16) == 16
    assert block_m("deterministic", 64, 4096, 32) == 16
    assert block_m("fast", 1024, 64, 64, "linear_expand") is None
    assert block_m("fast", 1023, 64, 64, "linear_expand") == 64
    assert block_m("fast", 64, 64, 64, dtype="bfloat16") == 64


def test_a_dtype_without_kernels_is_refused() -> None:
    """fp64 has the CPU path."""
    with pytest.raises(ValueError, match="the kernels have no float64, only float32"):
        plan.choose("sm_90", "shrink", "float64", "fast", 1, 1, 1)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "block_q": 16}, "unknown keys block_q"),
        ({**ROW, "kernel": "grad"}, "kernel is 'grad', expected one of shrink"),
        ({**ROW, "dtypes": ["fp16"]}, "dtypes is 'fp16'"),
        ({**ROW, "dtypes": []}, "dtypes is .*expected a list"),
        ({**ROW, "modes": "fast"}, "modes is 'fast', expected a list"),
        ({**ROW, "t": [0, 64]}, "a deterministic row may not depend on t"),
        ({**ROW, "k": [64, 0]}, "k is .*expected .lowest, highest"),
        ({**ROW, "n": 64}, "n is 64"),
        ({**ROW, "block_m": 48}, "block_m is 48, not a power of 2"),
        ({**ROW, "block_n": 8}, "block_n is 8, less than 16"),
        ({**ROW, "warps": 3}, "warps is 3, not a power of 2"),
        ({**ROW, "stages": 0}, "stages is 0, not a positive number"),
        ({**ROW, "stages": "2"}, "stages is '2', not a positive number"),
        ({**ROW, "kernel": "expand"}, "expand has no block_k"),
        ({name: ROW[name] for name in ROW if name != "warps"}, "warps missing"),
        ({**CUBLAS, "modes": ["deterministic"]}, "cublas is for fast mode alone"),
        ({**CUBLAS, "kernel": "shrink"}, "cublas stands for linear_expand alone"),
        ({**CUBLAS, "cublas": False}, "cublas is False, it can only be true"),
        ({**CUBLAS, "stages": 2}, "a cublas row has no stages"),
        ([], "expected an object"),
    ],
)
def test_a_wrong_row_is_refused(tmp_path: Path, row: object, message: str) -> None:
    """The message names the table and the row."""
    with pytest.raises(ValueError, match=rf"sm_99\.json row 1: {message}"):
        read(tmp_path, ROW, row)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    """Broken JSON, and JSON of another kind."""
    path = tmp_path / "sm_99.json"
    for text, message in (("[", "sm_99.json: Expecting value"), ("{}", "expected a list of rows")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            plan.read(path)
