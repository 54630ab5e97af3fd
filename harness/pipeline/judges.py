"""Who may judge: an arm of the gate, or a model behind a server that the policy names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import ChatRequest
from harness.engine.reading import Reader
from harness.suite.digest import digest
from harness.suite.judging import FIRST, SECOND, TIE, LoadedRubric
from harness.suite.model import Judging
from harness.suite.policy import ServedJudge
from harness.types import Arm, Case, Generation, Kind, Output

from .execute import Asked

CHOICES = (FIRST, SECOND, TIE)
WORTH = {FIRST: 1.0, SECOND: 0.0, TIE: 0.5}
"""What a choice is worth to the answer that is shown first."""
_STOP = ("\n",)

Ask = Callable[[LoadedRubric, str, Sequence[str], int], Asked]
"""Makes a request for one of some words: rubric, question, words, number of the run."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges."""

    name: str
    who: str
    """What he is: the digest of an arm, or a server's address and the model's name there."""
    base: str
    """Digest by which the engine that runs him is found."""
    ask: Ask


def own(name: str, arm: Arm, reader: Reader, numerics: str) -> Judge:
    """An arm of the gate: without a temperature he is asked how likely each word is."""

    def ask(rubric: LoadedRubric, question: str, words: Sequence[str], run: int) -> Asked:
        how = _how(rubric)
        tokens = reader.read(_case(question, words, how))
        if how.temperature > 0:
            drawn = (0, how.temperature, (how.seed + run) % 2**32)
            return generate_request(arm, tokens.prompt, how.max_tokens, _STOP, numerics, *drawn)
        return score_request(arm, tokens.prompt, tokens.choices, numerics)

    return Judge(name, arm.digest, arm.base, ask)


def served(name: str, judge: ServedJudge) -> Judge:
    """A model behind a server: a word is written, and its likelihoods are taken where told."""
    identity = digest({"url": judge.url, "model": judge.model})

    def ask(rubric: LoadedRubric, question: str, words: Sequence[str], run: int) -> Asked:
        how = _how(rubric)
        drawn = {"temperature": how.temperature, "seed": how.seed + run}
        content = {"text": question, "words": list(words), "max_tokens": how.max_tokens, **drawn}
        return ChatRequest(
            key=digest({"served": identity, "content": content, "schema": 1}),
            arm=identity,
            text=question,
            max_tokens=how.max_tokens,
            choices=tuple(words) if how.temperature == 0 else (),
            temperature=how.temperature,
            seed=(how.seed + run) % 2**32,
        )

    return Judge(name, f"{judge.url} {judge.model}", identity, ask)


def weights(output: Output, n: int) -> list[float] | None:
    """The probability of each of n words among them; None where the output has none."""
    found = output.logprobs
    if found is None or len(found) != n or not all(map(math.isfinite, found)):
        return None
    most = max(found)
    shares = [math.exp(each - most) for each in found]
    return [each / math.fsum(shares) for each in shares]


def _how(rubric: LoadedRubric) -> Judging:
    assert rubric.rubric.judge is not None
    return rubric.rubric.judge


def _case(question: str, words: Sequence[str], how: Judging) -> Case:
    """A question to a judge, as an engine's reader takes it."""
    written = Generation(how.max_tokens, _STOP, how.temperature) if how.temperature > 0 else None
    return Case(
        digest="",
        suite="judge",
        task="grade",
        sample="answer",
        kind=Kind.RUBRIC,
        prompt=question,
        choices=() if written else tuple(words),
        generation=written,
        target=None,
        cluster="",
        slices={},
        fields={},
        input_digest="",
        messages=({"role": "user", "content": question},) if how.chat else (),
    )
