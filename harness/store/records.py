"""What a journal holds: one word per kind of record, and the class it is read as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.types import (
    Ancestor,
    Answer,
    Arm,
    Case,
    CheckResult,
    Effect,
    GateDecision,
    JudgeQuality,
    Noise,
    Output,
    Robustness,
    Run,
    Score,
)

SCHEMA = 5
"""Number of the newest migration: it goes up whenever one of these classes changes."""


@dataclass(frozen=True, slots=True)
class End:
    """The last record of a run that was not cut short."""

    finished: str
    """ISO 8601, UTC."""
    seconds: float
    reused: int
    """Outputs that an earlier, finished run had computed."""


KINDS: Mapping[str, type[Any]] = {
    "run": Run,
    "arm": Arm,
    "ancestor": Ancestor,
    "case": Case,
    "answer": Answer,
    "output": Output,
    "score": Score,
    "effect": Effect,
    "noise": Noise,
    "robustness": Robustness,
    "judge": JudgeQuality,
    "check": CheckResult,
    "decision": GateDecision,
    "end": End,
}
"""Kind → class; the records of a kind lie in the table ``data.<kind>s``."""


def table(kind: str) -> str:
    """The private table that holds the records of a kind."""
    return f"data.{kind}{'es' if kind.endswith('s') else 's'}"
