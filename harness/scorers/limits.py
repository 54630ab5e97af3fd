"""What an answer costs: its time and its tokens.

Time is the answer's share of its batch, on the machine that ran it first: outputs are kept and
not timed again, so compare arms that ran side by side.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from harness.suite.scoring import BuiltScorer, CorpusScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Latency(BuiltScorer):
    """1 where the answer took no longer than it may."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "cost"

    max_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where the engine failed."""
        if output.error is not None:
            return Judgement(None, output.error)
        if output.seconds <= self.max_seconds:
            return Judgement(1.0)
        return Judgement(0.0, f"took {output.seconds:.3g} s")


class Tokens(BuiltScorer):
    """1 where no more and no fewer tokens were generated than may be."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "text"

    max: Annotated[int, Field(ge=0)] | None = None
    min: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _limits(self) -> Self:
        if self.max is None and self.min is None:
            raise ValueError("limits nothing; 'max' or 'min' at least")
        if self.max is not None and self.min is not None and self.max < self.min:
            raise ValueError(f"'max' {self.max} is less than 'min' {self.min}")
        return self

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where nothing was generated."""
        text, reason = written(output)
        if text is None:
            return Judgement(None, reason)
        low = 0 if self.min is None else self.min
        if low <= output.tokens and (self.max is None or output.tokens <= self.max):
            return Judgement(1.0)
        return Judgement(0.0, f"generated {output.tokens} tokens")


class Cost(CorpusScorer):
    """Base of both means. A case's own score is 1/(1 + its cost)."""

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    better: ClassVar[Literal["higher", "lower"]] = "lower"
    bounded: ClassVar[bool] = False

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where the engine failed."""
        if output.error is not None:
            return Judgement(None, output.error)
        cost = self.cost(output)
        return Judgement(1 / (1 + cost), parts=((0, cost), (1, 1.0)))

    @abstractmethod
    def cost(self, output: Output) -> float:
        """0 and up."""

    def size(self, choices: Sequence[str]) -> int:
        """Costs and cases."""
        return 2

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the costs."""
        from harness.metrics.ratio import ratio

        return ratio(sums[..., 0], sums[..., 1])


class MeanSeconds(Cost):
    """Mean time of an answer, in seconds."""

    reads: ClassVar[Reads] = "cost"

    def cost(self, output: Output) -> float:
        """Its share of its batch's wall time."""
        return output.seconds


class MeanTokens(Cost):
    """Mean number of tokens that were generated for an answer."""

    reads: ClassVar[Reads] = "text"

    def cost(self, output: Output) -> float:
        """Those of the stop sequence among them."""
        return float(output.tokens)
