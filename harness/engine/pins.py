"""What depends on transformers' internals, all of it: the range is 5.10 to 5.x.

``tests/engine/test_pins.py`` is the contract test: if it fails on a new version, this file is
where the change belongs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer
from transformers.pytorch_utils import Conv1D

LINEAR_TYPES = (nn.Linear, Conv1D)
"""The layer classes that an adapter may target in the fused batch."""


def linear_weight(module: nn.Module) -> Tensor:
    """A linear's weight as [N, K]; Conv1D stores [K, N], of which this is a view."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    return weight.T if isinstance(module, Conv1D) else weight


class RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]  # untyped upstream
    """Keys and values with room for the tokens to come.

    ``DynamicLayer`` copies its whole content for every new token (``torch.cat``); this one
    writes into place. [B, heads, tokens, head size], as there.
    """

    def __init__(self, room: int) -> None:
        """``room`` is how many tokens may follow the first ones without a copy."""
        super().__init__()  # type: ignore[no-untyped-call]  # untyped upstream
        self._room = room
        self._space: tuple[Tensor, Tensor] | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append along the token dimension and return everything so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        stop = start + key_states.shape[-2]
        if self._space is None or stop > self._space[0].shape[-2]:
            self._space = self._grown(self.keys, key_states), self._grown(self.values, value_states)
        keys, values = self._space
        keys[..., start:stop, :] = key_states
        values[..., start:stop, :] = value_states
        self.keys, self.values = keys[..., :stop, :], values[..., :stop, :]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep (or repeat) the given rows, their room included: one copy."""
        if self._space is None:
            return
        keys, values = (space.index_select(0, indices) for space in self._space)
        stop = self.get_seq_length()
        self._space = keys, values
        self.keys, self.values = keys[..., :stop, :], values[..., :stop, :]

    def _grown(self, old: Tensor | None, states: Tensor) -> Tensor:
        rows, heads, new, size = states.shape
        start = self.get_seq_length()
        space = states.new_empty(rows, heads, start + new + self._room, size)
        if old is not None and start:
            space[..., :start, :] = old
        return space


def new_cache(model: PreTrainedModel, room: int) -> DynamicCache:
    """An empty cache for one batch; sliding-window and other special layers stay as they are."""
    cache = DynamicCache(config=model.config)
    cache.layers = [
        RoomyLayer(room) if type(layer) is DynamicLayer else layer for layer in cache.layers
    ]
    return cache


def forward(
    model: PreTrainedModel, tokens: Tensor, mask: Tensor, cache: DynamicCache, keep: int
) -> Tensor:
    """One pass: tokens [B, S], mask [B, cached + S] (1 = real) → fp32 logits [B, keep, V].

    Positions count real tokens only, so padding on the left moves nothing.
    """
    positions = (mask.cumsum(-1) - 1).clamp_(min=0)[:, -tokens.shape[1] :]
    output = model(
        input_ids=tokens,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=keep,
    )
    logits = output.logits
    assert isinstance(logits, Tensor)
    return logits.to(torch.float32)


def max_context(model: PreTrainedModel) -> int | None:
    """The longest sequence the model has positions for; None if it does not say."""
    text = model.config.get_text_config(decoder=True)
    found = getattr(text, "max_position_embeddings", None)
    return found if isinstance(found, int) else None
