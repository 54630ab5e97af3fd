"""A task made ready: its templates compiled, its scorers built from their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

from harness.errors import Problem, UsageError
from harness.registry import EXTRACTORS, SCORERS, Registry, suggest, unknown
from harness.types import Budget, Generation

from .extraction import Extracting, Extractor
from .load import Document, Step
from .model import NAME, WHOLE, Suite, Task
from .prompt import Prompt, load_prompt
from .schema import shown, validated
from .scoring import BuiltScorer, Scorer
from .template import Template, UnusableTemplateError, compile_template


@dataclass(frozen=True)
class LoadedTask:
    """A task with its templates compiled and its scorers built."""

    task: Task
    prompt: Prompt
    target: Template | None
    scorers: Mapping[str, BuiltScorer]
    """By their names in the suite."""
    pipelines: Mapping[str, tuple[Extractor, ...]]
    """Of the scorers that read an extracted answer, by the scorer's name."""

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @cached_property
    def generation(self) -> Generation | None:
        """How its answers are generated; None where they are chosen."""
        how = self.task.generate
        if how is None:
            return None
        return Generation(how.max_tokens, how.stop, how.temperature, how.seed, how.repeats)

    @cached_property
    def budget(self) -> Budget:
        """How long its prompts may be."""
        limit = self.task.budget
        return Budget() if limit is None else Budget(limit.tokens, limit.cut or "")

    @cached_property
    def limits(self) -> Mapping[str, Any]:
        """Generation and budget as they enter the digest of each of its cases."""
        how = self.generation
        return {
            "generation": None if how is None else astuple(how),
            "budget": astuple(self.budget),
        }

    @cached_property
    def judges(self) -> Mapping[str, Scorer]:
        """What scores an answer, each shown what its pipeline extracts."""
        votes = self.task.reduce is not None and self.task.reduce.how == "majority"
        return {
            name: Extracting(self.pipelines.get(name, ()), scorer, votes)
            if votes or name in self.pipelines
            else scorer
            for name, scorer in self.scorers.items()
        }

    def binary(self, metric: str) -> bool:
        """Whether a case's score is 0 or 1, its repeats taken together."""
        how, reduce = self.task.generate, self.task.reduce
        if how is not None and how.repeats > 1:
            graded = reduce is None or reduce.how in ("mean", "pass_at")
            return self.scorers[metric].binary and not graded
        return self.scorers[metric].binary

    def versions(self) -> dict[str, list[str]]:
        """Of each scorer and what extracts for it: they enter the suite's digest."""
        return {
            name: [scorer.version, *(step.version for step in self.pipelines.get(name, ()))]
            for name, scorer in self.scorers.items()
        }

    def choices(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """What a row is answered with; UnusableTemplateError where its own choices are none."""
        field = self.task.choices_from
        if field is None:
            return self.task.choices
        found = fields.get(field)
        if not isinstance(found, list) or len(found) < 2:
            said = shown(found) if field in fields else "missing"
            raise UnusableTemplateError(f"field '{field}' should be a list of choices, not {said}")
        for number, choice in enumerate(found):
            if not isinstance(choice, str) or not choice:
                raise UnusableTemplateError(
                    f"field '{field}': choice {number + 1} should be text, not {shown(choice)}"
                )
            if choice in found[:number]:
                raise UnusableTemplateError(f"field '{field}': choice '{choice}' a second time")
        return tuple(found)

    def answer(self, fields: Mapping[str, Any]) -> str:
        """The target of a row that is shown as an example."""
        return "" if self.target is None else self.target.render(fields)

    def uses(self) -> Iterator[tuple[str, tuple[Step, ...], frozenset[str]]]:
        """Which part of the task uses which fields of a row, and where it stands in the task."""
        yield "prompt", (_asks(self.task),), self.prompt.variables
        if self.task.choices_from is not None:
            yield "choices_from", ("choices_from",), frozenset({self.task.choices_from})
        if self.target is not None:
            yield "target", ("target",), self.target.variables
        for index, entry in enumerate(self.task.scorers):
            name = scorer_name(entry)
            if name in self.scorers:
                fields = frozenset(self.scorers[name].fields())
                yield name, ("scorers", index, next(iter(entry))), fields

    def misfits(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What of a row does not fit this task: which part of the task, and a sentence."""
        try:
            self.prompt.render(fields)
        except UnusableTemplateError as error:
            yield "prompt", str(error)
        choices: tuple[str, ...] = ()
        try:
            choices = self.choices(fields)
        except UnusableTemplateError as error:
            yield "choices_from", str(error)
        if self.target is not None:
            try:
                target = self.target.render(fields)
            except UnusableTemplateError as error:
                yield "target", str(error)
            else:
                if choices and target not in choices:
                    hint = suggest(target, choices)
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
        prompt = target = None
        try:
            prompt = load_prompt(task) if task.chat or task.prompt else None
        except UnusableTemplateError as error:
            found.append(document.problem((*steps, _asks(task)), str(error)))
        try:
            target = None if task.target is None else compile_template(task.target)
        except UnusableTemplateError as error:
            found.append(document.problem((*steps, "target"), str(error)))
        extractors, wrong = _extractors(task, steps, document)
        found += wrong
        scorers, pipelines, wrong = _scorers(task, extractors, steps, document)
        found += wrong
        problems += found
        if prompt is not None and task.name not in tasks:
            tasks[task.name] = LoadedTask(task, prompt, target, scorers, pipelines)
    return tasks, problems


def _asks(task: Task) -> str:
    """The key under which a task says what it asks."""
    return "chat" if task.chat else "prompt"


def scorer_name(entry: Mapping[str, Any]) -> str:
    """How a scorer is called in its suite: its ``name:``, else what it is."""
    ((kind, options),) = entry.items()
    named = options.get("name") if isinstance(options, Mapping) else None
    return named if isinstance(named, str) else kind


def _shape(task: Task, steps: tuple[Step, ...], document: Document) -> Iterator[Problem]:
    yield from _asking(task, steps, document)
    ways = [
        key
        for key, said in (
            ("choices", task.choices), ("choices_from", task.choices_from),
            ("generate", task.generate), ("rolling", task.rolling),
        )
        if said
    ]  # fmt: skip
    if len(ways) > 1:
        message = f"either {' or '.join(ways)}; not both"
        yield document.problem((*steps, ways[0]), message, key=True)
    elif not ways:
        message = (
            "missing key 'choices', 'choices_from', 'generate' or 'rolling': how it is answered"
        )
        yield document.problem(steps, message)
    if len(task.choices) == 1:
        yield document.problem((*steps, "choices"), "should have at least 2, not 1")
    for number, choice in enumerate(task.choices):
        if choice in task.choices[:number]:
            yield document.problem((*steps, "choices", number), f"choice '{choice}' a second time")
    if task.unconditional is not None and not task.chosen:
        message = "belongs to choices, and the task has none"
        yield document.problem((*steps, "unconditional"), message, key=True)
    if task.extract is not None and task.generate is None:
        message = "belongs to generated answers, and the task's are not"
        yield document.problem((*steps, "extract"), message, key=True)
    yield from _reduction(task, steps, document)


def _asking(task: Task, steps: tuple[Step, ...], document: Document) -> Iterator[Problem]:
    if task.prompt is None and not task.chat:
        yield document.problem(steps, "missing key 'prompt' or 'chat': what it asks")
    elif task.prompt is not None and task.chat:
        yield document.problem((*steps, "chat"), "either prompt or chat; not both", key=True)
    if task.tools is not None and not task.chat:
        message = "belongs to a chat, and the task has a prompt"
        yield document.problem((*steps, "tools"), message, key=True)
    if task.rolling and (task.chat or task.few_shot):
        message = "measures a plain text, without chat and examples"
        yield document.problem((*steps, "rolling"), message, key=True)
    if task.few_shot is not None and task.target is None:
        message = "examples are shown with their answers, and the task has no target"
        yield document.problem((*steps, "few_shot"), message, key=True)
    cut = task.budget.cut if task.budget else None
    if cut == "shots" and task.few_shot is None:
        yield document.problem((*steps, "budget", "cut"), "there is no few_shot to cut")


def _reduction(task: Task, steps: tuple[Step, ...], document: Document) -> Iterator[Problem]:
    if task.reduce is None:
        return
    here = (*steps, "reduce")
    how, k = task.reduce.how, task.reduce.k
    repeats = task.generate.repeats if task.generate else 1
    if repeats == 1:
        yield document.problem(here, "belongs to repeats, and the task's answers have none")
    elif task.reduce.counts and k is None:
        yield document.problem(here, f"how many? write {{{how}: 2}}")
    elif not task.reduce.counts and k is not None:
        yield document.problem(here, f"'{how}' takes no number")
    elif k is not None and k > repeats:
        yield document.problem(here, f"{how} {k} of {repeats} repeats")


def _extractors(
    task: Task, steps: tuple[Step, ...], document: Document
) -> tuple[dict[str, tuple[Extractor, ...]], list[Problem]]:
    """The task's pipelines by name."""
    built: dict[str, tuple[Extractor, ...]] = {}
    problems: list[Problem] = []
    for name, entries in (task.extract or {}).items():
        inside = () if name == WHOLE else (name,)
        pipeline: list[Extractor] = []
        for index, entry in enumerate(entries):
            ((kind, options),) = entry.items()
            here = (*steps, "extract", *inside, index)
            model, wrong = plugged(EXTRACTORS, kind, Extractor, here, document)
            problems += wrong
            if model is None:
                continue
            if not isinstance(options, Mapping) and model.short:
                options = {model.short: options}
            step, wrong = validated(model, options, document, (*here, kind))
            problems += wrong
            if step is not None:
                pipeline.append(step)
        built[name] = tuple(pipeline)
    return built, problems


def _scorers(
    task: Task,
    extractors: Mapping[str, tuple[Extractor, ...]],
    steps: tuple[Step, ...],
    document: Document,
) -> tuple[dict[str, BuiltScorer], dict[str, tuple[Extractor, ...]], list[Problem]]:
    """The task's scorers, and the pipelines of those that have one, by the scorer's name."""
    built: dict[str, BuiltScorer] = {}
    pipelines: dict[str, tuple[Extractor, ...]] = {}
    problems: list[Problem] = []
    for index, entry in enumerate(task.scorers):
        ((kind, options),) = entry.items()
        here = (*steps, "scorers", index)
        model, wrong = plugged(SCORERS, kind, BuiltScorer, here, document)
        problems += wrong
        if model is None:
            continue
        name, of = scorer_name(entry), None
        if isinstance(options, Mapping):
            problems += _common(options, extractors, (*here, kind), document)
            of = options.get("of")
            options = {key: options[key] for key in options if key not in ("of", "name")}
        scorer, wrong = validated(model, options, document, (*here, kind))
        problems += wrong
        if name in built:
            hint = "" if name != kind else "; give one of them a name:"
            problems.append(document.problem(here, f"scorer '{name}' a second time{hint}"))
        problems += (document.problem(here, reason) for reason in unsuited(task, kind, model))
        if scorer is None:
            continue
        misfit = scorer.unsuited(task)
        if misfit:
            problems.append(document.problem((*here, kind), f"scorer '{kind}' {misfit}"))
        built[name] = scorer
        pipeline = extractors.get(of if isinstance(of, str) else WHOLE, ())
        if pipeline and model.reads in ("text", "answer"):
            pipelines[name] = pipeline
    return built, pipelines, problems


def plugged(
    registry: Registry, name: str, base: type[Any], here: tuple[Step, ...], document: Document
) -> tuple[Any, list[Problem]]:
    """A class by its name in a registry, or None and why it cannot be used."""
    try:
        model = registry.load(name)
    except UsageError as error:
        return None, [document.problem(here, str(error))]
    if not (isinstance(model, type) and issubclass(model, base)):
        message = f"'{name}' is no {base.__name__}: its plug-in errs"
        return None, [document.problem(here, message)]
    return model, []


def _common(
    options: Mapping[str, Any],
    extractors: Mapping[str, Any],
    here: tuple[Step, ...],
    document: Document,
) -> Iterator[Problem]:
    """What is wrong with the two options that every scorer has, ``of`` and ``name``."""
    of, name = options.get("of"), options.get("name")
    named = sorted(extractors.keys() - {WHOLE})
    if "of" in options and of not in named:
        message = unknown("extraction", of, named) if isinstance(of, str) else "should be text"
        yield document.problem((*here, "of"), message)
    if "name" in options and not (isinstance(name, str) and NAME.fullmatch(name)):
        message = f"should be made of letters, digits and ._/- only, not {shown(name)}"
        yield document.problem((*here, "name"), message)


def unsuited(task: Task, name: str, scorer: type[BuiltScorer]) -> Iterator[str]:
    """Why a scorer cannot score this task's answers."""
    if scorer.reads == "rolling" and not task.rolling:
        yield f"scorer '{name}' measures whole texts; the task is not 'rolling: true'"
    if scorer.reads not in ("rolling", "cost") and task.rolling:
        yield f"scorer '{name}' reads an answer, and the task is rolling: it has none"
    if scorer.reads == "logprobs" and not (task.chosen or task.rolling):
        yield f"scorer '{name}' compares choices, and the task has none"
    if scorer.reads == "text" and task.chosen and not task.generate:
        yield f"scorer '{name}' reads a generated answer, and the task's answers are chosen"
    if scorer.needs_target and task.target is None:
        yield f"scorer '{name}' needs a target, and the task has none"
