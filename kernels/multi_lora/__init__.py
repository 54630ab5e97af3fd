"""The fused multi-LoRA linear: base rows and any number of adapters in one call."""

from .batch import BASE, Layout, LoraBatch, Mode, Packed, Rows, pack_adapters, share_shrink
from .naive import naive_lora
from .op import expand_, fused_lora, linear_expand, shrink
from .probe import Probe, probe

__all__ = [
    "BASE",
    "Layout",
    "LoraBatch",
    "Mode",
    "Packed",
    "Probe",
    "Rows",
    "expand_",
    "fused_lora",
    "linear_expand",
    "naive_lora",
    "pack_adapters",
    "probe",
    "share_shrink",
    "shrink",
]
