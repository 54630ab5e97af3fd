"""The fused multi-LoRA linear: base rows and any number of adapters in one call."""

from .batch import LoraBatch, Packed, pack
from .naive import naive_lora
from .op import fused_lora

__all__ = ["LoraBatch", "Packed", "fused_lora", "naive_lora", "pack"]
