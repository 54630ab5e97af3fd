"""A case as one base model reads it: tokens, within the budget that its task has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.adapters.config import read_json
from harness.errors import EngineError
from harness.types import Case

from .chat import ChatTemplate
from .tokenize import Tokenizer


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an engine is asked; see ``ScoreRequest``."""

    prompt: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]
    unconditional: tuple[int, ...] = ()


class Reader:
    """Tokenizer, chat template and context of one base model."""

    def __init__(self, tokenizer: Tokenizer, context: int | None, base: Path) -> None:
        """``context``: the most tokens of prompt and answer together; None without a limit.

        The chat template in the directory ``base`` is not read until a case is a chat.
        """
        self._tokenizer, self._context, self._base = tokenizer, context, base

    @classmethod
    def of(cls, base: str | os.PathLike[str]) -> Reader:
        """Of a base model directory; EngineError where it has no tokenizer."""
        return cls(Tokenizer(base), _context(Path(base)), Path(base))

    def read(self, case: Case) -> Tokens:
        """The tokens of a case, cut where its task says how.

        EngineError where the prompt is too long and nothing may be cut, or where the base model
        has no chat template for messages.
        """
        if case.rolling:
            first, rest = self._tokenizer.encode_whole(case.prompt)
            return Tokens(first, (rest,))
        text, prompt = self._asked(case)
        choices = tuple(self._tokenizer.encode_choice(text, choice) for choice in case.choices)
        answer = max(map(len, choices), default=0)
        if case.generation is not None:
            answer = case.generation.max_tokens
        unconditional = case.unconditional
        return Tokens(
            self._fitted(case, prompt, answer),
            choices,
            () if unconditional is None else self._tokenizer.encode(unconditional),
        )

    def probe(self, case: Case) -> tuple[int, ...]:
        """A text like those that are asked, to tell two arms apart by; cut to the context."""
        return self._tokenizer.encode(case.prompt)[: self._context]

    def _asked(self, case: Case) -> tuple[str, tuple[int, ...]]:
        if not case.messages:
            return case.prompt, self._tokenizer.encode(case.prompt)
        text = self._chat.render(case.messages, case.tools)
        return text, self._tokenizer.encode_rendered(text)

    @cached_property
    def _chat(self) -> ChatTemplate:
        return ChatTemplate(self._base)

    def _fitted(self, case: Case, prompt: tuple[int, ...], answer: int) -> tuple[int, ...]:
        limits = [limit for limit in (case.budget.tokens, self._room(answer)) if limit is not None]
        if not limits or len(prompt) <= min(limits):
            return prompt
        limit, cut = min(limits), case.budget.cut
        if cut == "shots":
            shorter = (self._asked(less)[1] for less in _fewer_shots(case))
            fit = next((tokens for tokens in shorter if len(tokens) <= limit), None)
        elif cut:
            fit = _CUTS[cut](prompt, limit, self._lead(prompt))
        else:
            fit = None
        if fit is None:
            raise EngineError(_too_long(case, len(prompt), limit, answer))
        return fit

    def _room(self, answer: int) -> int | None:
        return None if self._context is None else max(1, self._context - answer)

    def _lead(self, prompt: tuple[int, ...]) -> int:
        """How many special tokens begin the prompt, which stay whatever is cut."""
        marks = self._tokenizer.lead
        return len(marks) if prompt[: len(marks)] == marks else 0


def _left(tokens: tuple[int, ...], limit: int, lead: int) -> tuple[int, ...]:
    return tokens[:lead] + tokens[len(tokens) - max(0, limit - lead) :]


def _right(tokens: tuple[int, ...], limit: int, lead: int) -> tuple[int, ...]:
    return tokens[:limit]


def _middle(tokens: tuple[int, ...], limit: int, lead: int) -> tuple[int, ...]:
    end = limit // 2
    return tokens[: limit - end] + tokens[len(tokens) - end :]


_CUTS: dict[str, Callable[[tuple[int, ...], int, int], tuple[int, ...]]] = {
    "left": _left,
    "right": _right,
    "middle": _middle,
}


def _fewer_shots(case: Case) -> Iterator[Case]:
    """The case without its first example, without the first two, and so on."""
    system = _lead_in(case)
    for count in range(1, len(case.shots) + 1):
        gone = sum(case.shots[:count])
        if case.messages:
            kept = case.messages[:system] + case.messages[system + gone :]
            yield replace(case, messages=kept)
        else:
            yield replace(case, prompt=case.prompt[gone:])


def _lead_in(case: Case) -> int:
    """How many messages stand before the first that is not the system's."""
    others = (at for at, message in enumerate(case.messages) if message["role"] != "system")
    return next(others, len(case.messages))


def _too_long(case: Case, tokens: int, limit: int, answer: int) -> str:
    said = f"suite {case.suite}, task {case.task}, sample {case.sample}: the prompt has {tokens:,}"
    said += f" tokens, and {limit:,} are allowed"
    if limit != case.budget.tokens:
        said += f" (the model's context less {answer:,} of the answer)"
    if case.budget.cut == "shots":
        return f"{said}, even without its examples"
    return f"{said}; the task may say what to leave out: 'budget: {{cut: middle}}'"


def _context(directory: Path) -> int | None:
    """The positions that config.json gives to the text model."""
    path = directory / "config.json"
    if not path.is_file():
        return None
    config: Any = read_json(path)
    text = config.get("text_config")
    found = (text if isinstance(text, dict) else config).get("max_position_embeddings")
    return found if isinstance(found, int) else config.get("n_positions")
