"""The fused linear beside other ways to compute the same: first equal, then timed."""

from .problem import RANKS, Problem
from .properties import broken_property
from .providers import PROVIDERS, Provider
from .timing import more, ratio, times
from .training import steps

__all__ = [
    "PROVIDERS",
    "RANKS",
    "Problem",
    "Provider",
    "broken_property",
    "more",
    "ratio",
    "steps",
    "times",
]
