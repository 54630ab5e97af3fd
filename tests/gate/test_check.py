"""The verdict table of checks, row by row."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.gate.check import contamination
from harness.gate.decide import settle
from harness.types import Claim, Kind, Noise, Verdict


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
    case = declare(
        1, kind=Kind.CASE, claim=Claim.NO_FAILURE, against=None, limit=1.0, reason="two laws"
    )
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


def test_repeats_of_a_case_are_one_piece_of_evidence(declare, check):
    """Twice the answers are not twice the cases."""
    once = check(declare(200), **_scores(12, 10, 200))
    twice = check(declare(200), *([(x, x) for x in s] for s in _scores(12, 10, 200).values()))
    assert (twice.interval, twice.n) == (once.interval, once.n)


@pytest.mark.parametrize("repeats", [1, 4, 16])
def test_repeats_enter_the_standard_error(declare, check, repeats):
    """Miller (2024): Var = (ω² + σ²/K)/n, ω of the true differences, σ of one judge run."""
    rng = np.random.default_rng(3)
    n, omega, sigma = 4000, 0.10, 0.15
    true = 0.5 + rng.normal(0, omega, n)
    runs = np.clip(true[:, None] + rng.normal(0, sigma, (n, repeats)), 0, 1)
    candidate = [tuple(row) for row in runs.tolist()]
    result = check(declare(n), candidate, [0.5] * n)
    expected = 1.645 * np.sqrt((omega**2 + sigma**2 / repeats) / n)
    assert result.estimate - result.interval[0] == pytest.approx(expected, rel=0.05)


def test_one_unscored_repeat_leaves_its_case_unmeasured(declare, check):
    scores = _scores(0, 0, 300)
    scores["candidate"][7] = (1.0, None)
    result = check(declare(300), **scores)
    assert result.verdict is Verdict.NOT_MEASURED
    assert "row-7" in result.reason


def test_a_case_that_must_pass_must_pass_every_time(declare, check):
    case = declare(1, kind=Kind.CASE, claim=Claim.NO_FAILURE, against=None, limit=1.0)
    assert check(case, [(1.0, 1.0)]).verdict is Verdict.PASS
    failed = check(case, [(1.0, 0.0)])
    assert failed.verdict is Verdict.REGRESSED
    assert failed.reason == "1 of 2 answers failed, the first: said so"


@pytest.mark.parametrize(("right", "verdict"), [(6, Verdict.REGRESSED), (7, Verdict.PASS)])
def test_a_case_with_a_rate_must_pass_as_often(declare, check, right, verdict):
    case = declare(1, kind=Kind.CASE, claim=Claim.NO_FAILURE, against=None, limit=0.7)
    found = check(case, [(1.0,) * right + (0.0,) * (10 - right)])
    assert found.verdict is verdict
    assert found.candidate_value == pytest.approx(right / 10)


def test_an_answer_without_a_score_is_no_failure_of_a_rate(declare, check):
    case = declare(1, kind=Kind.CASE, claim=Claim.NO_FAILURE, against=None, limit=0.5)
    assert check(case, [(1.0, None)]).verdict is Verdict.NOT_MEASURED


def test_promotion_and_rejection_have_levels_of_their_own(declare, check):
    """L at that of the attempt, U and the floor's miss at the policy's."""
    first, later = (check(declare(500), **_scores(20, 24, 500), alpha=a) for a in (0.05, 0.0034))
    assert later.interval[0] < first.interval[0]
    assert later.interval[1] == first.interval[1]
    assert (later.alpha, later.alpha_worse) == (0.0034, 0.05)
    floor = declare(200, claim=Claim.MIN, against=None, limit=0.80)
    right = [1.0] * 172 + [0.0] * 28
    assert check(floor, right).p_value == check(floor, right, alpha=0.001).p_value
    missed = [1.0] * 140 + [0.0] * 60
    assert check(floor, missed, alpha=1e-6).verdict is Verdict.REGRESSED


def test_a_margin_below_the_noise_floor_is_not_measured(declare, check):
    noise = Noise("s", "t", "accuracy", 300, 12, 0.04, 0.0231)
    quiet = check(declare(300, limit=0.03), **_scores(0, 0, 300), noise=noise)
    assert (quiet.verdict, quiet.noise_floor) == (Verdict.PASS, 0.0231)
    loud = check(declare(300, limit=0.02), **_scores(0, 0, 300), noise=noise)
    assert (loud.verdict, loud.noise_floor) == (Verdict.NOT_MEASURED, 0.0231)
    assert "margin of 2.0 points is below the noise floor of 2.3" in loud.reason
    assert "changed 12 of 300 scores" in loud.reason


TRIPWIRE = {"kind": Kind.TRIPWIRE, "claim": Claim.NO_LOSS, "limit": 0.0, "slice": "size = S"}


def test_a_tripwire_passes_with_its_p_for_holm_to_judge(declare, check):
    result = check(declare(100, **TRIPWIRE), **_scores(2, 30, 100))
    assert (result.verdict, result.slice) == (Verdict.PASS, "size = S")
    assert result.p_worse < 1e-5
    assert settle([result], 12, 0.05)[0].verdict is Verdict.REGRESSED


@pytest.mark.parametrize("labels", [[], ["one"] * 40])
def test_a_slice_too_small_to_test_passes_and_counts_as_p_1(declare, check, labels):
    wire = declare(clusters=labels, **TRIPWIRE) if labels else declare(0, **TRIPWIRE)
    result = check(wire, **_scores(0, len(labels), len(labels)))
    assert (result.verdict, result.p_worse) == (Verdict.PASS, 1.0)
    assert "too small to test" in result.reason


def test_a_tripwire_with_a_missing_score_is_not_measured(declare, check):
    scores = _scores(0, 0, 40)
    scores["candidate"][3] = None
    assert check(declare(40, **TRIPWIRE), **scores).verdict is Verdict.NOT_MEASURED


def test_the_exact_test_decides_where_it_is_asked_for(declare, check):
    """52 equal cases at 5 points: Tango passes, the worst case of its error does not."""
    scores = _scores(0, 0, 52)
    assert check(declare(52, limit=0.05), **scores).verdict is Verdict.PASS
    exact = check(declare(52, limit=0.05, exact=True), **scores)
    assert exact.verdict is Verdict.INCONCLUSIVE
    assert exact.method == "exact Tango"


def test_contaminated_cases_are_named_up_to_five(declare):
    declared = declare(8)
    trained = {f"case-{i}": "parent v1" for i in range(7)}
    said = contamination(declared, trained)
    assert "7 of 8 cases were trained on" in said
    assert "row-4 (by parent v1) and 2 more" in said
    assert contamination(declared, {"case-99": "v1"}) is None


def test_the_exact_test_has_no_answer_to_averaged_repeats(declare, check):
    scores = _scores(0, 0, 100)
    scores["reference"][0] = (1.0, 0.0)
    result = check(declare(100, exact=True), **scores)
    assert result.verdict is Verdict.NOT_MEASURED
    assert "right-or-wrong" in result.reason
