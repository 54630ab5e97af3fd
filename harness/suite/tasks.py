"""A task made ready: its templates compiled, its scorers built from their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.errors import Problem, UsageError
from harness.registry import SCORERS, suggest
from harness.types import Generation

from .load import Document, Step
from .model import Suite, Task
from .schema import shown, validated
from .scoring import BuiltScorer
from .template import Template, UnusableTemplateError, compile_template


@dataclass(frozen=True)
class LoadedTask:
    """A task with its templates compiled and its scorers built."""

    task: Task
    prompt: Template
    target: Template | None
    scorers: Mapping[str, BuiltScorer]

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @cached_property
    def generation(self) -> Generation | None:
        """How its answers are generated; None where they are chosen."""
        how = self.task.generate
        return None if how is None else Generation(how.max_tokens, how.stop)

    def uses(self) -> Iterator[tuple[str, tuple[Step, ...], frozenset[str]]]:
        """Which part of the task uses which fields of a row, and where it stands in the task."""
        yield "prompt", ("prompt",), self.prompt.variables
        if self.target is not None:
            yield "target", ("target",), self.target.variables
        for index, entry in enumerate(self.task.scorers):
            name = next(iter(entry))
            if name in self.scorers:
                fields = frozenset(self.scorers[name].fields())
                yield name, ("scorers", index, name), fields

    def misfits(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What of a row does not fit this task: which part of the task, and a sentence."""
        try:
            self.prompt.render(fields)
        except UnusableTemplateError as error:
            yield "prompt", str(error)
        if self.target is not None:
            try:
                target = self.target.render(fields)
            except UnusableTemplateError as error:
                yield "target", str(error)
            else:
                if self.task.choices and target not in self.task.choices:
                    hint = suggest(target, self.task.choices)
                    yield (
                        "choices",
                        f"target {shown(target)} is not among the choices"
                        + (f" ({hint})" if hint else ""),
                    )
        for name, scorer in self.scorers.items():
            for key in scorer.fields():
                if not isinstance(fields.get(key), str):
                    found = shown(fields[key]) if key in fields else "missing"
                    yield name, f"field '{key}' should be text for scorer '{name}', not {found}"


def load_tasks(spec: Suite, document: Document) -> tuple[dict[str, LoadedTask], list[Problem]]:
    """All tasks of a suite that could be made ready, and what is wrong with the others."""
    tasks: dict[str, LoadedTask] = {}
    problems: list[Problem] = []
    for index, task in enumerate(spec.tasks):
        steps = ("tasks", index)
        if task.name in tasks:
            problems.append(
                document.problem((*steps, "name"), f"a second task named '{task.name}'")
            )
        found = list(_shape(task, steps, document))
        templates: dict[str, Template] = {}
        for key in ("prompt", "target"):
            source = getattr(task, key)
            try:
                if source is not None:
                    templates[key] = compile_template(source)
            except UnusableTemplateError as error:
                found.append(document.problem((*steps, key), str(error)))
        scorers, wrong = _scorers(task, steps, document)
        found += wrong
        problems += found
        if "prompt" in templates and task.name not in tasks:
            tasks[task.name] = LoadedTask(
                task, templates["prompt"], templates.get("target"), scorers
            )
    return tasks, problems


def _shape(task: Task, steps: tuple[Step, ...], document: Document) -> Iterator[Problem]:
    if task.choices and task.generate:
        yield document.problem(
            (*steps, "choices"), "either choices or generate; not both", key=True
        )
    elif not task.choices and not task.generate:
        yield document.problem(steps, "missing key 'choices' or 'generate': how it is answered")
    if len(task.choices) == 1:
        yield document.problem((*steps, "choices"), "should have at least 2, not 1")
    for number, choice in enumerate(task.choices):
        if choice in task.choices[:number]:
            yield document.problem((*steps, "choices", number), f"choice '{choice}' a second time")


def _scorers(
    task: Task, steps: tuple[Step, ...], document: Document
) -> tuple[dict[str, BuiltScorer], list[Problem]]:
    built: dict[str, BuiltScorer] = {}
    problems: list[Problem] = []
    for index, entry in enumerate(task.scorers):
        (name, options), here = next(iter(entry.items())), (*steps, "scorers", index)
        try:
            model = SCORERS.load(name)
        except UsageError as error:
            problems.append(document.problem(here, str(error)))
            continue
        if not (isinstance(model, type) and issubclass(model, BuiltScorer)):
            problems.append(document.problem(here, f"'{name}' is no BuiltScorer: its plug-in errs"))
            continue
        scorer, wrong = validated(model, options, document, (*here, name))
        problems += wrong
        if name in built:
            problems.append(document.problem(here, f"scorer '{name}' a second time"))
        problems += (document.problem(here, reason) for reason in _unsuited(task, name, model))
        if scorer is not None:
            built[name] = scorer
    return built, problems


def _unsuited(task: Task, name: str, scorer: type[BuiltScorer]) -> Iterator[str]:
    """Why a scorer cannot score this task's answers."""
    if scorer.reads == "logprobs" and not task.choices:
        yield f"scorer '{name}' compares choices, and the task has none"
    if scorer.reads == "text" and task.choices and not task.generate:
        yield f"scorer '{name}' reads a generated answer, and the task's answers are chosen"
    if scorer.needs_target and task.target is None:
        yield f"scorer '{name}' needs a target, and the task has none"
