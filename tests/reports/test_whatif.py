"""What would change a verdict: the distance of a bound from its limit, in the check's own unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reports import build_report
from harness.reports.whatif import MOST, would_change
from harness.types import Claim, Kind, Verdict


@pytest.fixture
def decided(record):
    """``decided(check)``: the sentences on a refused candidate with one check like that."""
    run = record("contracts-deluge")

    def make(**changes):
        check = replace(run.checks[0], required=True, **changes)
        return would_change(run.decisions[0], [check])

    return make


OPEN = {"verdict": Verdict.INCONCLUSIVE, "claim": Claim.NOT_WORSE, "margin": 0.03}


def test_a_bound_that_is_short_of_its_limit(decided):
    """−5.0 to −3.0 are 2 points; cases help where it is said how many."""
    (said,) = decided(**OPEN, interval=(-0.05, 0.01), more_cases=1200)
    assert said.endswith(
        "its lower bound has to rise by 2.0 points, or to hold on about 1,200 more cases"
    )
    (said,) = decided(
        **OPEN | {"verdict": Verdict.REGRESSED}, interval=(-0.25, -0.15), more_cases=9
    )
    assert said.endswith("its lower bound has to rise by 22.0 points")


@pytest.mark.parametrize(
    ("claim", "margin", "interval", "end"),
    [
        (Claim.BETTER, None, (-0.02, 0.05), "its lower bound has to rise by 2.0 points"),
        (Claim.MIN, 0.8, (0.75, 0.85), "its lower bound has to rise by 5.0 points"),
        (Claim.MAX, 0.1, (0.05, 0.12), "its upper bound has to fall by 2.0 points"),
        (Claim.MAX, 20.0, (5.0, 23.5), "its upper bound has to fall by 3.5"),
    ],
)
def test_each_claim_has_its_own_limit(decided, claim, margin, interval, end):
    """0 of better, the floor, the ceiling; what is no share is no point."""
    (said,) = decided(
        verdict=Verdict.INCONCLUSIVE,
        claim=claim,
        margin=margin,
        interval=interval,
        more_cases=None,
        estimate=interval[0],
        candidate_value=None,
        reference_value=None,
    )
    assert said.endswith(end)


def test_items_without_a_bound(decided):
    """A failed case, a lost slice, what was not measured."""
    assert decided(kind=Kind.CASE, verdict=Verdict.REGRESSED)[0].endswith("answered as it asks")
    lost = decided(
        kind=Kind.TRIPWIRE, claim=Claim.NO_LOSS, verdict=Verdict.REGRESSED, slice="a = b"
    )
    assert lost[0].endswith("where a = b: the loss has to go, or not to be proven")
    assert decided(verdict=Verdict.NOT_MEASURED, interval=None)[0].endswith("has to be measured")


def test_many_items_are_counted(record):
    """The worst first, and how many more."""
    run = record("contracts-deluge")
    lost = next(c for c in run.checks if c.verdict is Verdict.REGRESSED and c.kind is Kind.CHECK)
    found = would_change(run.decisions[0], [lost] * (MOST + 3))
    assert len(found) == MOST + 1
    assert found[-1] == "and 3 more items as open"


def test_a_promotion_tells_its_least_room(record):
    """Of all required comparisons, in shares of their margins: the one that the page names."""
    (candidate,) = build_report(record("contracts-v2")).candidates
    (said,) = candidate.would_change
    closest = next(c for c in candidate.checks if c.id == candidate.closest)
    assert said.startswith(f"{closest.suite} {closest.task}.{closest.metric} has the least room")


def test_what_is_not_required_changes_nothing(record):
    """Nor does anything that passes."""
    run = record("contracts-deluge")
    checks = [replace(check, required=False) for check in run.checks]
    assert would_change(run.decisions[0], checks) == ()
