"""The public calls, for any device: the fused linear, and its two halves for who shares one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .batch import Layout, LoraBatch, Rows, adapter_dtype
from .cpu import cpu_backward, cpu_expand_, cpu_linear_expand, cpu_shrink, u_width


def fused_lora(
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    batch: LoraBatch,
    bias: Tensor | None = None,
) -> Tensor:
    """Compute y = x Wᵀ + bias + s_a · (x A_aᵀ) B_a with the adapter ``a`` of each row.

    Shapes: x [..., K] with T = product of the leading dimensions, weight [N, K], lora_a [R, K],
    lora_b [R, N] (see ``pack_adapters``; on the CPU in fp32 under a 16-bit base), bias [N];
    returns [..., N] in x's dtype. On the CPU
    x, lora_a and lora_b have gradients; weight and bias are frozen. Raises ValueError where
    ``batch`` was built for another number of rows or another device, and for a weight or bias
    that asks for a gradient.
    """
    _check_frozen(weight, bias)
    learns = torch.is_grad_enabled() and any(t.requires_grad for t in (x, lora_a, lora_b))
    if not learns and not torch.compiler.is_compiling():
        return linear_expand(x, weight, shrink(x, lora_a, batch), lora_b, batch, bias)
    if learns and x.device.type != "cpu":
        raise ValueError("gradients of the fused linear: Triton's backward comes with training")
    rows = x.reshape(-1, x.shape[-1])
    _check(batch, rows, (lora_a, lora_b), weight)
    y, _ = _fused(rows, weight, lora_a, lora_b, bias, *_flat(batch))
    shaped: Tensor = y.reshape(*x.shape[:-1], len(weight))
    return shaped


def shrink(x: Tensor, lora_a: Tensor, batch: LoraBatch) -> Tensor:
    """U: each row's x Aᵀ in columns of its adapter; the rest means nothing.

    Its shape, its order of rows and whether it is scaled already are the path's own matter: U is
    handed to ``linear_expand`` or ``expand_`` of the same batch and is good for nothing else.
    """
    rows = x.reshape(-1, x.shape[-1])
    _check(batch, rows, (lora_a,))
    if rows.device.type == "cpu":
        return cpu_shrink(rows, lora_a, batch)
    from .launch import triton_shrink

    return triton_shrink(rows, lora_a, batch)


def linear_expand(
    x: Tensor,
    weight: Tensor,
    u: Tensor,
    lora_b: Tensor,
    batch: LoraBatch,
    bias: Tensor | None = None,
) -> Tensor:
    """Compute x Wᵀ + bias + what U stands for, [..., N]; shapes as in ``fused_lora``."""
    rows = x.reshape(-1, x.shape[-1])
    _check(batch, rows, (lora_b,), weight)
    if rows.device.type == "cpu":
        y = cpu_linear_expand(rows, weight, u, lora_b, batch, bias)
    else:
        from .launch import triton_linear_expand

        y = triton_linear_expand(rows, weight, u, lora_b, batch, bias)
    return y.reshape(*x.shape[:-1], len(weight))


def expand_(y: Tensor, u: Tensor, lora_b: Tensor, batch: LoraBatch) -> None:
    """Add to y [..., N] in place what U stands for: for bases whose weight cannot be read."""
    rows = y.view(-1, y.shape[-1])
    _check(batch, rows, (lora_b,))
    if rows.device.type == "cpu":
        cpu_expand_(rows, u, lora_b, batch)
        return
    from .launch import triton_expand_

    triton_expand_(rows, u, lora_b, batch)


def _check(batch: LoraBatch, rows: Tensor, adapters: tuple[Tensor, ...], *weights: Tensor) -> None:
    batch.check(rows, *weights)
    expected = adapter_dtype(rows)
    for each in adapters:
        if each.dtype != expected:
            raise ValueError(
                f"inputs in {rows.dtype} on {rows.device.type} go with adapters in {expected},"
                f" these are in {each.dtype}; pack_adapters makes them so"
            )


def _check_frozen(weight: Tensor, bias: Tensor | None) -> None:
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (weight, bias)):
        raise ValueError("the base is frozen: weight and bias have no gradient here")


# The schema of a custom op knows tensors and lists of numbers: a batch travels as such.


@torch.library.custom_op("loragate::fused_lora", mutates_args=(), device_types=("cpu", "cuda"))
def _fused(
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    bias: Tensor | None,
    slots: Tensor,
    segments: Tensor | None,
    order: Tensor | None,
    tables: list[Tensor],
    columns: list[int],
    offsets: list[int],
    shrunk: list[int],
    scales: list[float],
    mode: str,
) -> tuple[Tensor, Tensor]:
    """Compute y [T, N] and U of rows [T, K]."""
    batch = _batch(slots, segments, order, tables, columns, offsets, shrunk, scales, mode)
    u = shrink(x, lora_a, batch)
    return linear_expand(x, weight, u, lora_b, batch, bias), u


@_fused.register_fake
def _(
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    bias: Tensor | None,
    slots: Tensor,
    segments: Tensor | None,
    order: Tensor | None,
    tables: list[Tensor],
    columns: list[int],
    offsets: list[int],
    shrunk: list[int],
    *_rest: Any,
) -> tuple[Tensor, Tensor]:
    width = u_width(_pairs(shrunk)) if x.device.type == "cpu" else len(lora_a)
    return x.new_empty(len(x), len(weight)), lora_a.new_empty(len(x), width)


@torch.library.custom_op("loragate::fused_lora_backward", mutates_args=(), device_types="cpu")
def _fused_backward(
    dy: Tensor,
    x: Tensor,
    weight: Tensor,
    lora_a: Tensor,
    lora_b: Tensor,
    u: Tensor,
    slots: Tensor,
    segments: Tensor | None,
    order: Tensor | None,
    tables: list[Tensor],
    columns: list[int],
    offsets: list[int],
    shrunk: list[int],
    scales: list[float],
    mode: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x, lora_a and lora_b."""
    batch = _batch(slots, segments, order, tables, columns, offsets, shrunk, scales, mode)
    return cpu_backward(dy, x, weight, lora_a, lora_b, u, batch)


@_fused_backward.register_fake
def _(
    dy: Tensor, x: Tensor, weight: Tensor, lora_a: Tensor, lora_b: Tensor, *_rest: Any
) -> tuple[Tensor, Tensor, Tensor]:
    return x.new_empty(x.shape), torch.empty_like(lora_a), torch.empty_like(lora_b)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, weight, lora_a, lora_b, _, slots, segments, order, tables, *ctx.rest = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(x, weight, lora_a, lora_b, output[1], slots, segments, order, *tables)


def _backward(ctx: Any, dy: Tensor, _du: Tensor) -> tuple[Any, ...]:
    if dy.device.type != "cpu":
        raise ValueError("gradients of the fused linear are on the CPU only")
    x, weight, lora_a, lora_b, u, slots, segments, order, *tables = ctx.saved_tensors
    saved = (dy.contiguous(), x, weight, lora_a, lora_b, u, slots, segments, order, tables)
    dx, da, db = _fused_backward(*saved, *ctx.rest)
    return dx, None, da, db, *[None] * 4, [None] * len(tables), *[None] * 5


_fused.register_autograd(_backward, setup_context=_keep)


def _flat(batch: LoraBatch) -> tuple[Any, ...]:
    rows, layout = batch.rows, batch.layout
    tables = [layout.u_owner, layout.u_scale, layout.first, layout.owner, layout.source]
    pairs = ([end for pair in part for end in pair] for part in (layout.columns, layout.shrunk))
    columns, shrunk = pairs
    lists = (columns, list(layout.offsets), shrunk, list(layout.scales))
    return rows.slots, rows.table, rows.order, tables, *lists, batch.mode


def _batch(
    slots: Tensor,
    segments: Tensor | None,
    order: Tensor | None,
    tables: list[Tensor],
    columns: list[int],
    offsets: list[int],
    shrunk: list[int],
    scales: list[float],
    mode: Any,
) -> LoraBatch:
    rows = Rows(slots, segments, order)
    layout = Layout(_pairs(columns), tuple(scales), tuple(offsets), _pairs(shrunk), *tables)
    return LoraBatch(rows, layout, mode)


def _pairs(flat: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))
