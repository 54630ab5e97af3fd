"""Arms into the layers of a base model: each linear answers for all of them at once.

Modules, parameters and state-dict keys stay as they are; only the ``forward`` of an instance is
overridden, because the fused linear needs the base weight itself. A linear whose weight cannot
be read (4-bit, FP8) keeps its forward, and a hook adds the low-rank part to what it returns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MethodType

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from harness.adapters.weights import LoraWeights
from harness.engine.opaque import couples_rows, is_opaque
from harness.engine.pins import LINEAR_TYPES, linear_weight
from harness.errors import EngineError
from harness.kernels.multi_lora import (
    LoraBatch,
    Mode,
    Packed,
    Rows,
    expand_,
    linear_expand,
    pack_adapters,
    share_shrink,
    shrink,
)

Adapter = dict[str, LoraWeights]
"""Module name → its low-rank part."""

SIBLINGS = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))
"""Linears of one parent that read the same input; a wrong guess costs time, never a result."""


@dataclass(frozen=True, slots=True)
class _Linear:
    """One linear of the model, and what the adapters add to it."""

    bias: Tensor | None
    packed: Packed
    shifts: Tensor | None
    """[L + 1, N]: by slot + 1, each adapter's own bias minus the base's; zeros for the base."""
    head: bool
    """Whether it is the last one, which may see fewer rows than the rest."""


class ArmLayers:
    """The adapters of one model, by slot; −1 is the base model.

    Before each forward pass ``select`` or ``route`` says which rows of the batch are whose.
    """

    def __init__(
        self, model: PreTrainedModel, adapters: Sequence[Adapter], mode: Mode = "deterministic"
    ) -> None:
        """Override the targets; EngineError where an adapter does not fit the model.

        In deterministic mode every other linear is overridden too: its rows' bits shall not
        depend on their number either.
        """
        self._most, self._mode, self._adapters = mode, mode, len(adapters)
        self._index: tuple[int, ...] = ()
        self._rows: dict[int, Rows] = {}
        self._routed: tuple[Rows, Rows] | None = None
        self._held: tuple[Tensor, Tensor, Tensor] | None = None
        self._head = model.get_output_embeddings()  # type: ignore[no-untyped-call]  # untyped there
        modules = dict(model.named_modules())
        targets = sorted({name for adapter in adapters for name in adapter})
        for names in _groups(targets):
            found = [_sound(name, modules.get(name)) for name in names]
            packed = [
                _packed(name, module, [adapter.get(name) for adapter in adapters], model.dtype)
                for name, module in zip(names, found, strict=True)
            ]
            for name, module, mine in zip(names, found, share_shrink(packed), strict=True):
                self._install(module, mine, _shifts(name, module, adapters))
        if mode == "deterministic":
            for name in modules.keys() - set(targets):
                if type(module := modules[name]) in LINEAR_TYPES and not is_opaque(module):
                    nothing = pack_adapters([None] * len(adapters), linear_weight(module))
                    self._install(module, nothing, None)

    def select(self, index: Sequence[int], exact: bool = True) -> None:
        """The slot of each sequence of the next forward passes, ascending.

        Not ``exact``: these passes promise nothing, so they are fast in either mode.
        Raises ValueError if unsorted: every layer works on contiguous rows.
        """
        if any(one > two for one, two in pairwise(index)):
            raise ValueError("rows must be sorted by slot")
        self._index = tuple(index)
        self._mode = self._most if exact else "fast"
        self._rows.clear()
        self._routed = self._held = None

    def route(self, slots: Tensor, head: Tensor | None = None) -> None:
        """The slot of each token of the next forward pass [T] int32, in any order; not exact.

        ``head``: those of the rows that the last linear sees, where they are not all. Off the
        CPU the tables may change in place between passes, as under a captured graph.
        """
        rows = Rows.of(slots, self._adapters)
        self._routed = rows, rows if head is None else Rows.of(head, self._adapters)
        self._mode, self._held = "fast", None

    def _install(self, module: nn.Module, packed: Packed, shifts: Tensor | None) -> None:
        linear = _Linear(getattr(module, "bias", None), packed, shifts, module is self._head)
        if is_opaque(module):
            module.register_forward_hook(self._adding(linear))
        else:
            forward = self._fused(linear, linear_weight(module))
            module.forward = MethodType(forward, module)

    def _fused(self, linear: _Linear, weight: Tensor) -> Callable[[nn.Module, Tensor], Tensor]:
        def forward(_module: nn.Module, x: Tensor) -> Tensor:
            batch = self._batch(linear, x)
            u, packed = self._shrunk(linear, batch, x), linear.packed
            y = linear_expand(x, weight, u, packed.lora_b, batch, linear.bias)
            return _shifted(y, linear.shifts, batch)

        return forward

    def _adding(self, linear: _Linear) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        def add(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            batch = self._batch(linear, inputs[0])
            y = output.contiguous()
            expand_(y, self._shrunk(linear, batch, inputs[0]), linear.packed.lora_b, batch)
            return _shifted(y, linear.shifts, batch)

        return add

    def _shrunk(self, linear: _Linear, batch: LoraBatch, x: Tensor) -> Tensor:
        """U of this input; linears that share a shrink find the one that the first has made."""
        lora_a = linear.packed.lora_a
        if self._held is not None and self._held[0] is x and self._held[1] is lora_a:
            return self._held[2]
        u = shrink(x, lora_a, batch)
        self._held = x, lora_a, u
        return u

    def _batch(self, linear: _Linear, x: Tensor) -> LoraBatch:
        if self._routed is not None:
            rows = self._routed[1 if linear.head else 0]
        else:
            rows = self._repeated(x.numel() // (x.shape[-1] * max(len(self._index), 1)), x.device)
        return LoraBatch(rows, linear.packed.layout, self._mode)

    def _repeated(self, repeat: int, device: torch.device) -> Rows:
        """The rows of sequences of ``repeat`` tokens, shared by all linears."""
        rows = self._rows.get(repeat)
        if rows is None:
            rows = Rows.build(self._index, self._adapters, repeat, device)
            self._rows[repeat] = rows
        return rows


def _groups(targets: Sequence[str]) -> Iterator[list[str]]:
    """The targets, those that read the same input together."""
    together: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for name in targets:
        parent, _, leaf = name.rpartition(".")
        lead = next((siblings[0] for siblings in SIBLINGS if leaf in siblings), leaf)
        together[parent, lead].append(name)
    yield from together.values()


def _sound(name: str, module: nn.Module | None) -> nn.Module:
    if module is None or not (isinstance(module, LINEAR_TYPES) or is_opaque(module)):
        found = type(module).__name__ if module else "nothing of that name"
        raise EngineError(f"{name}: an adapter targets it as a linear, the base has {found}")
    return module


def _packed(
    name: str, module: nn.Module, parts: Sequence[LoraWeights | None], dtype: torch.dtype
) -> Packed:
    if is_opaque(module):
        if couples_rows(module, dtype):
            raise EngineError(
                f"{name}: {type(module).__name__} quantises all rows of a batch by one scale, so"
                " arms would change each other's answers; load the base with weight-only or"
                " per-token quantisation"
            )
        like = torch.zeros(1, dtype=dtype).expand(*_features(name, module))
    else:
        like = linear_weight(module)
    try:
        packed = pack_adapters(
            [None if p is None else (p.lora_a, p.lora_b, p.scaling) for p in parts], like
        )
    except ValueError as error:
        raise EngineError(f"{name}: {error}") from error
    if packed.lora_a.isinf().any() or packed.lora_b.isinf().any():
        # in one tile with other arms, 0 × inf would be NaN for them too
        found = packed.lora_a.dtype
        raise EngineError(f"{name}: an adapter's weights are beyond the range of {found}")
    return packed


def _features(name: str, module: nn.Module) -> tuple[int, int]:
    """N and K of an opaque linear."""
    found = getattr(module, "out_features", None), getattr(module, "in_features", None)
    if not all(isinstance(size, int) for size in found):
        raise EngineError(f"{name}: {type(module).__name__} does not say its sizes")
    return found  # type: ignore[return-value]  # two ints, as just seen


def _shifts(name: str, module: nn.Module, adapters: Sequence[Adapter]) -> Tensor | None:
    """See ``_Linear.shifts``; None where no adapter brings a bias."""
    parts = [adapter.get(name) for adapter in adapters]
    biases = [None if part is None else part.bias for part in parts]
    if all(bias is None for bias in biases):
        return None
    base = getattr(module, "bias", None)
    if not isinstance(base, Tensor) or any(b is not None and b.shape != base.shape for b in biases):
        raise EngineError(f"{name}: the adapter has a bias that the base's layer lacks")
    zero = torch.zeros_like(base)
    return torch.stack([zero, *(zero if b is None else b.to(base) - base for b in biases)])


def _shifted(y: Tensor, shifts: Tensor | None, batch: LoraBatch) -> Tensor:
    if shifts is None:
        return y
    return y + shifts[batch.rows.slots.long() + 1].view_as(y)
