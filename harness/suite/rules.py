"""What one part of a suite says about another: names that must exist, and be given once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.errors import Problem
from harness.registry import unknown
from harness.types import Claim

from .load import Document, Step
from .model import Check, HandCase, Mutation, Rubric, Suite
from .scoring import CorpusScorer
from .tasks import LoadedTask, scorer_name
from .template import UnusableTemplateError

Item = Check | Rubric | Mutation | HandCase


def check_references(
    spec: Suite, tasks: Mapping[str, LoadedTask], document: Document
) -> Iterator[Problem]:
    """Problems of a suite whose parts are each well formed."""
    named = [task.name for task in spec.tasks]
    if not (spec.cases or spec.mutations or spec.rubrics or spec.checks):
        yield document.problem((), "nothing to check; add cases, mutations, rubrics or checks")
    yield from _given_twice(spec, document)
    for index, declared in enumerate(spec.tasks):
        if declared.few_shot is not None and spec.data is None:
            message = "draws rows of the suite's data, and it has no 'data'"
            yield document.problem(("tasks", index, "few_shot"), message, key=True)
    for steps, item in _items(spec):
        if item.task not in named:
            yield document.problem((*steps, "task"), unknown("task", item.task, named))
        task = tasks.get(item.task)
        if isinstance(item, HandCase):
            yield from _case(item, task, steps, document)
        elif spec.data is None:
            yield document.problem(steps, "needs samples, and the suite has no 'data'")
        if isinstance(item, Check) and task is not None:
            scorers = [scorer_name(entry) for entry in task.task.scorers]
            if item.metric not in scorers:
                message = unknown(f"metric of task '{item.task}'", item.metric, scorers)
                yield document.problem((*steps, "metric"), message)
            yield from _method(item, task, spec, steps, document)
            yield from _limit(item, task, steps, document)


def item_name(item: Item) -> str:
    """How an item is called within its suite, and in its node id: ``task.name``."""
    return f"{item.task}.{item.id if isinstance(item, HandCase) else item.name}"


def _method(
    check: Check, task: LoadedTask, spec: Suite, steps: tuple[Step, ...], document: Document
) -> Iterator[Problem]:
    """What a check asks of statistics must fit the data and the scores."""
    clustered = spec.data is not None and spec.data.cluster is not None
    scorer = task.scorers.get(check.metric)
    if check.method == "exact" and clustered:
        message = "the exact test needs independent rows, and 'data' names a cluster"
        yield document.problem((*steps, "method"), message)
    if check.method == "exact" and scorer is not None and not task.binary(check.metric):
        message = f"the exact test needs right-or-wrong scores, and '{check.metric}' is graded"
        yield document.problem((*steps, "method"), message)
    reduce = task.task.reduce
    if reduce is not None and reduce.how != "mean" and isinstance(scorer, CorpusScorer):
        message = f"'{check.metric}' is a metric of the whole set, whose repeats are averaged"
        yield document.problem((*steps, "metric"), f"{message}, not reduced by {reduce.how}")
    if check.sequential and isinstance(scorer, CorpusScorer):
        message = f"'{check.metric}' is a metric of the whole set, which has no early looks"
        yield document.problem((*steps, "sequential"), message)
    if check.max_per_cluster is not None and not clustered:
        message = "'data' names no cluster of which rows could be left out"
        yield document.problem((*steps, "max_per_cluster"), message)


def _limit(
    check: Check, task: LoadedTask, steps: tuple[Step, ...], document: Document
) -> Iterator[Problem]:
    """A share has a limit below 1; what is no share has a margin that only its author knows."""
    scorer = task.scorers.get(check.metric)
    if isinstance(scorer, CorpusScorer) and not scorer.bounded:
        if check.claims is Claim.NOT_WORSE and check.margin is None:
            message = f"'{check.metric}' is no share, so the policy's margin says nothing of it"
            yield document.problem(steps, f"{message}; missing key 'margin'")
        return
    for key in ("margin", "min", "max"):
        limit = getattr(check, key)
        if limit is not None and limit >= 1:
            yield document.problem((*steps, key), f"should be less than 1, not {limit:g}")


def _given_twice(spec: Suite, document: Document) -> Iterator[Problem]:
    """An item's name is a node id, a case's id is its sample: neither may name two things."""
    lines: dict[str, int] = {}
    for steps, item in _items(spec):
        names = [f"item '{item_name(item)}'"]
        if isinstance(item, HandCase):
            names.append(f"case '{item.id}'")
        twice = next((name for name in names if name in lines), None)
        if twice:
            message = f"a second {twice} (the first is in line {lines[twice]})"
            yield document.problem(steps, message)
        lines.update({name: document.place(steps)[0] for name in names if name not in lines})


def _items(spec: Suite) -> Iterator[tuple[tuple[Step, ...], Item]]:
    for key in ("cases", "mutations", "rubrics", "checks"):
        for index, item in enumerate(getattr(spec, key)):
            yield (key, index), item


def _case(
    case: HandCase, task: LoadedTask | None, steps: tuple[Step, ...], document: Document
) -> Iterator[Problem]:
    """A hand-written case must fill its task's prompt."""
    if task is None:
        return
    if case.rate is not None and (task.generation is None or task.generation.repeats == 1):
        message = f"belongs to repeats, and task '{task.name}' has none; each answer must hold"
        yield document.problem((*steps, "rate"), message)
    absent = sorted(task.prompt.variables - case.input.keys())
    try:
        task.prompt.render(case.input)
    except UnusableTemplateError as error:
        message = f"the prompt of task '{task.name}' {error}"
        if absent:
            message = f"missing {_quoted(absent)}, which the prompt of task '{task.name}' uses"
        yield document.problem((*steps, "input"), message)
    try:
        task.choices(case.input)
    except UnusableTemplateError as error:
        yield document.problem((*steps, "input"), str(error))


def _quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
