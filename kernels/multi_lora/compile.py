"""The gate for configurations: every row of the tables is compiled ahead of time, without a GPU.

    python -m harness.kernels.multi_lora.compile [table.json ...]

compiles the given tables (sm_90.json is for sm_90) or all committed ones, and exits with 1 where
a kernel would not run well: one that asks for too much shared memory compiles silently and cannot
be launched.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from . import triton_kernels as kernels
from .plan import DEFAULTS, PLANS, Config, Kernel, Row, read

SHARED_LIMITS = {
    "sm_80": 163 * 1024,
    "sm_90": 227 * 1024,
    "sm_100": 227 * 1024,
    "gfx942": 64 * 1024,
}
"""Bytes of shared memory that one block may ask for (CUDA C Programming Guide, technical
specifications per compute capability; AMD CDNA 3 ISA: 64 KiB of LDS)."""
REGISTERS = 255
"""Per thread, on every NVIDIA architecture here."""
HIGH = 64
"""Tiles at least as high are to use the instruction of a whole warp group, where there is one."""
TYPES = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
WITHOUT_ROWS = ("sm_100", "gfx942")
"""Architectures that run the defaults; what fits the smaller of them fits any."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kernel to compile: a configuration for one dtype and one way of being called."""

    where: str
    architecture: str
    kernel: Kernel
    dtype: str
    config: Config
    bias: bool = True
    conv1d: bool = False
    """The weight is stored [K, N], as GPT-2's are."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of it; a number is None where the tools cannot tell."""

    case: Case
    shared: int
    registers: int | None
    stack: int | None
    spills: int | None
    """Instructions that touch local memory (LDL, STL)."""
    mma: str | None
    """The matrix instruction: UTCHMMA (tcgen05), HGMMA (wgmma), HMMA (mma.sync), or FFMA."""
    failures: tuple[str, ...]


def cases(architecture: str, rows: Sequence[Row]) -> Iterator[Case]:
    """Every dtype of every row; the first also without bias and with GPT-2's weight."""
    for row in rows:
        if row.config is None:
            continue
        for dtype in row.dtypes:
            yield Case(row.where, architecture, row.kernel, dtype, row.config)
        if row.kernel == "linear_expand":
            first = (row.where, architecture, row.kernel, row.dtypes[0], row.config)
            yield Case(*first, bias=False)
            yield Case(*first, conv1d=True)


def committed() -> list[Case]:
    """The tables in ``plans/``, the defaults they leave fp32 to, and all of them elsewhere."""
    tables = [(path.stem, read(path)) for path in sorted(PLANS.glob("*.json"))]
    defaults = [next(cases(name, [row])) for name in WITHOUT_ROWS for row in DEFAULTS]
    single = [row for row in DEFAULTS if row.dtypes == ("float32",)]
    fallen = [next(cases(name, [row])) for name, _ in tables for row in single]
    return [*(case for name, rows in tables for case in cases(name, rows)), *fallen, *defaults]


def compile_all(found: Sequence[Case], processes: int = 2) -> list[Compiled]:
    """In the order of ``found``, each compiled in one of a few processes."""
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return list(pool.map(compile_case, found))


def compile_case(case: Case) -> Compiled:
    """Compile one case and judge it."""
    compiled = triton.compile(
        _source(case),
        target=_target(case.architecture),
        options={"num_warps": case.config.warps, "num_stages": case.config.stages},
    )
    shared, cubin = int(compiled.metadata.shared), compiled.asm.get("cubin")
    registers = stack = spills = mma = None
    if cubin is not None:
        registers, stack, spills, mma = _inspect(cubin)
    result = Compiled(case, shared, registers, stack, spills, mma, ())
    return Compiled(case, shared, registers, stack, spills, mma, tuple(_failures(result)))


def _failures(found: Compiled) -> Iterator[str]:
    case, limit = found.case, SHARED_LIMITS[found.case.architecture]
    if found.shared > limit:
        yield f"shared memory {found.shared:,} B, {case.architecture} has {limit:,} B"
    if found.stack or found.spills:
        yield f"spills: {found.stack} B of stack, {found.spills} accesses to local memory"
    if found.registers is not None and found.registers > REGISTERS:
        yield f"{found.registers} registers, a thread has {REGISTERS}"
    wanted = _wanted_mma(case)
    if found.mma is not None and found.mma != wanted:
        yield f"{found.mma} instructions where {wanted} was expected"


def _wanted_mma(case: Case) -> str:
    if case.dtype == "float32":
        return "FFMA"
    if case.config.block_m < HIGH:
        return "HMMA"
    return {"sm_90": "HGMMA", "sm_100": "UTCHMMA"}.get(case.architecture, "HMMA")


def _source(case: Case) -> ASTSource:
    """The kernel as launch.py calls it with contiguous tensors of aligned sizes."""
    kernel = getattr(kernels, f"{case.kernel}_kernel")
    tiles = {key: size for key, size in case.config.options.items() if key.startswith("BLOCK")}
    unit = {"stride_xk", "stride_ak", "stride_bn", "stride_yn"}
    constants: dict[str, int | None] = {**tiles, **dict.fromkeys(unit, 1)}
    constants["stride_wn" if case.conv1d else "stride_wk"] = 1
    if not case.bias:
        constants["bias"] = None
    signature = {}
    for name in kernel.arg_names:
        if name in constants:
            signature[name] = "constexpr"
        elif name in ("x", "w", "a", "u", "b", "y", "bias"):
            signature[name] = f"*{TYPES[case.dtype]}"
        elif name == "u_scale":
            signature[name] = "*fp32"
        elif name in ("slots", "u_owner", "first", "owner", "source"):
            signature[name] = "*i32"
        else:
            signature[name] = "i32"
    aligned = {
        (place,): [["tt.divisibility", 16]]
        for place, name in enumerate(kernel.arg_names)
        if name not in constants and name not in ("T", "width")
    }
    constants = {name: value for name, value in constants.items() if name in signature}
    return ASTSource(kernel, signature, constants, aligned)


def _target(architecture: str) -> GPUTarget:
    if architecture.startswith("sm_"):
        return GPUTarget("cuda", int(architecture.removeprefix("sm_")), 32)
    return GPUTarget("hip", architecture, 64)


def _inspect(cubin: bytes) -> tuple[int, int, int, str]:
    """Registers, stack, accesses to local memory and the matrix instruction of machine code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        usage, code = _tool("cuobjdump", "--dump-resource-usage", path), _tool("nvdisasm", path)
    found = re.search(r"REG:(\d+) STACK:(\d+)", usage)
    if found is None:
        raise RuntimeError(f"cuobjdump names no registers: {usage!r}")
    names = re.findall(r"\b(LDL|STL|UTCHMMA|HGMMA|HMMA)\b", code)
    mma = next((name for name in ("UTCHMMA", "HGMMA", "HMMA") if name in names), "FFMA")
    return int(found[1]), int(found[2]), names.count("LDL") + names.count("STL"), mma


def _tool(name: str, *arguments: str | Path) -> str:
    """What one of the disassemblers in Triton's own wheel prints."""
    command = [_binaries() / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@cache
def _binaries() -> Path:
    return Path(triton.__file__).parent / "backends" / "nvidia" / "bin"


def _line(found: Compiled) -> str:
    case, config = found.case, found.case.config
    sizes = (config.block_m, config.block_n, config.block_k)
    how = [
        "×".join(str(size) for size in sizes if size is not None),
        f"{config.warps} warps",
        f"{config.stages} stages",
        *([] if case.bias else ["no bias"]),
        *(["Conv1D"] if case.conv1d else []),
        f"{found.shared:,} B shared",
        *([] if found.mma is None else [f"{found.registers} registers", found.mma]),
    ]
    kernel = f"{case.architecture} {case.where}: {case.kernel} {case.dtype}"
    return "; ".join([f"{kernel} {', '.join(how)}", *found.failures])


def main(tables: Sequence[str]) -> int:
    """Print one line per case, failures marked; 0 if there are none."""
    paths = [Path(table) for table in tables]
    given = [case for path in paths for case in cases(path.stem, read(path))]
    results = compile_all(given or committed())
    for found in results:
        sys.stdout.write(f"{'FAILED' if found.failures else 'ok'}  {_line(found)}\n")
    return 1 if any(found.failures for found in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
