"""How large the model and the work are, and at which batch sizes each rival is tried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A random Llama of 23 million parameters, its adapters, and the requests to each arm.

    No answer ends early, so nobody gains by dropping finished rows.
    """

    vocabulary: int = 4096
    hidden: int = 512
    layers: int = 6
    heads: int = 8
    feed_forward: int = 1408
    ranks: tuple[int, ...] = (4, 4, 8, 8, 16, 16, 32, 32)
    prompts: int = 12
    lengths: tuple[int, int] = (40, 120)
    """Shortest and longest prompt, in tokens; drawn evenly between."""
    choices: tuple[int, int] = (3, 4)
    choice_tokens: tuple[int, int] = (1, 4)
    new_tokens: int = 24
    tokens: tuple[int, ...] = (8192, 32768)
    """Of one batch of the engine, ascending."""
    rows: tuple[int, ...] = (6, 12)
    """Of one batch of a rival that runs one arm at a time; it has no more than ``prompts``."""
    mixed: tuple[int, ...] = (16, 48)
    """Of one batch of a rival that mixes the arms."""
    rounds: int = 3

    @property
    def arms(self) -> int:
        """The base model and the adapters."""
        return 1 + len(self.ranks)
