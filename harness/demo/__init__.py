"""The embedded default: a small world in which the story of the gate comes out of training.

A Llama-architecture base of about a million parameters with its own tokenizer, a clause data
set from a seeded grammar, general skills that must not be forgotten, and three adapters:
``contracts-v1`` (the one in production), ``contracts-v2`` (curated data, incremental) and
``contracts-deluge`` (many more rows, noisy labels, mixed formats, no replay).
``build.build`` makes it, ``seeds.judge`` judges the recipe on fresh seeds.
"""
