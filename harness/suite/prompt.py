"""What a model is shown: a plain text or the messages of a chat, with few-shot examples before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .messages import check_messages
from .model import Task, Turn
from .template import Template, UnusableTemplateError, compile_template

Fields = Mapping[str, Any]
SPLICED = "messages"
"""The turn that stands for the messages in a field of the row."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One rendered question; see the fields of ``Case`` of the same names."""

    prompt: str
    messages: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    shots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plain:
    """A text that the answer continues."""

    template: Template
    separator: str = ""
    """Between an example and what follows it."""

    @property
    def variables(self) -> frozenset[str]:
        """The fields that it uses."""
        return self.template.variables

    def render(self, fields: Fields, shots: Sequence[tuple[Fields, str]] = ()) -> Asked:
        """The text for a row; ``shots`` are rows with their answers."""
        examples = [self._example(row, answer) for row, answer in shots]
        text = "".join(examples) + self.template.render(fields)
        return Asked(text, shots=tuple(map(len, examples)))

    def _example(self, fields: Fields, answer: str) -> str:
        """A choice follows its prompt after one space, unless one is there; so do examples."""
        text = self.template.render(fields)
        space = "" if not text or text[-1].isspace() else " "
        return f"{text}{space}{answer}{self.separator}"


@dataclass(frozen=True, slots=True)
class Chat:
    """Messages for the model's own chat template."""

    turns: tuple[tuple[str, Template | str], ...]
    """Role and content, or ``SPLICED`` and the name of a field."""
    tools: str | None = None
    """The field that holds the functions which the model may call."""

    @property
    def variables(self) -> frozenset[str]:
        """The fields that it uses."""
        fields = set() if self.tools is None else {self.tools}
        for _, content in self.turns:
            fields |= {content} if isinstance(content, str) else content.variables
        return frozenset(fields)

    def render(self, fields: Fields, shots: Sequence[tuple[Fields, str]] = ()) -> Asked:
        """The messages for a row; examples stand after the system's."""
        messages = list(self._messages(fields))
        lead = next((i for i, m in enumerate(messages) if m["role"] != "system"), len(messages))
        examples = [
            [*(m for m in self._messages(row) if m["role"] != "system"),
             {"role": "assistant", "content": answer}]
            for row, answer in shots
        ]  # fmt: skip
        messages[lead:lead] = [message for example in examples for message in example]
        return Asked(
            "\n".join(f"{message['role']}: {_text(message)}" for message in messages),
            tuple(messages),
            self._tools(fields),
            tuple(map(len, examples)),
        )

    def _messages(self, fields: Fields) -> Iterator[Mapping[str, Any]]:
        for role, content in self.turns:
            if isinstance(content, Template):
                yield {"role": role, "content": content.render(fields)}
                continue
            found = _field(fields, content)
            wrong = check_messages(found)
            if wrong is not None:
                raise UnusableTemplateError(f"field '{content}' holds no messages: {wrong}")
            yield from found

    def _tools(self, fields: Fields) -> tuple[Mapping[str, Any], ...]:
        if self.tools is None:
            return ()
        found = _field(fields, self.tools)
        if not isinstance(found, list) or not all(isinstance(tool, dict) for tool in found):
            raise UnusableTemplateError(f"field '{self.tools}' should be a list of functions")
        return tuple(found)


Prompt = Plain | Chat


def load_prompt(task: Task) -> Prompt:
    """The prompt of a task; UnusableTemplateError says what is wrong with a template."""
    if task.chat:
        return Chat(tuple(_turn(turn) for turn in task.chat), task.tools)
    assert task.prompt is not None
    shots = task.few_shot
    return Plain(compile_template(task.prompt), "" if shots is None else shots.separator)


def _turn(turn: Turn) -> tuple[str, Template | str]:
    role, content = turn.said
    return role, content if role == SPLICED else compile_template(content)


def _field(fields: Fields, name: str) -> Any:
    if name not in fields:
        raise UnusableTemplateError(f"cannot be rendered: '{name}' is undefined")
    return fields[name]


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    return str(content or "")
