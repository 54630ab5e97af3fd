"""Rubrics that a judge grades: how he is asked, and what his grades are worth.

The wordings below carry a version: with another one, grades are not comparable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Problem

from .dataset import Reading, Sample
from .digest import digest
from .load import Document
from .model import Data, Labels, Rubric, Suite
from .root import display, inside
from .tasks import LoadedTask
from .template import Template, UnusableTemplateError, compile_template

VERSION = "1"
FIRST, SECOND, TIE = "A", "B", "tie"
"""What a judge who compares two answers may say."""
_COMMON = """\
Criterion: {{ criterion }}
{% for grade in scale %}{{ grade.value }}: {{ grade.meaning }}
{% endfor %}
Question:
{{ question }}
{% if target %}
Reference answer:
{{ target }}
{% endif %}
"""
GRADING = f"""\
You grade an answer to a question by one criterion, on the scale below.

{_COMMON}
Answer:
{{{{ answer }}}}

Grade, one number of the scale and nothing else:"""
COMPARING = f"""\
You compare two answers to a question by one criterion.

{_COMMON}
Answer A:
{{{{ answer }}}}

Answer B:
{{{{ other }}}}

Which answer is better by the criterion? Say A, B or tie:"""
_NUMBER = re.compile(r"(?<![\w.,-])-?\d+(?![\w]|[.,]\d)")
_SAID = re.compile(r"\b(A|B|tie)\b")


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer that people have graded."""

    sample: str
    cluster: str
    question: str
    target: str | None
    answer: str
    grade: float
    arm: str


@dataclass(frozen=True, slots=True)
class LoadedRubric:
    """A judged rubric made ready."""

    rubric: Rubric
    template: Template
    source: str
    """The template's text."""
    labelled: tuple[Labelled, ...]

    @property
    def digest(self) -> str:
        """Identity of how the judge is asked: wording, criteria, and how his answer is read."""
        criteria = {name: each.scale for name, each in self.rubric.criteria.items()}
        assert self.rubric.judge is not None
        said = self.rubric.judge.model_dump(mode="json", exclude={"labels"})
        return digest(
            {"template": self.source, "criteria": _texts(criteria), "judge": said, "v": VERSION}
        )

    def questions(
        self, question: str, target: str | None, answer: str, other: str = ""
    ) -> Iterator[tuple[tuple[int, ...], str]]:
        """For each criterion its grades, ascending, and what the judge is asked."""
        for name, criterion in self.rubric.criteria.items():
            grades = sorted(criterion.scale)
            shown = [{"value": value, "meaning": criterion.scale[value]} for value in grades]
            fields = {
                "criterion": name.replace("_", " "),
                "scale": shown,
                "question": question,
                "target": target or "",
                "answer": answer,
                "other": other,
            }
            yield tuple(grades), self.template.render(fields)


def _texts(criteria: Mapping[str, Mapping[int, str]]) -> dict[str, dict[str, str]]:
    return {n: {str(value): text for value, text in scale.items()} for n, scale in criteria.items()}


def read_grade(text: str, grades: Sequence[int]) -> int | None:
    """The first whole number that a judge wrote; None where it is no grade, or there is none."""
    found = _NUMBER.search(text)
    value = int(found[0]) if found and len(found[0]) < 10 else None
    return value if value in grades else None


def read_choice(text: str) -> str | None:
    """Which answer a judge wrote is better: A, B or tie; None where he wrote none or several."""
    said = set(_SAID.findall(text))
    return said.pop() if len(said) == 1 else None


def share(grade: float, grades: Sequence[int]) -> float:
    """A grade as a score: 0 for the lowest of the scale, 1 for the highest."""
    return (grade - grades[0]) / (grades[-1] - grades[0])


def load_rubrics(
    folder: Path, root: Path, spec: Suite, tasks: Mapping[str, LoadedTask], document: Document
) -> tuple[dict[str, LoadedRubric], list[Problem]]:
    """All judged rubrics that could be made ready, by name, and what is wrong with the others."""
    rubrics: dict[str, LoadedRubric] = {}
    problems: list[Problem] = []
    for index, rubric in enumerate(spec.rubrics):
        if rubric.judge is None:
            continue
        here = ("rubrics", index, "judge")
        source = rubric.judge.template or (COMPARING if rubric.judge.pairwise else GRADING)
        try:
            template = compile_template(source)
        except UnusableTemplateError as error:
            problems.append(document.problem((*here, "template"), str(error)))
            continue
        needed = {"answer", "other"} if rubric.judge.pairwise else {"answer"}
        for name in sorted(needed - template.variables):
            message = f"the judge is not shown '{name}'; write {{{{ {name} }}}} where it belongs"
            problems.append(document.problem((*here, "template"), message))
        known = {"criterion", "scale", "question", "target", "answer", "other"}
        for name in sorted(template.variables - known):
            message = f"no field '{name}' (there is {', '.join(sorted(known))})"
            problems.append(document.problem((*here, "template"), message))
        task, labels = tasks.get(rubric.task), rubric.judge.labels
        labelled: list[Labelled] = []
        if labels is not None and task is not None and spec.data is not None:
            try:
                file = inside(labels.path, folder, root)
            except ValueError as error:
                problems.append(document.problem((*here, "labels", "path"), str(error)))
                continue
            labelled, wrong = _labelled(file, spec.data, labels, rubric, task)
            problems += wrong
        rubrics[rubric.name] = LoadedRubric(rubric, template, source, tuple(labelled))
    return rubrics, problems


def _labelled(
    file: Path, data: Data, labels: Labels, rubric: Rubric, task: LoadedTask
) -> tuple[list[Labelled], list[Problem]]:
    own = Data(path=labels.path, fields=data.fields, id=None)
    reading = Reading(file, display(file), own)
    found: list[Labelled] = []
    problems: list[Problem] = []
    grades = [value for criterion in rubric.criteria.values() for value in criterion.scale]
    for row in reading:
        if isinstance(row, Problem):
            problems.append(row)
            continue
        try:
            found.append(_label(row, labels, task, (min(grades), max(grades))))
        except (ValueError, UnusableTemplateError) as error:
            problems.append(reading.problem(row.line, str(error)))
    return found, problems


def _label(row: Sample, labels: Labels, task: LoadedTask, bounds: tuple[int, int]) -> Labelled:
    """ValueError with a sentence where answer or grade are missing or misshapen."""
    answer, grade = row.fields.get(labels.answer), row.fields.get(labels.grade)
    if not isinstance(answer, str):
        raise ValueError(f"field '{labels.answer}' should be the answer as text")
    number = isinstance(grade, int | float) and not isinstance(grade, bool)
    if not number or not bounds[0] <= float(grade or 0) <= bounds[1]:
        raise ValueError(
            f"field '{labels.grade}' should be a grade from {bounds[0]} to {bounds[1]}, not {grade}"
        )
    arm = row.fields.get(labels.arm) if labels.arm else ""
    if not isinstance(arm, str):
        raise ValueError(f"field '{labels.arm}' should name who answered")
    question = task.prompt.render(row.fields).prompt
    target = task.answer(row.fields) if task.target else None
    return Labelled(row.id, row.cluster, question, target, answer, float(grade or 0), arm)
