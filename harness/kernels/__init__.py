"""The import name of the top-level folder ``kernels/``, which must never be importable itself.

A regular package called ``kernels`` would shadow Hugging Face's and break every model import.
"""
