"""PEFT directories in and out: identity by content, manifest, inspection, weights.

Everything but ``weights`` works without torch. ``adapter_config.json`` is hostile input:
``config`` validates it before anything matches or imports by what it says.
"""
