"""The Triton path: which configuration and which grid, from T and static widths alone.

Nothing here reads what lies on the device, so a captured graph replays with other rows.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from . import triton_kernels as kernels
from .batch import LoraBatch
from .plan import Config, Kernel, choose


def triton_shrink(x: Tensor, lora_a: Tensor, batch: LoraBatch) -> Tensor:
    """U [T, width] = scale · x Aᵀ in the caller's order of rows; see :func:`op.shrink`."""
    layout, (t, k) = batch.layout, x.shape
    u = x.new_empty(t, layout.width)
    if not u.numel():
        return u
    batch.check(x, lora_a)
    config = _tiles("shrink", x, batch, layout.width, k)
    tables = (batch.rows.slots, layout.u_owner, layout.u_scale)
    strides = (*x.stride(), *lora_a.stride(), u.stride(0))
    sizes = (t, layout.width, k)
    _launch(kernels.shrink_kernel, config, t, layout.width, x, lora_a, u, *tables, *sizes, *strides)
    return u


def triton_linear_expand(
    x: Tensor, weight: Tensor, u: Tensor, lora_b: Tensor, batch: LoraBatch, bias: Tensor | None
) -> Tensor:
    """Rows [T, K] → [T, N]; see :func:`op.linear_expand`."""
    batch.check(x, weight, lora_b, *([] if bias is None else [bias]))
    (t, k), n, layout = x.shape, len(weight), batch.layout
    config = _choose("linear_expand", x, batch, n, k)
    if config is None:
        y = linear(x, weight, bias)
        triton_expand_(y, u, lora_b, batch)
        return y
    y = x.new_empty(t, n)
    if y.numel():
        tables = (batch.rows.slots, layout.first, layout.owner, layout.source)
        strides = (*x.stride(), *weight.stride(), u.stride(0), *lora_b.stride(), y.stride(0))
        tensors = (x, weight, u, lora_b, bias, y)
        _launch(kernels.linear_expand_kernel, config, t, n, *tensors, *tables, t, n, k, *strides)
    return y


def triton_expand_(y: Tensor, u: Tensor, lora_b: Tensor, batch: LoraBatch) -> None:
    """Add U B to the rows of y, in place; see :func:`op.expand_`."""
    (t, n), layout = y.shape, batch.layout
    if not y.numel() or not lora_b.numel():
        return
    batch.check(y, lora_b)
    config = _tiles("expand", y, batch, n, 0)
    tables = (batch.rows.slots, layout.first, layout.owner, layout.source)
    strides = (*y.stride(), u.stride(0), *lora_b.stride())
    _launch(kernels.expand_kernel, config, t, n, y, u, lora_b, *tables, t, n, *strides)


@cache
def architecture(device: torch.device) -> str:
    """The name of a device's table of configurations: sm_90, gfx942; cpu for the interpreter."""
    if device.type != "cuda":
        return device.type
    if torch.version.hip:
        return str(torch.cuda.get_device_properties(device).gcnArchName.split(":")[0])
    major, minor = torch.cuda.get_device_capability(device)
    return f"sm_{major}{minor}"


def _choose(kernel: Kernel, x: Tensor, batch: LoraBatch, n: int, k: int) -> Config | None:
    return choose(architecture(x.device), kernel, _name(x.dtype), batch.mode, len(x), k, n)


def _tiles(kernel: Kernel, x: Tensor, batch: LoraBatch, n: int, k: int) -> Config:
    config = _choose(kernel, x, batch, n, k)
    assert config is not None, "a table has cublas rows for linear_expand alone"
    return config


def _launch(kernel: Any, config: Config, t: int, n: int, first: Tensor, *rest: Any) -> None:
    """One program per tile of [t, n], on the device of the first tensor."""
    grid = (-(-t // config.block_m) * -(-n // config.block_n),)
    on_gpu = first.device.type == "cuda"
    with torch.cuda.device(first.device) if on_gpu else nullcontext():
        kernel[grid](first, *rest, **config.options)


@cache
def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
