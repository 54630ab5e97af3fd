"""What an answer costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from harness.scorers.limits import Cost, Latency, MeanSeconds, MeanTokens, Tokens
from harness.suite.scoring import BuiltScorer
from harness.types import Case, Output

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("output", "value", "reason"),
    [
        (Output("k", text="", seconds=0.5), 1.0, ""),
        (Output("k", text="x", seconds=0.51), 0.0, "took 0.51 s"),
        (Output("k", logprobs=(-1.0, -2.0), seconds=2.0), 0.0, "took 2 s"),
        (Output("k", error="died", seconds=0.1), None, "died"),
    ],
)
def test_latency(make_case: MakeCase, output: Output, value: float | None, reason: str) -> None:
    """Of written and of chosen answers; a failure has none, however fast."""
    judged = Latency(max_seconds=0.5).score(make_case(), output)

    assert (judged.value, judged.reason) == (value, reason)


@pytest.mark.parametrize(
    ("options", "tokens", "value"),
    [
        ({"max": 3}, 3, 1.0),
        ({"max": 3}, 4, 0.0),
        ({"min": 3}, 3, 1.0),
        ({"min": 3}, 2, 0.0),
        ({"min": 2, "max": 3}, 4, 0.0),
        ({"min": 2, "max": 3}, 1, 0.0),
        ({"min": 2, "max": 2}, 2, 1.0),
        ({"max": 0}, 0, 1.0),
    ],
)
def test_tokens(make_case: MakeCase, options: dict[str, int], tokens: int, value: float) -> None:
    """Both limits belong to what is allowed."""
    judged = Tokens(**options).score(make_case(), Output("k", text="x", tokens=tokens))

    assert (judged.value, judged.reason) == (value, "" if value else f"generated {tokens} tokens")


def test_a_failed_answer_has_no_tokens(make_case: MakeCase) -> None:
    """It is not within a limit of none at all."""
    judged = Tokens(max=3).score(make_case(), Output("k", error="died"))

    assert (judged.value, judged.reason) == (None, "died")


@pytest.mark.parametrize(
    ("scorer", "options", "reason"),
    [
        (Tokens, {}, "limits nothing; 'max' or 'min' at least"),
        (Tokens, {"min": 3, "max": 2}, "'max' 2 is less than 'min' 3"),
        (Tokens, {"max": -1}, "greater than or equal to 0"),
        (Latency, {"max_seconds": 0.0}, "greater than 0"),
        (Latency, {"max_seconds": float("inf")}, "finite"),
    ],
)
def test_a_limit_that_is_none(
    scorer: type[BuiltScorer], options: dict[str, Any], reason: str
) -> None:
    """It is told before anything is run."""
    with pytest.raises(ValidationError, match=reason):
        scorer(**options)


@pytest.mark.parametrize(("scorer", "mean"), [(MeanSeconds(), 0.5), (MeanTokens(), 8 / 3)])
def test_means(make_case: MakeCase, scorer: Cost, mean: float) -> None:
    """Of all cases; a dearer answer has the smaller score of its own."""
    outputs = [
        Output("k", text="x", seconds=seconds, tokens=tokens)
        for seconds, tokens in ((0.0, 0), (0.25, 1), (1.25, 7))
    ]
    sums = np.zeros(scorer.size(()))
    values = []
    for output in outputs:
        judged = scorer.score(make_case(), output)
        values.append(judged.value)
        for index, amount in judged.parts:
            sums[index] += amount

    assert float(scorer.combine(sums)) == pytest.approx(mean)
    assert values[0] == 1.0
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0


@pytest.mark.parametrize("scorer", [MeanSeconds(), MeanTokens()])
def test_a_failure_costs_nothing_that_is_known(make_case: MakeCase, scorer: Cost) -> None:
    """It is unscored and adds nothing; an empty set has no mean."""
    judged = scorer.score(make_case(), Output("k", error="died", seconds=3.0, tokens=4))

    assert (judged.value, judged.reason, judged.parts) == (None, "died", ())
    assert np.isnan(scorer.combine(np.zeros(scorer.size(()))))
