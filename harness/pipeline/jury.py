"""Judges: asked about answers once these are known, each about an answer once.

A judge is an arm of the gate or a model behind a server. Where he cannot grade an answer it has
no score, and what is measured by it is NOT_MEASURED.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from harness.engine.reading import Reader
from harness.gate.check import Declared
from harness.gate.counted import ScoreTable
from harness.gate.declare import JUDGING
from harness.gate.judges import Graded, agreement
from harness.scorers.answer import answer
from harness.suite.judging import LoadedRubric, read_choice, read_grade, share
from harness.suite.policy import Policy, ServedJudge
from harness.types import Arm, Case, JudgeQuality, Output, Role, Score

from .arms import Arms
from .execute import Asked, Execution
from .judges import CHOICES, WORTH, Judge, own, served, weights
from .plan import Plan
from .suites import GatedSuite


class Grade(NamedTuple):
    """What a judge said of one answer, or of two; None and why where he did not."""

    value: float | None
    """From 0 to 1."""
    reason: str
    spread: float | None = None
    """Standard deviation over several runs."""
    consistent: bool | None = None
    """Of two answers: whether both orders agree."""


@dataclass
class Record:
    """What the judge of one rubric did in this run."""

    judge: Judge
    rubric: LoadedRubric
    grades: dict[tuple[str, ...], Grade] = field(default_factory=dict)
    """By what was graded: case, arm and repeat, or case and two arms."""


class Jury:
    """The judges of one gate."""

    def __init__(
        self,
        suites: Mapping[str, GatedSuite],
        arms: Arms,
        plan: Plan,
        readers: Mapping[str, Reader],
        numerics: Mapping[str, str],
        policy: Policy,
        execution: Execution,
        known: Callable[[Sequence[str]], Mapping[str, Output]],
    ) -> None:
        """``known`` are outputs of earlier runs by their keys."""
        self._suites, self._arms, self._plan = suites, arms, plan
        self._readers, self._numerics, self._policy = readers, numerics, policy
        self._execution, self._known = execution, known
        self.served: dict[str, ServedJudge] = {}
        """Judges behind servers, by what stands for their base model."""
        self._records: dict[tuple[str, str], Record] = {}
        self._qualities: dict[tuple[str, str], JudgeQuality] = {}

    @property
    def qualities(self) -> tuple[JudgeQuality, ...]:
        """Of each rubric that was judged."""
        return tuple(self._quality(suite, record) for (suite, _), record in self._records.items())

    def scores(self, declared: Declared, candidate: Arm, reference: Arm | None) -> ScoreTable:
        """The scores by which a judged rubric is measured, the judge asked where he was not yet."""
        record = self._record(declared)
        if record.rubric.rubric.judge is not None and record.rubric.rubric.judge.pairwise:
            return self._compare(declared, record, candidate, reference or self._arms.baseline)
        self._grade(declared, record, [arm for arm in (candidate, reference) if arm is not None])
        return self._execution.scores

    def _record(self, declared: Declared) -> Record:
        place = (declared.suite, declared.metric)
        if place not in self._records:
            suite = self._suites[declared.suite].suite
            rubric = suite.rubrics[declared.metric.partition("/")[2]]
            assert rubric.rubric.judge is not None
            judge = self._judge(rubric.rubric.judge.by, declared.suite)
            self._records[place] = Record(judge, rubric)
        return self._records[place]

    def _judge(self, by: str, suite: str) -> Judge:
        if by in [role.value for role in JUDGING]:
            arm = self._arms.serving(self._arms.reference(Role(by)), suite)
            return own(by, arm, self._readers[arm.base], self._numerics[arm.executor])
        judge = served(by, self._policy.judges[by])
        self.served[judge.base] = self._policy.judges[by]
        return judge

    def _grade(self, declared: Declared, record: Record, arms: Sequence[Arm]) -> None:
        """Have each answer graded that is not, and keep the scores."""
        asked: dict[tuple[str, ...], list[list[Asked]]] = {}
        scales: list[tuple[int, ...]] = []
        places: dict[tuple[str, ...], tuple[Case, Arm, int]] = {}
        for case, arm, repeat, output in self._answers(declared, arms):
            place: tuple[str, ...] = (case.digest, arm.digest, str(repeat))
            if place in record.grades or place in places:
                continue
            places[place] = (case, arm, repeat)
            text, reason = answer(case, output)
            if text is None:
                record.grades[place] = Grade(None, reason)
                continue
            scales, asked[place] = self._questions(record, case.prompt, case.target, text)
        self._ask(record, asked)
        for place, runs in asked.items():
            record.grades[place] = self._graded(runs, scales)
        metric = declared.metric
        self._execution.take(
            [
                Score(case.digest, arm.digest, metric, *record.grades[place][:2], repeat)
                for place, (case, arm, repeat) in places.items()
            ]
        )

    def _questions(
        self, record: Record, question: str, target: str | None, text: str, other: str = ""
    ) -> tuple[list[tuple[int, ...]], list[list[Asked]]]:
        """The scales of the criteria, and by run and criterion what the judge is asked."""
        rubric, judge = record.rubric, record.rubric.rubric.judge
        assert judge is not None
        asked = list(rubric.questions(question, target, text, other))
        scales = [grades for grades, _ in asked]
        words = [CHOICES if judge.pairwise else tuple(map(str, scale)) for scale in scales]
        return scales, [
            [
                record.judge.ask(rubric, said, choice, run)
                for (_, said), choice in zip(asked, words, strict=True)
            ]
            for run in range(judge.runs)
        ]

    def _ask(
        self, record: Record, asked: Mapping[tuple[str, ...], Sequence[Sequence[Asked]]]
    ) -> None:
        requests = {
            request.key: request for runs in asked.values() for run in runs for request in run
        }
        known = self._known(list(requests))
        self._execution.ask(requests, record.judge.base, known)

    def _graded(self, runs: Sequence[Sequence[Asked]], scales: Sequence[tuple[int, ...]]) -> Grade:
        """The mean over runs and criteria; None where any is missing."""
        values: list[float] = []
        for run in runs:
            grades: list[float] = []
            for request, scale in zip(run, scales, strict=True):
                found, reason = self._said(request, scale)
                if found is None:
                    return Grade(None, reason)
                grades.append(share(found, scale))
            values.append(math.fsum(grades) / len(grades))
        mean = min(1.0, math.fsum(values) / len(values))
        spread = statistics.stdev(values) if len(values) > 1 else None
        shown = ", ".join(f"{value:.2f}" for value in values)
        return Grade(mean, f"grades {shown} of 1" if len(values) > 1 else "", spread)

    def _said(self, request: Asked, scale: Sequence[int]) -> tuple[float | None, str]:
        """The grade in one output: expected where likelihoods are there, else as written."""
        output = self._execution.outputs.get(request.key)
        if output is None or output.error is not None:
            return None, f"the judge failed: {self._failure(output)}"
        expected = weights(output, len(scale))
        if expected is not None:
            return math.fsum(w * grade for w, grade in zip(expected, scale, strict=True)), ""
        grade = read_grade(output.text or "", scale)
        if grade is None:
            return (
                None,
                f"the judge wrote {output.text!r:.80}, no grade from {scale[0]} to {scale[-1]}",
            )
        return float(grade), ""

    def _failure(self, output: Output | None) -> str:
        return (output.error if output else self._execution.problem) or "he gave no answer"

    def _compare(
        self, declared: Declared, record: Record, candidate: Arm, reference: Arm
    ) -> ScoreTable:
        """The scores of two arms beside each other: 1 won, 0.5 a tie, 0 lost."""
        texts: dict[tuple[str, str], str | None] = {}
        for case, arm, repeat, output in self._answers(declared, [candidate, reference]):
            if repeat == 0:
                texts[case.digest, arm.digest] = answer(case, output)[0]
        asked: dict[tuple[str, ...], list[list[Asked]]] = {}
        for case in declared.cases:
            place: tuple[str, ...] = (case.digest, candidate.digest, reference.digest)
            one, other = (texts.get((case.digest, a.digest)) for a in (candidate, reference))
            if place in record.grades:
                continue
            if one is None or other is None:
                record.grades[place] = Grade(None, "one of the two gave no answer")
                continue
            _, forth = self._questions(record, case.prompt, case.target, one, other)
            _, back = self._questions(record, case.prompt, case.target, other, one)
            asked[place] = [a + b for a, b in zip(forth, back, strict=True)]
        self._ask(record, asked)
        for place, runs in asked.items():
            record.grades[place] = self._compared(runs)
        scores: dict[tuple[str, str, str], list[Score]] = {}
        for case in declared.cases:
            grade = record.grades[case.digest, candidate.digest, reference.digest]
            for arm, rival, value in (
                (candidate, reference, grade.value),
                (reference, candidate, None if grade.value is None else 1 - grade.value),
            ):
                kept = f"{declared.metric} beside {rival.name}"
                score = Score(case.digest, arm.digest, kept, value, grade.reason)
                scores[case.digest, arm.digest, declared.metric] = [score]
                if (case.digest, arm.digest, kept) not in self._execution.scores:
                    self._execution.take([score])
        return scores

    def _compared(self, runs: Sequence[Sequence[Asked]]) -> Grade:
        """The mean over runs and criteria of who won, a tie where the orders disagree."""
        values: list[float] = []
        agreed: list[bool] = []
        for run in runs:
            half = len(run) // 2
            for forth, back in zip(run[:half], run[half:], strict=True):
                first, reason = self._chose(forth)
                second, other = self._chose(back)
                if first is None or second is None:
                    return Grade(None, reason or other)
                won, lost = WORTH[first], WORTH[second]
                agreed.append(won == 1 - lost)
                values.append(won if agreed[-1] else 0.5)
        mean = math.fsum(values) / len(values)
        spread = statistics.stdev(values) if len(runs) > 1 else None
        said = "" if all(agreed) else "the judge said otherwise in the other order"
        return Grade(mean, said, spread, all(agreed))

    def _chose(self, request: Asked) -> tuple[str | None, str]:
        output = self._execution.outputs.get(request.key)
        if output is None or output.error is not None:
            return None, f"the judge failed: {self._failure(output)}"
        likely = weights(output, len(CHOICES))
        if likely is not None:
            return CHOICES[likely.index(max(likely))], ""
        choice = read_choice(output.text or "")
        return choice, "" if choice else f"the judge wrote {output.text!r:.80}, not A, B or tie"

    def _answers(
        self, declared: Declared, arms: Sequence[Arm]
    ) -> Iterator[tuple[Case, Arm, int, Output]]:
        for case in declared.cases:
            for arm in arms:
                for repeat, key in enumerate(self._plan.keys.get((case.digest, arm.digest), ())):
                    output = self._execution.outputs.get(key)
                    if output is not None:
                        yield case, arm, repeat, output

    def notes(self, candidate: str) -> list[str]:
        """What a reader must know of judges who overrate this candidate's answers."""
        return [
            _overrates(quality, quality.favour, quality.favour_low, quality.favour_high)
            for quality in self.qualities
            if quality.favours == candidate
            and quality.favour is not None
            and quality.favour_low is not None
            and quality.favour_high is not None
            and quality.favour_low > 0
        ]

    def _quality(self, suite: str, record: Record) -> JudgeQuality:
        rubric = record.rubric
        place = (suite, rubric.rubric.name)
        if place not in self._qualities:
            self._qualities[place] = self._measured(suite, record)
        return self._qualities[place]

    def _measured(self, suite: str, record: Record) -> JudgeQuality:
        """What he did, and how he grades what people have graded."""
        rubric, grades = record.rubric, list(record.grades.values())
        known = [grade for grade in grades if grade.value is not None]
        agreed = [grade.consistent for grade in known if grade.consistent is not None]
        spreads = [grade.spread for grade in known if grade.spread is not None]
        quality = JudgeQuality(
            suite=suite,
            task=rubric.rubric.task,
            rubric=rubric.rubric.name,
            judge=record.judge.name,
            who=record.judge.who,
            asked=rubric.digest,
            graded=len(known),
            failed=len(grades) - len(known),
            consistent=sum(agreed) / len(agreed) if agreed else None,
            spread=statistics.fmean(spreads) if spreads else None,
        )
        return self._beside_people(quality, record) if rubric.labelled else quality

    def _beside_people(self, quality: JudgeQuality, record: Record) -> JudgeQuality:
        rubric = record.rubric
        asked: dict[tuple[str, ...], list[list[Asked]]] = {}
        scales: list[tuple[int, ...]] = []
        for each in rubric.labelled:
            scales, runs = self._questions(record, each.question, each.target, each.answer)
            asked[(each.sample,)] = runs
        self._ask(record, asked)
        graded: list[Graded] = []
        for each in rubric.labelled:
            value = self._graded(asked[(each.sample,)], scales).value
            if value is not None:
                people = min(1.0, share(each.grade, scales[0]))
                graded.append(Graded(value, people, each.cluster, len(each.answer), each.arm))
        if not graded:
            return quality
        found = agreement(graded, len(scales[0]), self._policy.alpha)
        return replace(
            quality,
            labelled=found.n,
            exact=found.exact,
            kappa=found.kappa,
            bias=found.bias,
            low=found.low,
            high=found.high,
            strata=found.strata,
            favours=found.favours,
            favour=found.favour,
            favour_low=found.favour_low,
            favour_high=found.favour_high,
        )


def _overrates(quality: JudgeQuality, by: float, low: float, high: float) -> str:
    return (
        f"the judge of {quality.suite} {quality.task}.{quality.rubric} ({quality.judge}) overrates "
        f"{quality.favours} beside others by {100 * by:+.1f} points "
        f"[{100 * low:+.1f}, {100 * high:+.1f}], measured on {quality.labelled} answers that "
        "people graded: what he says for it is no evidence"
    )
