"""The most likely choice against the target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scorers.accuracy import Accuracy
from harness.types import Case, Output

CHOICES = ("a", "b", "c")
MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("likelihoods", "value", "reason"),
    [
        ((-1.0, -0.5, -2.0), 1.0, ""),
        ((-0.1, -0.5, -2.0), 0.0, "chose 'a'"),
        ((-1.0, -0.5, -0.5), 1.0, ""),
        ((-0.5, -0.5, -1.0), 0.0, "chose 'a'"),
        ((0.0, float("nan"), -1.0), None, "log-likelihood of 'b' is nan"),
        ((float("-inf"), -1.0, -2.0), None, "log-likelihood of 'a' is -inf"),
        ((-1.0, -2.0), None, "2 log-likelihoods for 3 choices"),
        (None, None, "0 log-likelihoods for 3 choices"),
    ],
)
def test_values(
    make_case: MakeCase, likelihoods: tuple[float, ...] | None, value: float | None, reason: str
) -> None:
    """The first of equal choices is the answer; what is not finite is unscored, never 0."""
    judged = Accuracy().score(make_case("b", CHOICES), Output("k", logprobs=likelihoods))

    assert (judged.value, judged.reason) == (value, reason)


def test_a_failed_output_is_unscored_with_its_error(make_case: MakeCase) -> None:
    """The engine's reason reaches the report."""
    judged = Accuracy().score(make_case("b", CHOICES), Output("k", error="out of memory"))

    assert (judged.value, judged.reason) == (None, "out of memory")


@given(st.lists(st.floats(-50, 0), min_size=3, max_size=3), st.integers(0, 2))
def test_it_is_numpy_s_argmax(make_case: MakeCase, likelihoods: list[float], target: int) -> None:
    """Ties included."""
    judged = Accuracy().score(
        make_case(CHOICES[target], CHOICES), Output("k", logprobs=tuple(likelihoods))
    )

    assert judged.value == float(np.argmax(likelihoods) == target)
