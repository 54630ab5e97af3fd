"""What a rival is: a way to ask all arms all questions."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol

from harness.errors import EngineError

from .world import Answers, Tokens, World

Task = Literal["scoring", "generation"]
_RIVALS = {
    "ours": ("ours", "Ours"),
    "peft": ("peft_arms", "PeftArms"),
    "lm-eval": ("lm_eval_arm", "LmEvalArm"),
}
TASKS: tuple[Task, ...] = ("scoring", "generation")


class Rival(Protocol):
    """One loaded model; ``way`` is how it asks, ``batch`` its batch size in its own unit."""

    def prepare(self, batch: int) -> None:
        """Whatever a batch size costs but once; before ``ask``, and not measured."""
        ...

    def ask(self, task: Task, way: str, batch: int) -> Answers:
        """Every question to every arm."""
        ...

    def likelihoods(self, arm: int, prompt: Tokens, choices: tuple[Tokens, ...]) -> list[float]:
        """Natural-log likelihood of each choice, from unpadded rows."""
        ...


def load(kind: str, folder: Path) -> Rival:
    """A rival by what follows its name: ``ours:fast:base``, ``peft``, ``lm-eval:3``."""
    name, *details = kind.split(":")
    if name not in _RIVALS:
        raise EngineError(f"there is no rival '{name}'")
    module, attribute = _RIVALS[name]
    made: Rival = getattr(import_module(f"{__package__}.{module}"), attribute)(
        World.read(folder), *details
    )
    return made
