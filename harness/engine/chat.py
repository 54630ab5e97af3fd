"""Messages as one text, by the chat template that a base model brings along."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import EngineError

TODAY = datetime(2024, 7, 26, tzinfo=UTC)
"""What templates that name the day are told, so that a prompt is the same tomorrow."""


class ChatTemplate:
    """The template of a base model directory, rendered as transformers does.

    EngineError where the directory has none.
    """

    def __init__(self, base: str | os.PathLike[str]) -> None:
        """Read chat_template.jinja, or the template in tokenizer_config.json."""
        from transformers import PreTrainedTokenizerFast

        self._base = Path(base)
        try:
            self._tokenizer: Any = PreTrainedTokenizerFast.from_pretrained(
                self._base, local_files_only=True
            )
        except (OSError, ValueError) as error:
            raise EngineError(
                f"{self._base}: no tokenizer with a chat template: {error}"
            ) from error
        if not self._tokenizer.chat_template:
            raise EngineError(
                f"{self._base}: no chat template, which a task with 'chat' needs; add"
                " chat_template.jinja to the base model, or ask by 'prompt'"
            )

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """The text up to where the model answers, special tokens included.

        A last message of the assistant is the beginning of the answer. EngineError with what
        the template objects to, such as roles that do not alternate.
        """
        begun = messages[-1]["role"] == "assistant"
        known = [dict(tool) for tool in tools] or None
        try:
            _stop_the_clock(self._tokenizer.get_chat_template(tools=known))
            text = self._tokenizer.apply_chat_template(
                [dict(message) for message in messages],
                tools=known,
                tokenize=False,
                add_generation_prompt=not begun,
                continue_final_message=begun,
            )
        except Exception as error:  # a template is a program of the model's maker
            raise EngineError(f"the chat template of {self._base} fails: {error}") from error
        return str(text)


def _stop_the_clock(template: str) -> None:
    """Have a template's ``strftime_now`` say what ``TODAY`` is.

    transformers compiles a text once and keeps it; it passes no function on to a template.
    """
    from transformers.utils.chat_template_utils import _compile_jinja_template

    _compile_jinja_template(template).globals["strftime_now"] = TODAY.strftime
