"""The report as a computation: order, pairing, counting, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from harness.errors import LoragateError
from harness.reports import build_report
from harness.types import GateVerdict, Kind, Role, Verdict


def test_worst_verdict_stands_on_top(record):
    """The report's verdict is its worst candidate's, whatever order they were named in."""
    names = ("contracts-v2", "contracts-deluge", "base")
    for order in permutations(names):
        report = build_report(record(*order))
        assert report.verdict is GateVerdict.REJECT
        assert report.candidates[-1].name == "contracts-v2"
        assert report.candidates[-1].verdict is GateVerdict.PROMOTE


@pytest.mark.parametrize("worse", list(GateVerdict)[1:])
def test_every_verdict_outranks_the_ones_before_it(record, worse):
    """PROMOTE < INCONCLUSIVE < PARTIAL < INCOMPLETE < REJECT, pair by pair."""
    run = record("contracts-v2", "base")
    for better in list(GateVerdict)[: list(GateVerdict).index(worse)]:
        decisions = (
            replace(run.decisions[0], verdict=better),
            replace(run.decisions[1], verdict=worse),
        )
        report = build_report(replace(run, decisions=decisions))
        assert report.verdict is worse
        assert [c.verdict for c in report.candidates] == [worse, better]


def test_checks_start_with_what_regressed(record):
    """Of a refused candidate, the suite that lost most comes first, its losses first in it."""
    checks = build_report(record("contracts-deluge")).candidates[0].checks
    assert checks[0].suite == "demo/general"
    assert checks[0].verdict is Verdict.REGRESSED
    for suite in {check.suite for check in checks}:
        order = [list(Verdict).index(c.verdict) for c in checks if c.suite == suite]
        assert order == sorted(order, reverse=True)


def test_every_result_of_a_candidate_is_in_its_report(record):
    """No check is dropped, none doubled, and none given to another candidate."""
    run = record("contracts-v2", "contracts-deluge")
    for candidate in build_report(run).candidates:
        expected = [check for check in run.checks if check.candidate == candidate.name]
        assert sorted(expected, key=str) == sorted(candidate.checks, key=str)
        assert len(expected) == sum(candidate.tally.checks.values()) + sum(
            candidate.tally.cases.values()
        )


def test_levels_are_the_plain_means(record):
    """The mean of an arm on a task is that of its scores, over data samples only."""
    run = record("contracts-v2")
    report = build_report(run)
    suites = {case.digest: (case.suite, case.task) for case in run.cases if case.kind is Kind.CHECK}
    for row in report.levels:
        for level, arm in zip(row.levels, report.arms, strict=True):
            own = [
                score.value
                for score in run.scores
                if score.arm == arm.digest
                and score.scorer == row.metric
                and suites.get(score.case) == (row.suite, row.task)
            ]
            assert level.n == len(own)
            assert level.value == pytest.approx(sum(own) / len(own), abs=1e-12)


def test_unscored_outputs_do_not_count_as_zero(record):
    """A score without a value lowers n, not the mean."""
    run = record("contracts-v2")
    arm = run.arms[-1]
    scores = tuple(
        replace(score, value=None, reason="the judge did not answer")
        if score.arm == arm.digest and score.value == 0.0
        else score
        for score in run.scores
    )
    row = build_report(replace(run, scores=scores)).levels[0]
    assert row.levels[-1].value == 1.0
    assert row.levels[-1].n < row.levels[0].n


def test_arms_are_told_apart_by_role_where_content_is_one(record):
    """The base as a candidate is one computation, and two arms of the report."""
    report = build_report(record("base"))
    assert [arm.role for arm in report.arms] == [Role.BASE, Role.BASELINE, Role.CANDIDATE]
    assert report.arms[0].digest == report.arms[2].digest
    assert all(row.levels[0].value == row.levels[2].value for row in report.levels)


def test_closest_call_is_the_one_with_least_room(record):
    """Of the passing comparisons, room is (L + δ) / δ; the least is named."""
    candidate = build_report(record("contracts-v2")).candidates[0]
    rooms = {
        check.id: (check.interval[0] + check.margin) / check.margin
        for check in candidate.checks
        if check.against
    }
    assert candidate.closest == min(rooms, key=rooms.get)


def test_likeliest_choice_is_shown_with_its_share(record):
    """For choices, the answer is the argmax, and shares of one case's arms are probabilities."""
    report = build_report(record("contracts-deluge"))
    flips = [f for f in report.candidates[0].flips.cases if f.task == "classify" and f.lost]
    for flip in flips:
        baseline, candidate = flip.answers[0], flip.answers[-1]
        assert baseline.text == flip.target != candidate.text
        assert 0.25 < candidate.share < 1


def test_hand_written_cases_show_expectation_and_both_answers(record):
    """A failed case comes first, with what was expected and who said what."""
    cases = build_report(record("contracts-deluge")).candidates[0].cases
    assert cases[0].verdict is Verdict.REGRESSED
    assert cases[0].expect == ('contains "conflict"',)
    assert [answer.text for answer in cases[0].answers] == ["conflict", "Kansas"]
    assert all(case.verdict is Verdict.PASS for case in cases[1:])


def test_headline_says_what_was_lost_and_where(record):
    """The largest loss is named first, with its size."""
    candidate = build_report(record("contracts-deluge")).candidates[0]
    assert candidate.headline.startswith(
        "3 of 7 checks regressed: demo/general arithmetic.accuracy −"
    )
    assert candidate.headline.endswith("1 of 4 cases failed: demo/clauses extract.conflict-1")
    assert candidate.summary == "3 of 7 checks regressed; 1 of 4 cases failed"


def test_headline_of_a_partial_run_is_the_gates_reason(record):
    """What no check explains is said in the gate's words."""
    run = record("contracts-v2")
    reason = "the required suite general/* was not run"
    decision = replace(run.decisions[0], verdict=GateVerdict.PARTIAL, reasons=(reason,))
    assert build_report(replace(run, decisions=(decision,))).candidates[0].headline == reason


def test_optional_checks_do_not_enter_the_headline(record):
    """A regression that is not required is in the report, not among what decided."""
    run = record("contracts-v2")
    checks = (replace(run.checks[0], required=False, verdict=Verdict.REGRESSED), *run.checks[1:])
    candidate = build_report(replace(run, checks=checks)).candidates[0]
    assert candidate.headline == "All required items pass: 6 checks and 4 cases"
    assert candidate.tally.checks[Verdict.REGRESSED] == 1


def test_rubric_lists_outputs_that_fall_short(record):
    """The worst outputs stand under their rubric, and all of them are counted."""
    run = record("contracts-deluge")
    rubric = build_report(run).candidates[0].rubrics[0]
    short = [
        score
        for score in run.scores
        if score.arm == run.arms[-1].digest and score.scorer == "accuracy" and score.value == 0
    ]
    tasks = {case.digest: case.task for case in run.cases}
    assert rubric.short == sum(tasks[score.case] == "extract" for score in short)
    assert rubric.examples
    assert all(example.value == 0 for example in rubric.examples)


def test_run_without_a_decision_is_refused(record):
    """Nothing decided is nothing to report; a forgotten candidate is named."""
    run = record("contracts-v2", "base")
    with pytest.raises(LoragateError, match=r"no decision on base"):
        build_report(replace(run, decisions=run.decisions[:1]))
    with pytest.raises(LoragateError, match=r"no decision on any candidate"):
        build_report(replace(run, arms=run.arms[:2], decisions=()))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_by_name(record, bad):
    """A check or score with NaN is a bug before the report, and is said so."""
    run = record("contracts-v2")
    checks = (replace(run.checks[0], interval=(bad, 0.1)), *run.checks[1:])
    with pytest.raises(LoragateError, match=r"accuracy-no-worse@contracts-v2: interval is"):
        build_report(replace(run, checks=checks))
    scores = (replace(run.scores[0], value=bad), *run.scores[1:])
    with pytest.raises(LoragateError, match=r"accuracy of case"):
        build_report(replace(run, scores=scores))


def test_run_without_cases_is_reported_empty(record, synthetic):
    """Zero cases make an empty report, not a broken one."""
    report = build_report(record(world=synthetic.World(n=0, hand_written=0)))
    assert report.levels == ()
    assert report.candidates[0].flips.rate is None
    assert report.candidates[0].checks == ()


def test_cases_without_a_failure_bound_the_failure_rate_by_three_over_n(record):
    """Hanley and Lippman-Hand (1983), JAMA 249, 1743-1745: "If nothing goes wrong"."""
    for candidate in build_report(record("contracts-v2", "contracts-deluge")).candidates:
        cases = [check for check in candidate.checks if check.kind is Kind.CASE]
        failed = [check for check in cases if check.verdict is not Verdict.PASS]
        expected = None if failed else 3 / len(cases)
        assert candidate.tally.cases_fail_below == (expected and min(1.0, expected))
