"""How an answer grows and when it ends: the same for every executor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.engine.protocol import GenerateRequest
from harness.engine.tokenize import Tokenizer
from harness.types import Output

NOT_FINITE = "non-finite log-probabilities"


@dataclass(slots=True)
class Answer:
    """One request under way."""

    request: GenerateRequest
    tokens: list[int] = field(default_factory=list)
    seconds: float = 0.0
    text: str | None = None
    """Set once a stop text was found; the answer before it."""
    error: str | None = None
    occupancy: float | None = None
    """See ``Output.occupancy``."""


class Answers:
    """The rules of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Its end-of-sequence ids end answers."""
        self._tokenizer = tokenizer

    def extend(
        self, answers: Sequence[Answer], tokens: Sequence[int], peaks: Sequence[float]
    ) -> None:
        """One more token each; ``peaks`` are the largest logits, not finite where any is NaN."""
        for answer, token, peak in zip(answers, tokens, peaks, strict=True):
            answer.tokens.append(token)
            if not math.isfinite(peak):
                answer.error = NOT_FINITE
        asked = [answer for answer in answers if answer.request.stop and answer.error is None]
        texts = self._tokenizer.decode_batch([answer.tokens for answer in asked])
        for answer, text in zip(asked, texts, strict=True):
            ends = [at for stop in answer.request.stop if (at := text.find(stop)) >= 0]
            if ends:
                answer.text = text[: min(ends)]

    def finished(self, answer: Answer) -> bool:
        """Whether nothing more is to be generated."""
        return (
            answer.error is not None
            or answer.text is not None
            or answer.tokens[-1] in self._tokenizer.eos
            or len(answer.tokens) >= answer.request.max_tokens
        )

    def output(self, answer: Answer) -> Output:
        """What became of a finished one."""
        text = answer.text
        if text is None:
            eos = self._tokenizer.eos
            text = self._tokenizer.decode([token for token in answer.tokens if token not in eos])
        return Output(
            key=answer.request.key,
            text=None if answer.error else text,
            prompt_tokens=len(answer.request.prompt),
            tokens=len(answer.tokens),
            seconds=answer.seconds,
            error=answer.error,
            occupancy=answer.occupancy,
        )
