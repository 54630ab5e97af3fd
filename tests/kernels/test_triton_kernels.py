"""The Triton kernels against fp64 and PEFT, and what must not change a bit.

On a machine with a GPU these run there, in bfloat16 too; elsewhere in Triton's interpreter, which
shows the logic and no races.
"""

from __future__ import annotations

import importlib.util
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from triton.runtime.interpreter import GridExecutor

from harness.kernels.multi_lora import (
    LoraBatch,
    Mode,
    Packed,
    Rows,
    launch,
    plan,
    share_shrink,
)

from . import reference
from .reference import BOUNDS, assert_same_bits, error

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")
DTYPES = [torch.float32, torch.float16, *([torch.bfloat16] if CUDA else [])]
MAP_NORESERVE = 0x4000
"""Linux's; Python names it from 3.13 on."""
on_gpu = pytest.mark.skipif(not CUDA, reason="NOT MEASURED: needs a CUDA device")
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype)[6:])


class Linear(reference.Linear):
    """On the device of these tests, and computed by the kernels."""

    @classmethod
    def random(cls, *args, **kwargs) -> Linear:
        made = super().random(*args, **kwargs)
        adapters = [
            adapter and (adapter[0].to(DEVICE), adapter[1].to(DEVICE), adapter[2])
            for adapter in made.adapters
        ]
        return cls(made.weight.to(DEVICE), made.bias.to(DEVICE), adapters)

    @property
    def packed(self) -> Packed:
        """In the dtype of the base, as a GPU has them: the interpreter's tensors are the CPU's."""
        made, dtype = super().packed, self.weight.dtype
        return replace(made, lora_a=made.lora_a.to(dtype), lora_b=made.lora_b.to(dtype))

    def __call__(self, x: Tensor, index: Sequence[int], mode: Mode = "deterministic") -> Tensor:
        return fused(self, self.packed, x, index, mode)


def fused(
    linear: Linear, packed: Packed, x: Tensor, index: Sequence[int], mode: Mode = "deterministic"
) -> Tensor:
    batch = LoraBatch.build(index, packed.layout, mode=mode)
    u = launch.triton_shrink(x, packed.lora_a, batch)
    return launch.triton_linear_expand(x, linear.weight, u, packed.lora_b, batch, linear.bias)


def rows(*args, **kwargs) -> Tensor:
    """Random inputs [T, K]."""
    return reference.rows(*args, **kwargs).to(DEVICE)


def assert_close(actual: Tensor, expected: Tensor) -> None:
    """Within the dtype's bound, each row and all together; no row is lost or NaN."""
    assert error(actual, expected) <= BOUNDS[actual.dtype]


@pytest.fixture(autouse=True)
def _poisoned_scratch(monkeypatch) -> None:
    """Whatever a kernel does not write is NaN."""
    original = torch.Tensor.new_empty

    def poisoned(*args, **kwargs) -> Tensor:
        fresh = original(*args, **kwargs)
        return fresh.fill_(torch.nan) if fresh.is_floating_point() else fresh

    monkeypatch.setattr(torch.Tensor, "new_empty", poisoned)


ranks_of_four = st.lists(
    st.sampled_from([None, 1, 3, 8, 16, 17, 24, 64, 128, 256]), min_size=4, max_size=4
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    index=st.lists(st.integers(-1, 3), max_size=70),
    ranks=ranks_of_four,
    n=st.sampled_from([1, 7, 64, 65]),
    k=st.sampled_from([1, 5, 32, 33, 100]),
    dtype=st.sampled_from(DTYPES),
    with_bias=st.booleans(),
    conv1d=st.booleans(),
    view=st.sampled_from(["contiguous", "offset", "transposed"]),
    shuffled=st.booleans(),
)
def test_it_is_the_formula(index, ranks, n, k, dtype, with_bias, conv1d, view, shuffled) -> None:
    """Any ranks, shapes, strides and order of rows; adapters without a row are NaN throughout."""
    index = index if shuffled else sorted(index)
    linear, x = Linear.random(ranks, n, k, dtype), rows(len(index), k, dtype)
    if not with_bias:
        linear = replace(linear, bias=None)
    if conv1d:
        linear = replace(linear, weight=linear.weight.T.contiguous().T)
    packed = linear.packed
    for slot, (lo, hi) in enumerate(packed.layout.columns):
        if slot not in index:
            packed.lora_a[lo:hi], packed.lora_b[lo:hi] = torch.nan, torch.nan
    if view == "offset":
        wide = x.new_zeros(len(x) + 1, k + 5)
        wide[1:, 3 : 3 + k] = x
        x = wide[1:, 3 : 3 + k]
    elif view == "transposed":
        x = x.T.contiguous().T
    gap = fused(linear, packed, x, index).double() - linear.exact(x, index)
    # Against the sum of absolute terms: with few outputs the terms may cancel to almost nothing.
    terms = replace(
        linear,
        weight=linear.weight.abs(),
        bias=None if linear.bias is None else linear.bias.abs(),
        adapters=[part and (part[0].abs(), part[1].abs(), part[2]) for part in linear.adapters],
    ).exact(x.abs(), index)
    assert bool((gap.norm(dim=-1) <= BOUNDS[dtype] * terms.norm(dim=-1)).all())


class OneLinear(nn.Module):
    """A model of one linear, for PEFT to put adapters on."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.proj = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        self.proj.weight = nn.Parameter(weight)
        self.proj.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


@torch.inference_mode()
def peft_mixed_batch(linear: Linear, x: Tensor, index: Sequence[int]) -> Tensor:
    """PEFT's own forward of a batch of mixed adapters, unmodified."""
    from peft import LoraConfig, PeftModel

    model = None
    for slot, adapter in enumerate(linear.adapters):
        a, b, scale = adapter
        config = LoraConfig(r=len(a), lora_alpha=scale * len(a), target_modules=["proj"])
        if model is None:
            base = OneLinear(linear.weight.clone(), linear.bias).eval()
            model = PeftModel(base, config, adapter_name="0", autocast_adapter_dtype=False)
        else:
            model.add_adapter(str(slot), config, autocast_adapter_dtype=False)
        proj = model.base_model.model.proj
        proj.lora_A[str(slot)].weight.copy_(a)
        proj.lora_B[str(slot)].weight.copy_(b)
    names = ["__base__" if slot < 0 else str(slot) for slot in index]
    return model.eval()(x, adapter_names=names)


@dtypes
def test_peft_is_the_oracle(dtype: torch.dtype) -> None:
    """Equal to PEFT's mixed batch within rounding, and no further from fp64 than PEFT is."""
    linear = Linear.random([4, 24, 8, 128], 96, 320, dtype)
    index = sorted([-1, 0, 1, 2, 3] * 9)
    x = rows(len(index), 320, dtype)
    theirs, ours, exact = (
        peft_mixed_batch(linear, x, index),
        linear(x, index),
        linear.exact(x, index),
    )
    assert_close(ours, exact)
    assert_close(theirs, exact)
    error = [float((y.double() - exact).norm() / exact.norm()) for y in (ours, theirs)]
    assert error[0] <= 1.05 * error[1]
    assert not torch.allclose(theirs[9:], ours[9:].roll(9, 0), atol=0.1)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 63, 64, 65, 127, 128, 129])
@pytest.mark.parametrize("dtype", DTYPES[1:], ids=lambda dtype: str(dtype)[6:])
def test_other_arms_change_no_bit(count: int, dtype: torch.dtype) -> None:
    """Of base rows and of an adapter's rows, whoever else is in the batch, in any slot."""
    check_other_arms(count, dtype)


def check_other_arms(count: int, dtype: torch.dtype = torch.float32) -> None:
    linear = Linear.random([4, 24, 16], dtype=dtype)
    moved = replace(linear, adapters=[linear.adapters[2], None, linear.adapters[1]])
    moved.adapters[2] = (*moved.adapters[2][:2], linear.adapters[1][2])
    x, others = rows(count, dtype=dtype), rows(21, dtype=dtype, seed=5)
    arm, base = linear(x, [1] * count), linear(x, [-1] * count)
    assert_same_bits(moved(x, [2] * count), arm)
    mixed = linear(torch.cat([others, x]), [-1] * 5 + [0] * 16 + [1] * count)
    assert_same_bits(mixed[21:], arm)
    mixed = linear(torch.cat([x, others]), [-1] * count + [0] * 4 + [2] * 17)
    assert_same_bits(mixed[:count], base)
    if count % 2:
        shuffled = torch.cat([others[:9], x, others[9:]])
        mixed = linear(shuffled, [2] * 9 + [1] * count + [-1, 0] * 6)
        assert_same_bits(mixed[9 : 9 + count], arm)


@pytest.mark.parametrize("nothing", ["b", "scale", "rank", "absent", "no adapters"])
def test_an_adapter_of_nothing_is_the_base(nothing: str) -> None:
    """B = 0, scale 0, rank 0 and no part in this linear: the base's bits."""
    linear, x = Linear.random([8, 20]), rows(40)
    a, b, scale = linear.adapters[0]
    nil = {
        "b": (a, b * 0, scale),
        "scale": (a, b, 0.0),
        "rank": (a[:0], b[:, :0], scale),
        "absent": None,
        "no adapters": None,
    }[nothing]
    index = [-1] * 9 + [0] * 20 + [1] * 11
    if nothing == "no adapters":
        linear, index = replace(linear, adapters=[]), [-1] * 40
    base = linear(x, [-1] * 40)
    if nothing != "no adapters":
        linear = replace(linear, adapters=[nil, linear.adapters[1]])
    assert_same_bits(linear(x, index)[:29], base[:29])


@dtypes
def test_rows_move_with_their_bits(dtype: torch.dtype) -> None:
    """Any order of rows gives the same rows."""
    linear, x, index = Linear.random([4, 24], dtype=dtype), rows(60, dtype=dtype), [-1, 0, 1] * 20
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    moved = linear(x[order.to(DEVICE)], [index[row] for row in order])
    assert_same_bits(moved, linear(x, index)[order.to(DEVICE)])
    assert_close(moved, linear.exact(x, index)[order.to(DEVICE)])


@pytest.mark.parametrize("rank", [16, 17, 24, 40])
def test_a_longer_rank_of_zeros_changes_no_bit(rank: int) -> None:
    """8 → 16 → 24, with another adapter behind it that moves."""
    linear, x, index = Linear.random([8, 5]), rows(37), [-1] * 5 + [0] * 17 + [1] * 15
    a, b, scale = linear.adapters[0]
    longer = (a.new_zeros(rank, a.shape[1]), b.new_zeros(len(b), rank), scale)
    longer[0][:8], longer[1][:, :8] = a, b
    extended = replace(linear, adapters=[longer, linear.adapters[1]])
    assert_same_bits(extended(x, index), linear(x, index))


@dtypes
def test_powers_of_two_move_between_b_and_the_scale(dtype: torch.dtype) -> None:
    """B · 2³ and scale · 2⁻³: the same bits."""
    linear, x, index = (
        Linear.random([8, 24], dtype=dtype),
        rows(37, dtype=dtype),
        [0] * 20 + [1] * 17,
    )
    scaled = replace(linear, adapters=[(a, b * 8, s / 8) for a, b, s in linear.adapters])
    assert_same_bits(scaled(x, index), linear(x, index))


@pytest.mark.parametrize("place", [0, 16, 19])
def test_one_row_of_a_changes_its_adapter_alone(place: int) -> None:
    """By the predicted amount: the first column, the first of another block, the last."""
    check_one_row(place)


def check_one_row(place: int) -> None:
    """The last adapter, row and column are in it."""
    linear, x, index = Linear.random([8, 20], 65, 33), rows(65, 33), [-1] * 20 + [0] * 20 + [1] * 25
    a, b, scale = linear.adapters[1]
    bump = torch.zeros_like(a)
    bump[place] = 1.0
    bumped = replace(linear, adapters=[linear.adapters[0], (a + bump, b, scale)])
    before, after = linear(x, index), bumped(x, index)
    assert_same_bits(after[:40], before[:40])
    predicted = scale * x[40:].double().sum(1, keepdim=True) * b[:, place].double()
    moved = after[40:].double() - before[40:].double()
    assert float((moved - predicted).norm() / predicted.norm()) < 1e-5
    assert float(moved[-1, -1].abs()) > 0


@dtypes
def test_long_sums_stay_within_the_bound(dtype: torch.dtype, monkeypatch) -> None:
    """K = 16,384; the interpreter takes long steps, for time."""
    if not CUDA:
        long = plan.Config(64, 32, 512, warps=4, stages=3)
        monkeypatch.setattr(launch, "choose", lambda *key: long)
    linear, x = Linear.random([8, 24], 33, 16384, dtype), rows(35, 16384, dtype)
    index = [-1] * 5 + [0] * 15 + [1] * 15
    assert_close(linear(x, index), linear.exact(x, index))


@pytest.mark.parametrize("mode", ["deterministic", "fast"])
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("count", [9, 130])
@pytest.mark.parametrize("dtype", DTYPES[1:], ids=lambda dtype: str(dtype)[6:])
def test_the_tiles_of_each_table_are_right(monkeypatch, mode, architecture, count, dtype) -> None:
    """The committed configurations, not only the defaults."""
    if CUDA:
        pytest.skip("NOT MEASURED: a GPU runs its own table in all other tests")
    monkeypatch.setattr(launch, "architecture", lambda device: architecture)
    linear = Linear.random([8, 40, 3], 300, 130, dtype)
    index = sorted(row % 4 - 1 for row in range(count))
    x = rows(count, 130, dtype)
    assert_close(linear(x, index, mode), linear.exact(x, index))


def test_a_cublas_row_runs_the_library_and_expands_in_place(monkeypatch, launches) -> None:
    """In fast mode alone."""
    rows_ = plan.table("sm_90")
    assert any(row.config is None for row in rows_)
    monkeypatch.setattr(launch, "architecture", lambda device: "sm_90")
    linear, x, index = Linear.random([8, 24]), rows(37), [-1] * 5 + [0] * 17 + [1] * 15
    assert_close(linear(x, index, "fast"), linear.exact(x, index))
    assert launches == ["shrink_kernel", "expand_kernel"]


@dtypes
@pytest.mark.parametrize("transposed", [False, True])
def test_expand_adds_in_place(dtype: torch.dtype, transposed: bool) -> None:
    """One rounding on top of the base's output; base rows keep every bit, −0.0 and NaN too."""
    linear, x = Linear.random([8, 24, 3], 70, dtype=dtype), rows(67, dtype=dtype)
    index, packed = [1] * 20 + [-1] * 17 + [0, 2] * 15, linear.packed
    batch = LoraBatch.build(index, packed.layout)
    y = nn.functional.linear(x, linear.weight, linear.bias)
    y[20], y[21] = -0.0, torch.nan
    if transposed:
        y = y.T.contiguous().T
    before = y.clone()
    u = launch.triton_shrink(x, packed.lora_a, batch)
    launch.triton_expand_(y, u, packed.lora_b, batch)
    as_bits = {4: torch.int32, 2: torch.int16}[dtype.itemsize]
    assert torch.equal(
        y[20:37].contiguous().view(as_bits), before[20:37].contiguous().view(as_bits)
    )
    touched = [*range(20), *range(37, 67)]
    expected = linear.exact(x, index)
    assert error(y[touched], expected[touched]) <= 2 * BOUNDS[dtype]


@pytest.mark.parametrize("index", [[], [0], [-1]], ids=["no rows", "one row", "one base row"])
def test_few_rows(index: list[int], launches) -> None:
    """No rows launch nothing."""
    linear, x = Linear.random([8, 24]), rows(len(index))
    y = linear(x, index)
    assert_close(y, linear.exact(x, index))
    assert len(launches) == (2 if index else 0)


def test_launches_per_linear(launches) -> None:
    """Two with adapters, whoever has rows; one for a linear that no adapter changes."""
    x = rows(20)
    Linear.random([8, 24])(x, [0] * 10 + [1] * 10)
    Linear.random([8, 24])(x, [-1] * 20)
    assert launches == ["shrink_kernel", "linear_expand_kernel"] * 2
    launches.clear()
    Linear.random([None, None])(x, [-1] * 10 + [0] * 10)
    assert launches == ["linear_expand_kernel"]


@dtypes
def test_linears_of_one_input_share_a_shrink(dtype: torch.dtype, launches) -> None:
    """q, k, v with ranks and scales of their own: one shrink, three expands, no bit changed."""
    ranks = ([8, 24, None, 3], [8, 5, 40, None], [None, 24, 16, 8])
    sizes = (65, 20, 33)
    linears = [Linear.random(r, n, dtype=dtype, seed=n) for r, n in zip(ranks, sizes, strict=True)]
    index = sorted(row % 5 - 1 for row in range(50))
    x, alone = rows(50, dtype=dtype), []
    for linear in linears:
        alone.append(linear(x, index))
    launches.clear()
    shared = share_shrink([linear.packed for linear in linears])
    u = launch.triton_shrink(x, shared[0].lora_a, LoraBatch.build(index, shared[0].layout))
    for linear, packed, expected in zip(linears, shared, alone, strict=True):
        batch = LoraBatch.build(index, packed.layout)
        y = launch.triton_linear_expand(x, linear.weight, u, packed.lora_b, batch, linear.bias)
        assert_same_bits(y, expected)
        assert_close(y, linear.exact(x, index))
    assert launches == ["shrink_kernel", *["linear_expand_kernel"] * 3]


def test_dtypes_do_not_mix() -> None:
    """Nor is there a kernel for fp64."""
    linear = Linear.random([8])
    with pytest.raises(ValueError, match=r"torch\.float16 and weights in torch\.float32"):
        linear(rows(3).half(), [0] * 3)
    with pytest.raises(ValueError, match="the kernels have no float64"):
        Linear.random([8], dtype=torch.float64)(rows(3).double(), [0] * 3)


def check_formula() -> None:
    """Two adapters and base rows in one tile, nothing of it a multiple of a tile."""
    linear, x = Linear.random([8, 20]), rows(45)
    index = [-1] * 5 + [0] * 15 + [1] * 25
    assert_close(linear(x, index), linear.exact(x, index))


def check_absent() -> None:
    """NaN in the adapter between two that have rows."""
    linear, x, index = Linear.random([8, 20, 3]), rows(40), [-1] * 10 + [0] * 20 + [2] * 10
    packed = linear.packed
    lo, hi = packed.layout.columns[1]
    packed.lora_a[lo:hi], packed.lora_b[lo:hi] = torch.nan, torch.nan
    assert_close(fused(linear, packed, x, index), linear.exact(x, index))


def check_far_rows(monkeypatch) -> None:
    """Rows more than 2³¹ elements apart: an offset in int32 would land on zeros before them."""
    stride, count, k, n = 2**30 + 64, 3, 32, 20
    total = 2**31 + count * stride
    if CUDA:
        memory = torch.zeros(total, dtype=torch.float16, device=DEVICE)
    else:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
        memory = torch.frombuffer(mmap.mmap(-1, 2 * total, flags=flags), dtype=torch.float16)
        monkeypatch.setattr(GridExecutor, "_restore_args_dev", lambda *args: None)
    linear, near = Linear.random([8, 3], n, k, torch.float16), rows(count, k, torch.float16)
    x = memory.as_strided((count, k), (stride, 1), 2**31)
    y = memory.as_strided((count, n), (stride, 1), 2**31 + k)
    x.copy_(near)
    index, packed = [0, 1, 1], linear.packed
    expected = linear.exact(near, index)
    assert_close(linear(x, index), expected)
    batch = LoraBatch.build(index, packed.layout)
    y.copy_(nn.functional.linear(near, linear.weight, linear.bias))
    launch.triton_expand_(y, launch.triton_shrink(x, packed.lora_a, batch), packed.lora_b, batch)
    assert error(y, expected) <= 2 * BOUNDS[torch.float16]


def test_offsets_beyond_2_to_the_31(monkeypatch) -> None:
    """A row times a stride does not wrap."""
    check_far_rows(monkeypatch)


def test_nan_of_an_absent_adapter_is_not_read() -> None:
    """Though it lies between the adapters of one tile."""
    check_absent()


@dataclass(frozen=True)
class Mutation:
    """One fault in the kernels' text, and the check that has to see it."""

    find: str
    replacement: str
    check: Callable[..., None] = check_formula


MUTATIONS = {
    "a rank column dropped": Mutation("mask=mine)", "mask=mine & (column % 16 != 3)[None, :])"),
    "the last rank column dropped": Mutation(
        "tl.load(u_at + start, mask=mine[:, None]",
        "tl.load(u_at + start, mask=mine[:, None] & (inner + start != 35)[None, :]",
        lambda: check_one_row(19),
    ),
    "a flipped sign": Mutation("acc *= scale[None, :]", "acc *= -scale[None, :]"),
    "no scale": Mutation("acc *= scale[None, :]", "acc *= 1.0"),
    "a segment one short": Mutation("first + last + 1, mask=last", "first + last, mask=last"),
    "a segment one block short": Mutation("range(begin, end)", "range(begin, end - 1)"),
    "a segment one late": Mutation("tl.load(first + lowest", "1 + tl.load(first + lowest"),
    "base rows run as an adapter": Mutation(
        "acc = _expand(", "slot = tl.where(row < T, slot & 1, slot)\n    acc = _expand("
    ),
    "the next adapter's columns": Mutation(
        "slot == tl.load(owner + block)", "slot == tl.load(owner + block) + 1"
    ),
    "an owner one column off": Mutation(
        "u_owner + column // BLOCK_R", "u_owner + (column + 1) // BLOCK_R"
    ),
    "the first block of U for all": Mutation("tl.load(source + block)", "0 * tl.load(source)"),
    "no ownership": Mutation("start, mask=mine[:, None]", "start, mask=(slot >= 0)[:, None]"),
    "absent adapters read": Mutation("mask=used & ", "mask=", check_absent),
    "the last step of K left out": Mutation("range(0, K, ", "range(0, K - BLOCK_K, "),
    "a bias forgotten": Mutation("if bias is not None:", "if bias is None:"),
    "rows as int32": Mutation(
        "height).to(tl.int64) * BLOCK_M", "height) * BLOCK_M", check_far_rows
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_control_a_broken_kernel_is_noticed(name: str, monkeypatch, tmp_path: Path) -> None:
    """Each fault fails the check named for it, which the kernels themselves pass."""
    mutation = MUTATIONS[name]
    arguments = [monkeypatch] if mutation.check is check_far_rows else []
    text = Path(launch.kernels.__file__).read_text(encoding="utf-8")
    assert mutation.find in text
    path = tmp_path / "broken_kernels.py"
    path.write_text(text.replace(mutation.find, mutation.replacement), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("broken_kernels", path)
    broken = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(broken)
    mutation.check(*arguments)
    monkeypatch.setattr(launch, "kernels", broken)
    with pytest.raises(AssertionError):
        mutation.check(*arguments)


@on_gpu
@pytest.mark.parametrize("mode", ["deterministic", "fast"])
def test_a_captured_graph_replays_with_other_rows(mode: Mode) -> None:
    """The table of rows changes in place; the replay equals an eager call bit for bit."""
    linear, x = Linear.random([8, 24, 64], 256, 512, torch.float16), rows(96, 512, torch.float16)
    packed, slots = linear.packed, torch.zeros(96, dtype=torch.int32, device=DEVICE)
    batch = LoraBatch(Rows.of(slots, 3), packed.layout, mode)

    def call() -> Tensor:
        u = launch.triton_shrink(x, packed.lora_a, batch)
        return launch.triton_linear_expand(x, linear.weight, u, packed.lora_b, batch, linear.bias)

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = call()
    for index in ([-1] * 96, [2] * 96, [-1, 0, 1, 2] * 24, [0] * 95 + [1]):
        slots.copy_(torch.tensor(index, dtype=torch.int32))
        graph.replay()
        assert_same_bits(y, linear(x, index, mode))
        assert_close(y, linear.exact(x, index))
