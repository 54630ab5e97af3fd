"""Forgetting over a series of releases: how much of each skill is left. For the trend only.

Source: Lopez-Paz and Ranzato (2017), Gradient Episodic Memory, section 3. The test for
forgetting is non-inferiority against the base model.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Skill = TypeVar("Skill", bound=Hashable)


def retention(score: float, base: float) -> float | None:
    """R[T, j] / R[base, j]; None where the base model scores 0, so that nothing can be kept."""
    return None if base == 0 else score / base


def backward_transfer(matrix: Sequence[Sequence[float]]) -> float | None:
    """Mean over j < T of R[T, j] − R[j, j], T the last row; None before the second release.

    ``matrix[i][j]`` is the score on skill j after release i, which release j was made for.
    """
    history = [dict(enumerate(row)) for row in matrix]
    return transfer_since(history, {skill: skill for skill in range(len(history))})


def transfer_since(
    history: Sequence[Mapping[Skill, float]], entered: Mapping[Skill, int]
) -> float | None:
    """Backward transfer where several skills, or none, enter with a release.

    ``history[i]`` is skill → score after release i, and ``entered`` skill → the first release
    that was made for it. Skills that entered with the last release, or were not measured with
    it, do not count; None where no skill is left.
    """
    last = len(history) - 1
    changes = [
        history[last][skill] - history[first][skill]
        for skill, first in entered.items()
        if first < last and skill in history[last]
    ]
    return sum(changes) / len(changes) if changes else None
