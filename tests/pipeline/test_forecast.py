"""What is said of a gate before it is run."""

from dataclasses import replace

import pytest

from harness.engine.protocol import GenerateRequest, ScoreRequest
from harness.gate.check import Declared
from harness.pipeline.forecast import FlipRate, Levels, Work, from_pilot, outlook, seconds, work
from harness.stats import exact
from harness.types import Case, Claim, Kind, Role

KNOWN = FlipRate(0.1, "--flip-rate")
LEVELS = Levels(alpha=0.05, alpha_worse=0.05, family=12)


def _declared(n, per_cluster=1, **changes):
    cases = tuple(
        Case(
            digest=f"case-{i}",
            suite="s",
            task="t",
            sample=f"row-{i}",
            kind=Kind.CHECK,
            prompt="",
            choices=(),
            generation=None,
            target="x",
            cluster=str(i // per_cluster),
            slices={},
            fields={},
            input_digest=f"input-{i}",
        )
        for i in range(n)
    )
    check = Declared(
        id="s.yaml::t.no-worse@next",
        kind=Kind.CHECK,
        suite="s",
        task="t",
        name="no-worse",
        candidate="next",
        claim=Claim.NOT_WORSE,
        metric="accuracy",
        against=Role.BASELINE,
        limit=0.03,
        required=True,
        cases=cases,
    )
    return replace(check, **changes)


def test_a_check_with_enough_cases_has_its_power_and_no_remark():
    found = outlook(_declared(1000), KNOWN, LEVELS)
    assert found.power == pytest.approx(float(exact.power(1000, 0.1, 0.0, 0.03, 0.05)), abs=1e-6)
    assert (found.cases, found.clusters, found.notes) == (1000, 1000, ())
    assert found.cases_for_80 == 705 < found.cases_for_90
    assert found.resolves < found.margin


def test_a_check_that_is_too_small_says_so_and_how_many_more():
    found = outlook(_declared(200), KNOWN, LEVELS)
    assert found.resolves > found.margin
    assert found.notes == (
        "too small: an identical adapter would pass only 37% of the time; "
        "505 more cases are needed for 80%",
    )


def test_no_note_ever_names_a_margin():
    """The margin that these cases certify is a number to read, not advice to follow."""
    for n, per_cluster in ((20, 1), (200, 1), (200, 10), (200, 200)):
        notes = " ".join(outlook(_declared(n, per_cluster), KNOWN, LEVELS).notes)
        assert "margin" not in notes
        assert "points" not in notes


def test_a_later_attempt_needs_more_cases():
    strict = replace(LEVELS, alpha=0.0076)
    first, second = (outlook(_declared(1000), KNOWN, levels) for levels in (LEVELS, strict))
    assert second.cases_for_80 > first.cases_for_80
    assert second.power < first.power
    assert second.resolves > first.resolves


def test_clusters_are_added_not_lengthened():
    """Five rows a cluster: 2.2 times the cases; 40 clusters are worth less than 134 rows."""
    found = outlook(_declared(200, 5), KNOWN, LEVELS)
    assert found.clusters == 40
    assert found.cases_for_80 == pytest.approx(2.2 * 705, rel=0.02)
    more = (found.cases_for_80 - 200) / 5
    assert f"in about {more:.0f} more clusters" in found.notes[0]
    assert "not reachable with more rows of the same clusters" in found.notes[0]


def test_few_uneven_clusters_are_told_that_rows_may_be_left_out():
    cases = _declared(130).cases
    uneven = [replace(case, cluster="big") for case in cases[:100]]
    found = outlook(_declared(0, cases=(*uneven, *cases[100:])), KNOWN, LEVELS)
    assert found.notes[1] == "only 1.7 effective clusters: max_per_cluster may win power back"


def test_one_cluster_can_be_planned_for_but_passes_nothing():
    found = outlook(_declared(50, 50), KNOWN, LEVELS)
    assert (found.power, found.resolves) == (0.0, None)
    assert found.notes[-1] == "all cases are one cluster: at least two are needed"


def test_a_check_without_cases_says_so():
    found = outlook(_declared(0), KNOWN, LEVELS)
    assert (found.cases, found.clusters, found.power) == (0, 0.0, 0.0)
    assert found.notes[-1] == "there is no case to measure it on"


def test_looks_cost_a_little_power_and_a_few_more_cases():
    fixed = outlook(_declared(800), KNOWN, LEVELS)
    looked = outlook(_declared(800, sequential=True), KNOWN, LEVELS)
    assert fixed.power - 0.05 < looked.power < fixed.power
    assert fixed.cases_for_80 < looked.cases_for_80 < 1.2 * fixed.cases_for_80


def test_the_exact_test_is_planned_by_tangos_power_and_says_so():
    found = outlook(_declared(1000, exact=True), KNOWN, LEVELS)
    assert found.notes == ("numbers of Tango's test; the exact one needs slightly more",)


def test_a_slice_is_told_by_the_loss_that_it_resolves_within_the_family():
    changes = {"claim": Claim.NO_LOSS, "kind": Kind.TRIPWIRE, "slice": "size = S", "limit": 0.0}
    found = outlook(_declared(100, **changes), KNOWN, LEVELS)
    alone = outlook(_declared(100, **changes), KNOWN, replace(LEVELS, family=1))
    assert found.alpha == 0.05 / 12
    assert found.resolves > alone.resolves > 0.05
    assert (found.power, found.cases_for_80, found.margin, found.notes) == (None, None, None, ())
    assert outlook(_declared(5, **changes), KNOWN, LEVELS).resolves is None


def test_a_claim_to_be_better_is_told_by_the_gain_that_it_proves():
    found = outlook(_declared(500, claim=Claim.BETTER, limit=0.0), KNOWN, LEVELS)
    assert (found.power, found.cases_for_80, found.margin) == (None, None, None)
    gain = found.resolves
    assert float(exact.power(500, 0.1, gain, 0.0, 0.05)) == pytest.approx(0.8, abs=0.01)


def test_a_pilot_counts_by_its_upper_bound_and_less_in_clusters():
    alone, clustered = from_pilot("run-1", 0.088, 500, 500), from_pilot("run-1", 0.088, 500, 100)
    assert 0.088 < alone.psi < clustered.psi < 0.12
    assert alone.source == "the upper bound of 8.8% of 500 in run run-1"


REQUESTS = [
    GenerateRequest("a", "arm", (1, 2, 3), 12),
    ScoreRequest("b", "arm", (1, 2, 3, 4), ((5,), (6, 7))),
]


def test_work_is_what_is_read_and_what_may_be_written():
    assert work(REQUESTS) == Work(prompt=7, generated=12)
    assert work(REQUESTS).times(2) + Work(1, 1) == Work(15, 25)
    assert work([]) == Work()


@pytest.mark.parametrize(
    ("prompt", "generated", "expected"), [(7.0, 6.0, 3.0), (7.0, None, None), (None, 6.0, None)]
)
def test_time_needs_both_rates(prompt, generated, expected):
    assert seconds(Work(7, 12), prompt, generated) == expected


def test_a_rate_that_is_not_needed_may_be_unknown():
    assert seconds(Work(7, 0), 7.0, None) == 1.0
