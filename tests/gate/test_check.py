"""The verdict table of checks, row by row."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.types import Claim, Kind, Verdict


def _scores(wins, losses, n):
    """Reference and candidate scores with so many wins and losses."""
    reference = [0.0] * wins + [1.0] * (n - wins)
    candidate = [1.0] * wins + [0.0] * losses + [1.0] * (n - wins - losses)
    return {"candidate": candidate, "reference": reference}


def test_equal_arms_pass_once_n_suffices_for_the_margin(declare, check):
    """88 is the first n at which Tango passes without a discordant pair at 3 points."""
    assert check(declare(88), **_scores(0, 0, 88)).verdict is Verdict.PASS
    short = check(declare(87), **_scores(0, 0, 87))
    assert short.verdict is Verdict.INCONCLUSIVE
    assert short.more_cases == 1
    assert "about 1 more case would settle it" in short.reason


def test_a_small_significant_loss_passes_and_is_noted(declare, check):
    result = check(declare(5000), **_scores(10, 60, 5000))
    assert result.verdict is Verdict.PASS
    assert result.interval[1] < 0
    assert "worse, but inside the margin" in result.reason


def test_a_loss_beyond_the_margin_does_not_pass(declare, check):
    result = check(declare(500), **_scores(10, 60, 500))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.p_worse < 1e-6
    assert result.more_cases is None
    assert "more cases will hardly help" in result.reason


def test_better_needs_a_lower_bound_above_zero(declare, check):
    better = {"claim": Claim.BETTER, "limit": 0.0}
    assert check(declare(200, **better), **_scores(30, 10, 200)).verdict is Verdict.PASS
    assert check(declare(200, **better), **_scores(12, 10, 200)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("claim", "right", "verdict"),
    [
        (Claim.MIN, 190, Verdict.PASS),
        (Claim.MIN, 164, Verdict.INCONCLUSIVE),
        (Claim.MIN, 140, Verdict.REGRESSED),
        (Claim.MAX, 140, Verdict.PASS),
        (Claim.MAX, 164, Verdict.INCONCLUSIVE),
        (Claim.MAX, 190, Verdict.REGRESSED),
    ],
)
def test_floors_and_ceilings_need_the_bound_that_clears_them(declare, check, claim, right, verdict):
    level = declare(200, claim=claim, against=None, limit=0.80)
    result = check(level, [1.0] * right + [0.0] * (200 - right))
    assert result.verdict is verdict
    assert (result.p_value < 0.05) == (verdict is Verdict.PASS)


def test_one_failure_of_a_must_pass_case_regresses(declare, check):
    case = declare(1, kind=Kind.CASE, claim=Claim.NO_FAILURE, against=None, reason="two laws")
    assert check(case, [1.0]).verdict is Verdict.PASS
    failed = check(case, [0.0])
    assert failed.verdict is Verdict.REGRESSED
    assert failed.reason == "said so (two laws)"


@pytest.mark.parametrize("gap", [None, "absent"])
@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_one_missing_score_means_not_measured_never_zero(declare, check, gap, side):
    scores = _scores(0, 0, 300)
    scores[side][7] = gap
    result = check(declare(300), **scores)
    assert result.verdict is Verdict.NOT_MEASURED
    assert "1 of 600 scores are missing" in result.reason
    assert "row-7" in result.reason
    assert result.estimate is None


def test_no_cases_at_all_is_not_measured(declare, check):
    assert check(declare(0), [], []).verdict is Verdict.NOT_MEASURED
    level = declare(0, claim=Claim.MIN, against=None, limit=0.8)
    assert check(level, []).verdict is Verdict.NOT_MEASURED


def test_a_single_cluster_is_not_measured_instead_of_a_standard_error_of_zero(declare, check):
    result = check(declare(clusters=["one"] * 300), **_scores(0, 0, 300))
    assert result.verdict is Verdict.NOT_MEASURED
    assert "one cluster" in result.reason


def test_few_effective_clusters_are_said_so(declare, check):
    labels = [str(i // 30) for i in range(300)]
    result = check(declare(clusters=labels), **_scores(3, 3, 300))
    assert result.clusters == pytest.approx(10)
    assert "only 10.0 effective clusters" in result.reason
    alone = check(declare(300), **_scores(3, 3, 300))
    assert result.interval[0] < alone.interval[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.01, 0.03, 0.1]))
def test_pass_is_exactly_p_below_alpha(declare, check, wins, losses, margin):
    result = check(declare(200, limit=margin), **_scores(wins, losses, 200))
    if abs(result.p_value - 0.05) > 1e-9:
        assert (result.verdict is Verdict.PASS) == (result.p_value < 0.05)
