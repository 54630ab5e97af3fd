"""Which tile sizes a kernel runs with: one table per architecture, the first matching row wins.

There is no autotuning: it would change bits, break graph capture and compile per key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from .batch import Mode

Kernel = Literal["shrink", "linear_expand", "expand"]
DTYPES = ("float32", "float16", "bfloat16")
NARROWEST = 16
"""The smallest side of a tile of ``tl.dot``."""
PLANS = Path(__file__).with_name("plans")


@dataclass(frozen=True, slots=True)
class Config:
    """How one kernel is compiled."""

    block_m: int
    block_n: int
    block_k: int | None
    """None for expand, which has no K loop."""
    warps: int
    stages: int

    @property
    def options(self) -> dict[str, int]:
        """The keyword arguments of a launch."""
        tiles = {"BLOCK_M": self.block_m, "BLOCK_N": self.block_n}
        if self.block_k is not None:
            tiles["BLOCK_K"] = self.block_k
        return {**tiles, "num_warps": self.warps, "num_stages": self.stages}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: where it applies, and the configuration there."""

    where: str
    """The table and the row's place in it, for messages."""
    kernel: Kernel
    dtypes: tuple[str, ...]
    modes: tuple[Mode, ...]
    config: Config | None
    """None is a "cublas" row: the library's GEMM, then expand in place."""
    t: tuple[int, int | None] = (0, None)
    """Both ends included; None leaves it open. Likewise for K and N."""
    k: tuple[int, int | None] = (0, None)
    n: tuple[int, int | None] = (0, None)

    def matches(self, kernel: Kernel, dtype: str, mode: Mode, t: int, k: int, n: int) -> bool:
        """Whether the row applies to a call of these sizes."""
        return (
            kernel == self.kernel
            and dtype in self.dtypes
            and mode in self.modes
            and _inside(t, self.t)
            and _inside(k, self.k)
            and _inside(n, self.n)
        )


@lru_cache(maxsize=4096)
def choose(
    architecture: str, kernel: Kernel, dtype: str, mode: Mode, t: int, k: int, n: int
) -> Config | None:
    """The configuration of the first row that matches; None says "cublas".

    ``dtype`` as in DTYPES; N is the width of U for shrink, and K is 0 for expand. Raises
    ValueError for a dtype that the kernels do not have.
    """
    for row in (*table(architecture), *DEFAULTS):
        if row.matches(kernel, dtype, mode, t, k, n):
            return row.config
    raise ValueError(f"the kernels have no {dtype}, only {', '.join(DTYPES)}")


@lru_cache
def table(architecture: str) -> tuple[Row, ...]:
    """The rows of ``plans/<architecture>.json``; none where there is no such file."""
    path = PLANS / f"{architecture}.json"
    return read(path) if path.is_file() else ()


def read(path: Path) -> tuple[Row, ...]:
    """The rows of a table. Raises ValueError that names the file and the row."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path.name}: expected a list of rows")
    return tuple(_row(f"{path.name} row {place}", entry) for place, entry in enumerate(entries))


_SIZES = tuple(field.name for field in fields(Config))
_RANGES = ("t", "k", "n")


def _row(where: str, entry: object) -> Row:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: expected an object")
    known = {"kernel", "dtypes", "modes", "cublas", *_RANGES, *_SIZES}
    if unknown := sorted(set(entry) - known):
        raise ValueError(f"{where}: unknown keys {', '.join(unknown)}")
    row = Row(
        where=where,
        kernel=_one_of(where, "kernel", entry.get("kernel"), get_args(Kernel)),
        dtypes=_some_of(where, "dtypes", entry.get("dtypes"), DTYPES),
        modes=_some_of(where, "modes", entry.get("modes"), get_args(Mode)),
        config=None if "cublas" in entry else _config(where, entry),
        **{name: _range(where, name, entry[name]) for name in _RANGES if name in entry},
    )
    if "deterministic" in row.modes and row.t != (0, None):
        raise ValueError(f"{where}: a deterministic row may not depend on t")
    if "cublas" in entry:
        _check_cublas(row, entry)
    return row


def _config(where: str, entry: Mapping[str, Any]) -> Config:
    wanted = [name for name in _SIZES if name != "block_k" or entry["kernel"] != "expand"]
    if missing := [name for name in wanted if name not in entry]:
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    if "block_k" in entry and "block_k" not in wanted:
        raise ValueError(f"{where}: expand has no block_k")
    for name in wanted:
        value = entry[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{where}: {name} is {value!r}, not a positive number")
        if name != "stages" and value & (value - 1):
            raise ValueError(f"{where}: {name} is {value}, not a power of 2")
        if name.startswith("block") and value < NARROWEST:
            raise ValueError(f"{where}: {name} is {value}, less than {NARROWEST}")
    return Config(**{"block_k": None, **{name: entry[name] for name in wanted}})


def _check_cublas(row: Row, entry: Mapping[str, Any]) -> None:
    if entry["cublas"] is not True:
        raise ValueError(f"{row.where}: cublas is {entry['cublas']!r}, it can only be true")
    if row.modes != ("fast",):
        raise ValueError(f"{row.where}: cublas is for fast mode alone: its bits depend on t")
    if row.kernel != "linear_expand":
        raise ValueError(f"{row.where}: cublas stands for linear_expand alone")
    if extra := [name for name in _SIZES if name in entry]:
        raise ValueError(f"{row.where}: a cublas row has no {', '.join(extra)}")


def _one_of(where: str, name: str, value: object, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{where}: {name} is {value!r}, expected one of {', '.join(allowed)}")
    return value


def _some_of(where: str, name: str, value: object, allowed: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{where}: {name} is {value!r}, expected a list")
    return tuple(_one_of(where, name, one, allowed) for one in value)


def _range(where: str, name: str, value: object) -> tuple[int, int | None]:
    match value:
        case [int(low), int(high)] if 0 <= low <= high:
            return low, high
        case [int(low), None] if low >= 0:
            return low, None
    raise ValueError(f"{where}: {name} is {value!r}, expected [lowest, highest] or [lowest, null]")


def _inside(value: int, limits: tuple[int, int | None]) -> bool:
    low, high = limits
    return low <= value and (high is None or value <= high)


_BOTH: tuple[Mode, ...] = ("deterministic", "fast")
_HALVES = ("float16", "bfloat16")
DEFAULTS = (
    Row("defaults row 0", "shrink", _HALVES, _BOTH, Config(64, 64, 64, warps=4, stages=3)),
    Row("defaults row 1", "linear_expand", _HALVES, _BOTH, Config(64, 64, 64, warps=4, stages=3)),
    Row("defaults row 2", "shrink", ("float32",), _BOTH, Config(64, 32, 32, warps=4, stages=3)),
    Row(
        "defaults row 3",
        "linear_expand",
        ("float32",),
        _BOTH,
        Config(64, 64, 32, warps=4, stages=3),
    ),
    Row("defaults row 4", "expand", _HALVES, _BOTH, Config(64, 64, None, warps=4, stages=2)),
    Row("defaults row 5", "expand", ("float32",), _BOTH, Config(64, 32, None, warps=4, stages=2)),
)
"""For every architecture without a row of its own: small enough for any GPU."""
