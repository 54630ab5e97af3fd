"""How many threads can keep the promise of deterministic mode on the CPU at hand."""

from __future__ import annotations

import logging

import torch
from transformers import PreTrainedModel

from harness.engine.pins import LINEAR_TYPES, linear_weight
from harness.kernels.multi_lora import probe

log = logging.getLogger(__name__)


def settle_threads(model: PreTrainedModel) -> None:
    """Go on with one thread where the BLAS at hand has other bits for other numbers of rows.

    The numerics class need not say so: it names architecture, torch and the number of threads
    asked for, and they decide what the probe finds.
    """
    linears = [module for module in model.modules() if type(module) in LINEAR_TYPES]
    shapes = [tuple(linear_weight(module).shape) for module in linears]
    found = probe(((k, n) for n, k in shapes), model.dtype)
    if not found.invariant:
        log.warning("computing with one thread: %s", found.reason)
        torch.set_num_threads(1)
