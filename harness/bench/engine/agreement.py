"""Nothing is timed that is wrong: every rival's answers are those of peft, arm by arm."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import cast

from harness.engine.tokenize import Tokenizer
from harness.errors import EngineError

from .rival import Task
from .world import EOS, Answers, Scores, Texts, Tokens, World

TOLERANCE = 3e-3
"""In nats: between two ways to compute one likelihood, and between two tokens that tie."""
APART = 0.02
"""In nats: how much the likelihoods of two arms differ at least somewhere."""

Likelihoods = Callable[[int, Tokens, tuple[Tokens, ...]], list[float]]
"""``Rival.likelihoods`` of the reference."""


class Agreement:
    """The reference's answers, and who agrees with them."""

    def __init__(self, world: World, likelihoods: Likelihoods) -> None:
        """``likelihoods`` is asked where two greedy answers part, whether it was a tie."""
        self._world, self._likelihoods = world, likelihoods
        self._tokenizer = Tokenizer(world.base)
        self._reference: dict[Task, Answers] = {}
        self.ties = 0
        """Greedy answers that part from the reference's at a tie."""

    def refer(self, task: Task, answers: Answers) -> None:
        """Take these as right; EngineError where two arms give the same, for that tests nothing."""
        for one, two in combinations(range(len(answers)), 2):
            if task == "generation":
                apart = answers[one] != answers[two]
            else:
                scores = cast(Scores, answers)
                apart = _distance(scores[one], scores[two]) > APART
            if not apart:
                raise EngineError(
                    f"benchmark refused: in {task} arms {one} and {two} answer alike, so their"
                    " mixing up would not be noticed"
                )
        self._reference[task] = answers

    def check(self, who: str, task: Task, answers: Answers, arms: Sequence[int]) -> None:
        """Compare with the reference's answers of these arms; EngineError names a difference."""
        reference = self._reference[task]
        expected = [reference[arm] for arm in arms]
        if [len(each) for each in answers] != [len(each) for each in expected]:
            raise EngineError(f"benchmark refused: {who} left questions of {task} unanswered")
        for place, arm in enumerate(arms):
            if task == "generation":
                self._texts(who, arm, cast(Texts, expected)[place], cast(Texts, answers)[place])
            else:
                _scores(who, arm, cast(Scores, expected)[place], cast(Scores, answers)[place])

    def _texts(self, who: str, arm: int, expected: list[str], found: list[str]) -> None:
        for prompt, (right, text) in enumerate(zip(expected, found, strict=True)):
            if text == right:
                continue
            gap = self._gap(arm, prompt, right, text)
            if gap > TOLERANCE:
                raise EngineError(
                    f"benchmark refused: {who} continues prompt {prompt} of arm {arm} with"
                    f" {text!r}, peft with {right!r}; where they part, the tokens are {gap:.3g}"
                    " nats apart"
                )
            self.ties += 1

    def _gap(self, arm: int, prompt: int, right: str, text: str) -> float:
        """How far apart the reference sees the two tokens at which two answers part."""
        ours, theirs = ((*self._tokenizer.encode(each), EOS) for each in (text, right))
        pairs = list(zip(ours, theirs, strict=False))
        common = next((at for at, (a, b) in enumerate(pairs) if a != b), len(pairs) - 1)
        context = self._world.prompts[prompt] + ours[:common]
        one, two = self._likelihoods(arm, context, ((ours[common],), (theirs[common],)))
        return abs(one - two)


def _scores(who: str, arm: int, expected: list[list[float]], found: list[list[float]]) -> None:
    for prompt, (right, mine) in enumerate(zip(expected, found, strict=True)):
        off = _distance([right], [mine])
        if not off <= TOLERANCE:
            raise EngineError(
                f"benchmark refused: {who} is {off:.3g} nats off peft's likelihoods at prompt"
                f" {prompt} of arm {arm}"
            )


def _distance(one: list[list[float]], two: list[list[float]]) -> float:
    """The largest difference; infinite where a number is missing or none."""
    worst = 0.0
    for left, right in zip(one, two, strict=True):
        if len(left) != len(right):
            return math.inf
        for a, b in zip(left, right, strict=True):
            worst = max(worst, abs(a - b)) if math.isfinite(a - b) else math.inf
    return worst
