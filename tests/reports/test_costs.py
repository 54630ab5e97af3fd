"""Costs: sums over the outputs of an arm, each once, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reports.costs import costs
from harness.types import Answer, Output


def _record(record, outputs, answers):
    run = record("contracts-v2")
    return replace(run, outputs={one.key: one for one in outputs}, answers=tuple(answers))


def test_tokens_time_and_occupancy_of_an_arm(record):
    """Occupancy is over places: 10 tokens in 20 places and 30 in 40 are 40 in 60."""
    run = record("contracts-v2")
    arm = run.arms[0]
    made = _record(
        record,
        [
            Output("a", text="x", prompt_tokens=10, tokens=2, seconds=0.5, occupancy=0.5),
            Output("b", text="y", prompt_tokens=30, tokens=4, seconds=1.5, occupancy=0.75),
        ],
        [
            Answer("c1", arm.digest, "a"),
            Answer("c2", arm.digest, "b"),
            Answer("c3", arm.digest, "b"),
        ],
    )
    (row,) = costs(made, run.arms)
    assert (row.outputs, row.prompt_tokens, row.tokens) == (2, 40, 6)
    assert (row.seconds, row.slowest, row.tokens_a_second) == (2.0, 1.5, 23.0)
    assert row.occupancy == pytest.approx(40 / 60)


def test_what_is_not_known_is_none(record):
    """An engine that tells no time has no rate; one without padding no occupancy."""
    run = record("contracts-v2")
    made = _record(record, [Output("a", text="x")], [Answer("c1", run.arms[0].digest, "a")])
    (row,) = costs(made, run.arms)
    assert (row.seconds, row.tokens_a_second, row.occupancy) == (0.0, None, None)


def test_arms_without_answers_have_no_row(record):
    """A stored anchor, or a candidate that could not be run."""
    run = record("contracts-v2")
    assert list(costs(replace(run, answers=()), run.arms)) == []
    assert len(list(costs(run, run.arms))) == len({arm.digest for arm in run.arms})
