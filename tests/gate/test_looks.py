"""Early looks: which cases, when to stop, and what is said."""

import itertools

import numpy as np
import pytest

from harness.gate.looks import looks, measure_look
from harness.types import Score, Verdict


@pytest.fixture
def look_at(declare, arms):
    """Look at so many wins and losses among 1,000 cases until it stops, as a gate does."""
    _, baseline, candidate = arms

    def run(wins, losses, n=1000, clusters=None, family=1, **levels):
        declared = declare(n, clusters=clusters, sequential=True)
        planned = looks(declared)
        order = np.random.default_rng(5).permutation(n)
        gap = np.zeros(n)
        gap[order[:wins]], gap[order[wins : wins + losses]] = 1, -1
        scores = {}
        for case, d in zip(declared.cases, gap, strict=True):
            for arm, value in ((candidate, max(d, 0)), (baseline, max(-d, 0))):
                key = (case.digest, arm.digest, "accuracy")
                scores[key] = [Score(*key, float(value))]
        level = {"alpha": 0.05, "alpha_worse": 0.05} | levels
        for at in range(len(planned)):
            result, stopped = measure_look(
                declared, planned, at, candidate, baseline, scores, family=family, **level
            )
            if stopped:
                return result
        raise AssertionError("the last look does not stop")

    return run


def test_looks_are_nested_quarters_in_an_order_fixed_by_content(declare):
    declared = declare(400)
    planned = looks(declared)
    assert [len(look.cases) for look in planned] == [100, 200, 300, 400]
    assert [look.information for look in planned] == pytest.approx([0.25, 0.5, 0.75, 1])
    for earlier, later in itertools.pairwise(planned):
        assert later.cases[: len(earlier.cases)] == earlier.cases
    assert planned == looks(declared)
    assert planned[0].cases != declared.cases[:100]  # not simply the first rows of the file


def test_a_look_falls_on_the_border_of_clusters(declare):
    labels = [str(i % 30) for i in range(300)]
    for look in looks(declare(clusters=labels)):
        kept = {case.cluster for case in look.cases}
        assert len(look.cases) == 10 * len(kept)


def test_skewed_clusters_count_by_their_information_not_by_their_rows(declare):
    """200 rows of one document, and 200 single rows, which tell far more."""
    planned = looks(declare(clusters=["big"] * 200 + [str(i) for i in range(200)]))
    shares = [look.information for look in planned]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert len(planned[-1].cases) == 400


def test_two_clusters_are_looked_at_once(declare):
    assert len(looks(declare(clusters=["a"] * 5 + ["b"] * 5))) == 1


def test_a_clear_gain_passes_early(look_at):
    result = look_at(wins=60, losses=50)
    assert result.verdict is Verdict.PASS
    assert (result.look, result.planned) == (2, 1000)
    assert result.n == 500
    assert result.alpha == 0.05
    assert "look 2 of 4, at 500 of 1,000 cases" in result.reason
    assert result.p_value < 0.05


def test_a_clear_loss_stops_early_and_is_proven(look_at):
    result = look_at(wins=0, losses=120)
    assert result.verdict is Verdict.INCONCLUSIVE  # settle() makes it REGRESSED, by Holm
    assert result.look < 4
    assert result.p_worse < 0.05


def test_a_loss_must_survive_the_family_to_end_the_looking(look_at):
    alone, among_many = (look_at(0, 40, family=family) for family in (1, 10**6))
    assert among_many.look >= alone.look


def test_a_hopeless_candidate_is_given_up_and_says_so(look_at):
    result = look_at(wins=60, losses=85)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.look < 4
    assert "more cases would hardly prove it" in result.reason


def test_the_last_look_has_all_cases(look_at):
    result = look_at(wins=60, losses=66)
    assert (result.look, result.n) == (4, 1000)
    assert result.method == "Tango, group-sequential"


def test_a_stricter_attempt_looks_longer(look_at):
    assert look_at(60, 50, alpha=0.001).look > look_at(60, 50).look


def test_a_missing_score_stops_with_not_measured(declare, arms):
    _, baseline, candidate = arms
    declared = declare(100, sequential=True)
    result, stopped = measure_look(
        declared, looks(declared), 0, candidate, baseline, {}, 0.05, 0.05, 1
    )
    assert stopped
    assert result.verdict is Verdict.NOT_MEASURED
