"""Is each label found as well as the others? F1 of labels, and their correlation.

A case's own score is 1 where its label is right and 0 where it is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field

from harness.suite.model import Listed, Task, Text
from harness.suite.schema import shown
from harness.suite.scoring import CorpusScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, answer, plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COUNTS = 3
"""Of a label: how often it is right, answered and wanted."""


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    for number, label in enumerate(labels):
        if plain(label) in map(plain, labels[:number]):
            raise ValueError(f"label '{label}' a second time")
    return labels


class Labelling(CorpusScorer):
    """Base of the metrics of labels.

    An answer that is no label is a class of its own, which is never wanted and so never right.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    reads: ClassVar[Reads] = "answer"
    needs_target: ClassVar[bool] = True

    labels: (
        Annotated[tuple[Text, ...], Listed, Field(min_length=2), AfterValidator(_distinct)] | None
    ) = None
    """What a written answer can be, white space aside; None means the task's choices."""

    def unsuited(self, task: Task) -> str:
        """It must know all labels before it has seen an answer."""
        return (
            ""
            if self._labels(task.choices)
            else "needs 'labels', as the task has no list of choices"
        )

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where there is no answer, or where the target is no label."""
        said, reason = answer(case, output)
        if said is None or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        labels = [plain(label) for label in self._labels(case.choices)]
        if not labels:
            return Judgement(None, "no labels; the scorer of a written answer needs 'labels'")
        if plain(case.target) not in labels:
            return Judgement(None, f"target {shown(case.target)} is no label")
        said, wanted = plain(said), labels.index(plain(case.target))
        answered = labels.index(said) if said in labels else len(labels)
        return self._judged(wanted, answered, len(labels) + 1, said)

    def _judged(self, wanted: int, answered: int, classes: int, said: str) -> Judgement:
        parts = ((classes + answered, 1.0), (2 * classes + wanted, 1.0))
        if wanted == answered:
            return Judgement(1.0, parts=((wanted, 1.0), *parts))
        verb = "answered" if answered < classes - 1 else "answered no label:"
        return Judgement(0.0, f"{verb} {shown(said)}", parts=parts)

    def _labels(self, choices: Sequence[str]) -> Sequence[str]:
        return choices if self.labels is None else self.labels

    def size(self, choices: Sequence[str]) -> int:
        """Three counts of each label and of what is none; 0 where it has no labels."""
        labels = self._labels(choices)
        return COUNTS * (len(labels) + 1) if labels else 0


class LabelF1(Labelling):
    """Base of the F1 scores, which are those of the labels alone.

    An answer that is no label misses the one that was wanted and is no false alarm of another,
    as in scikit-learn where ``labels`` are given.
    """

    def _counts(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return _by_class(sums)[..., :-1]


class MacroF1(LabelF1):
    """Mean of the labels' own F1: a rare label counts as much as a frequent one.

    A label that is neither wanted nor answered is left out.
    """

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """From 0 to 1."""
        from harness.metrics.confusion import macro_f1

        return macro_f1(self._counts(sums))


class MicroF1(LabelF1):
    """F1 of all labels together: accuracy, but for answers that are no label."""

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """From 0 to 1."""
        from harness.metrics.confusion import micro_f1

        return micro_f1(self._counts(sums))


class WeightedF1(LabelF1):
    """Mean of the labels' own F1, each by how often it is wanted."""

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """From 0 to 1."""
        from harness.metrics.confusion import weighted_f1

        return weighted_f1(self._counts(sums))


class Mcc(Labelling):
    """Matthews' correlation of answers and targets: 0 for guesses, however rare a label is."""

    bounded: ClassVar[bool] = False

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """From −1 to 1; NaN where only one label is wanted."""
        from harness.metrics.confusion import mcc

        return mcc(_by_class(sums))


def _by_class(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums.reshape(*sums.shape[:-1], COUNTS, -1)
