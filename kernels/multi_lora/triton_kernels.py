# ruff: noqa: ANN001, ANN201, ANN202, D403 -- Triton types a kernel's arguments at each launch
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
"""The Triton kernels of the multi-LoRA linear; README.md derives them.

Letters: T rows, K inputs, N outputs. ``slots`` [T] int32 is the only table of rows; those of
columns are ``batch.Layout``'s. Rows and columns are int64 before a stride multiplies them.
"""

import triton
import triton.language as tl

BLOCK_R = tl.constexpr(16)
"""Columns of U in one block, owned by one adapter: ``batch.COLUMN_BLOCK``."""
GROUP = tl.constexpr(8)
"""Row tiles that run side by side, so that they share W in the L2 cache."""


@triton.jit(do_not_specialize=["T", "width"])
def shrink_kernel(
    x, a, u, slots, u_owner, u_scale,
    T, width, K,
    stride_xt, stride_xk, stride_ar, stride_ak, stride_ut,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """U[t, c] = u_scale(c) · Σ_k x[t, k] A[c, k] where slots[t] owns c; else U is not written.

    fp32 accumulator, one rounding. A tile none of whose rows owns one of its columns is left.
    """
    across = tl.cdiv(width, BLOCK_N)
    row = (tl.program_id(0) // across) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = (tl.program_id(0) % across) * BLOCK_N + tl.arange(0, BLOCK_N)
    slot = tl.load(slots + row, mask=row < T, other=-1)
    owner = tl.load(u_owner + column // BLOCK_R, mask=column < width, other=-2)
    mine = slot[:, None] == owner[None, :]
    if tl.max(tl.max(mine.to(tl.int32), axis=1), axis=0) == 0:
        return
    row, column = row.to(tl.int64), column.to(tl.int64)
    acc = _product(
        tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32),
        x, a, row, column, T, width, K, stride_xt, stride_xk, stride_ar, stride_ak, BLOCK_K,
    )  # fmt: skip
    scale = tl.load(u_scale + column // BLOCK_R, mask=column < width, other=0.0)
    acc *= scale[None, :]
    to = u + row[:, None] * stride_ut + column[None, :]
    tl.store(to, acc.to(u.dtype.element_ty), mask=mine)


@triton.jit(do_not_specialize=["T"])
def linear_expand_kernel(
    x, w, u, b, bias, y, slots, first, owner, source,
    T, N, K,
    stride_xt, stride_xk, stride_wn, stride_wk, stride_ut, stride_br, stride_bn, stride_yt,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """y = x Wᵀ + U B + bias with the columns of U that each row's adapter owns.

    One fp32 accumulator, one rounding.
    """
    row, column = _tile(T, N, BLOCK_M, BLOCK_N)
    acc = _product(
        tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32),
        x, w, row, column, T, N, K, stride_xt, stride_xk, stride_wn, stride_wk, BLOCK_K,
    )  # fmt: skip
    slot = tl.load(slots + row, mask=row < T, other=-1)
    acc = _expand(
        acc, u, b, slot, first, owner, source, row, column, N, stride_ut, stride_br, stride_bn
    )
    if bias is not None:
        acc += tl.load(bias + column, mask=column < N, other=0.0).to(tl.float32)[None, :]
    to = y + row[:, None] * stride_yt + column[None, :]
    tl.store(to, acc.to(y.dtype.element_ty), mask=(row < T)[:, None] & (column < N)[None, :])


@triton.jit(do_not_specialize=["T"])
def expand_kernel(
    y, u, b, slots, first, owner, source,
    T, N,
    stride_yt, stride_yn, stride_ut, stride_br, stride_bn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """y += U B in place, summed in fp32 and rounded once; base rows are not touched."""
    row, column = _tile(T, N, BLOCK_M, BLOCK_N)
    slot = tl.load(slots + row, mask=row < T, other=-1)
    if tl.max(slot, axis=0) < 0:
        return
    acc = _expand(
        tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32),
        u, b, slot, first, owner, source, row, column, N, stride_ut, stride_br, stride_bn,
    )  # fmt: skip
    at = y + row[:, None] * stride_yt + column[None, :] * stride_yn
    mask = (slot >= 0)[:, None] & (column < N)[None, :]
    acc += tl.load(at, mask=mask, other=0.0).to(tl.float32)
    tl.store(at, acc.to(y.dtype.element_ty), mask=mask)


@triton.jit
def _tile(T, N, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr):
    """The rows and columns of this program, int64, in groups that share W in the L2 cache."""
    down, across = tl.cdiv(T, BLOCK_M), tl.cdiv(N, BLOCK_N)
    start = tl.program_id(0) // (GROUP * across) * GROUP
    height = tl.minimum(down - start, GROUP)
    place = tl.program_id(0) % (GROUP * across)
    row = (start + place % height).to(tl.int64) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = (place // height).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
    return row, column


@triton.jit
def _product(
    acc, x, w, row, column, T, N, K, stride_xt, stride_xk, stride_wn, stride_wk,
    BLOCK_K: tl.constexpr,
):  # fmt: skip
    """acc + x Wᵀ over all of K, in steps whose number and size never depend on the rows."""
    inner = tl.arange(0, BLOCK_K).to(tl.int64)
    x_at = x + row[:, None] * stride_xt + inner[None, :] * stride_xk
    w_at = w + inner[:, None] * stride_wk + column[None, :] * stride_wn
    x_in, w_in = (row < T)[:, None], (column < N)[None, :]
    for k in range(0, K, BLOCK_K):
        x_tile = tl.load(x_at, mask=x_in & (inner < K - k)[None, :], other=0.0)
        w_tile = tl.load(w_at, mask=w_in & (inner < K - k)[:, None], other=0.0)
        acc = tl.dot(x_tile, w_tile, acc, input_precision="ieee")
        x_at += BLOCK_K * stride_xk
        w_at += BLOCK_K * stride_wk
    return acc


@triton.jit
def _expand(acc, u, b, slot, first, owner, source, row, column, N, stride_ut, stride_br, stride_bn):
    """acc + U B over the blocks between the lowest and the highest adapter of these rows.

    A row takes part in its own blocks alone: elsewhere its u is selected to be 0, whatever lies
    in memory, and an exact zero is added. B is not read for an adapter that has no row here.
    """
    last = tl.max(slot, axis=0)
    lowest = tl.min(tl.where(slot < 0, last, slot), axis=0)
    begin = tl.load(first + lowest, mask=last >= 0, other=0)
    end = tl.load(first + last + 1, mask=last >= 0, other=0)
    inner = tl.arange(0, BLOCK_R).to(tl.int64)
    u_at = u + row[:, None] * stride_ut + inner[None, :]
    b_row = begin.to(tl.int64) * BLOCK_R + inner
    b_at = b + b_row[:, None] * stride_br + column[None, :] * stride_bn
    for block in range(begin, end):
        mine = slot == tl.load(owner + block)
        used = tl.max(mine.to(tl.int32), axis=0) > 0
        start = tl.load(source + block).to(tl.int64) * BLOCK_R
        u_tile = tl.load(u_at + start, mask=mine[:, None], other=0.0)
        b_tile = tl.load(b_at, mask=used & (column < N)[None, :], other=0.0)
        acc = tl.dot(u_tile, b_tile, acc, input_precision="ieee")
        b_at += BLOCK_R * stride_br
    return acc
