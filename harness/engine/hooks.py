"""Arms into the layers of a base model: each target linear answers for all of them at once.

Modules, parameters and state-dict keys stay as they are; only the ``forward`` of each target
instance is overridden, because the fused linear needs the base weight itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MethodType

from torch import Tensor, nn

from harness.adapters.weights import LoraWeights
from harness.engine.pins import LINEAR_TYPES, linear_weight
from harness.errors import EngineError
from harness.kernels.multi_lora import LoraBatch, Packed, fused_lora, pack

Adapter = dict[str, LoraWeights]
"""Module name → its low-rank part."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One linear that at least one adapter changes."""

    weight: Tensor
    """[N, K]"""
    bias: Tensor | None
    packed: Packed
    shifts: dict[int, Tensor]
    """Slot → [N], its own bias minus the base's."""


class ArmLayers:
    """The adapters of one model, by slot; −1 is the base model.

    Before each forward pass ``select`` says which rows of the batch are whose.
    """

    def __init__(self, model: nn.Module, adapters: Sequence[Adapter]) -> None:
        """Override the targets; EngineError where an adapter does not fit the model."""
        self._index: tuple[int, ...] = ()
        self._tables: dict[tuple[object, ...], LoraBatch] = {}
        modules = dict(model.named_modules())
        for name in sorted({module for adapter in adapters for module in adapter}):
            module = modules.get(name)
            if not isinstance(module, LINEAR_TYPES):
                found = type(module).__name__ if module else "nothing of that name"
                raise EngineError(
                    f"{name}: an adapter targets it as a linear, the base has {found}"
                )
            parts = [adapter.get(name) for adapter in adapters]
            forward = self._forward_of(_target(name, module, parts))
            module.forward = MethodType(forward, module)  # type: ignore[method-assign]  # meant

    def select(self, index: Sequence[int]) -> None:
        """The slot of each sequence of the next forward passes, ascending.

        Raises ValueError if unsorted: every layer works on contiguous rows.
        """
        if any(one > two for one, two in pairwise(index)):
            raise ValueError("rows must be sorted by slot")
        self._index = tuple(index)
        self._tables.clear()

    def _forward_of(self, target: _Target) -> Callable[[nn.Module, Tensor], Tensor]:
        def forward(_module: nn.Module, x: Tensor) -> Tensor:
            return self._linear(target, x)

        return forward

    def _linear(self, target: _Target, x: Tensor) -> Tensor:
        packed = target.packed
        batch = self._table(packed, x)
        y = fused_lora(x, target.weight, packed.lora_a, packed.lora_b, batch, target.bias)
        for slot, shift in target.shifts.items():
            y[self._rows(slot)] += shift
        return y

    def _rows(self, slot: int) -> slice:
        count = self._index.count(slot)
        start = self._index.index(slot) if count else 0
        return slice(start, start + count)

    def _table(self, packed: Packed, x: Tensor) -> LoraBatch:
        """The batch tables, shared by all linears of the same ranks and scales."""
        repeat = x.numel() // (x.shape[-1] * max(len(self._index), 1))
        key = (packed.columns, packed.scales, repeat)
        table = self._tables.get(key)
        if table is None:
            table = LoraBatch.build(self._index, packed.columns, packed.scales, repeat)
            self._tables[key] = table
        return table


def _target(name: str, module: nn.Module, parts: Sequence[LoraWeights | None]) -> _Target:
    weight, bias = linear_weight(module), getattr(module, "bias", None)
    try:
        packed = pack(
            [None if p is None else (p.lora_a, p.lora_b, p.scaling) for p in parts], weight
        )
    except ValueError as error:
        raise EngineError(f"{name}: {error}") from error
    shifts = {}
    for slot, part in enumerate(parts):
        if part is not None and part.bias is not None:
            if bias is None or part.bias.shape != bias.shape:
                raise EngineError(f"{name}: the adapter has a bias that the base's layer lacks")
            shifts[slot] = part.bias.to(bias) - bias
    return _Target(weight, bias, packed, shifts)
