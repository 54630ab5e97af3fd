"""The report as a computation: order, pairing, counting, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from harness.errors import LoragateError
from harness.reports import build_report
from harness.types import Arm, Effect, GateVerdict, Kind, Role, Verdict


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


def test_levels_are_weighted_as_the_checks_are(record):
    """A case of weight 3 counts as three."""
    run = record("contracts-v2")
    first = run.cases[0].digest
    cases = tuple(replace(c, weight=3.0) if c.digest == first else c for c in run.cases)
    plain, heavy = (build_report(replace(run, cases=c)).levels[0] for c in (run.cases, cases))
    own = next(
        score.value
        for score in run.scores
        if (score.case, score.arm, score.scorer) == (first, run.arms[0].digest, plain.metric)
    )
    n = plain.levels[0].n
    expected = (plain.levels[0].value * n + 2 * own) / (n + 2)
    assert heavy.levels[0].value == pytest.approx(expected)


def test_a_metric_of_the_whole_set_has_no_mean(record):
    """Its cases' own scores are not it: its values are in its checks."""
    run = record("contracts-v2")
    first, *rest = build_report(run).levels
    of_first = {case.digest for case in run.cases if case.task == first.task}
    scores = tuple(
        replace(score, parts=((0, 1.0),)) if score.case in of_first else score
        for score in run.scores
    )
    found = build_report(replace(run, scores=scores)).levels
    assert found == tuple(row for row in rest if row.task != first.task)


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


@pytest.fixture(scope="module")
def furnished(record, synthetic):
    """A refused candidate with an anchor, tripwires, a second attempt, notes and a release set."""
    return synthetic.furnished(record("contracts-deluge"))


def test_repeats_of_a_case_are_averaged(record):
    """Asked three times and right once, a case counts a third; its first answer is shown."""
    run = record("contracts-v2")
    candidate = run.arms[-1]
    case = next(case for case in run.cases if case.task == "extract")
    key = "f" * 64
    again = [
        replace(score, value=value, repeat=repeat)
        for score in run.scores
        if (score.case, score.arm) == (case.digest, candidate.digest)
        for repeat, value in ((1, 0.0), (2, 0.0))
    ]
    ours = (case.digest, candidate.digest)
    scores = (replace(s, value=1.0) if (s.case, s.arm) == ours else s for s in run.scores)
    answer = next(a for a in run.answers if (a.case, a.arm) == ours)
    report = build_report(
        replace(
            run,
            scores=(*again, *scores),
            answers=(*run.answers, replace(answer, key=key, repeat=1)),
            outputs={**run.outputs, key: replace(run.outputs[answer.key], key=key, text="second")},
        )
    )
    row = next(row for row in report.levels if row.task == "extract")
    tasks = {c.digest: c.task for c in run.cases if c.kind is Kind.CHECK}
    right = [
        s.value
        for s in run.scores
        if s.arm == candidate.digest and s.case != case.digest and tasks.get(s.case) == "extract"
    ]
    assert row.levels[-1].n == len(right) + 1
    assert row.levels[-1].value == pytest.approx((sum(right) + 1 / 3) / (len(right) + 1))
    flips = {flip.case: flip for flip in report.candidates[0].flips.cases}
    if case.digest in flips:
        shown = flips[case.digest].answers[-1]
        assert (shown.repeats, shown.text) == (3, run.outputs[answer.key].text)


def test_a_repeat_without_a_score_leaves_its_case_out(record):
    """As in the gate: an average over what happened to be scored would be another number."""
    run = record("contracts-v2")
    last = run.scores[-1]
    first = next(s for s in run.scores if s.arm == last.arm and s.scorer == "accuracy")
    holed = (*run.scores, replace(first, value=None, reason="judge died", repeat=1))
    before, after = build_report(run), build_report(replace(run, scores=holed))
    assert after.levels[0].levels[-1].n == before.levels[0].levels[-1].n - 1


def test_members_of_a_release_are_listed_and_not_judged(furnished):
    """The adapters of a set are no columns and no candidates; the set names them by digest."""
    report = build_report(furnished)
    assert [arm.role for arm in report.members] == [Role.MEMBER, Role.MEMBER]
    assert Role.MEMBER not in {arm.role for arm in report.arms}
    assert [candidate.name for candidate in report.candidates] == ["contracts-deluge"]
    for row in report.levels:
        assert [level.role for level in row.levels] == [arm.role for arm in report.arms]
    release = report.arms[-1]
    assert set(release.adapters.values()) == {arm.adapter for arm in report.members}


def test_proofs_with_a_member_bear_on_its_release(furnished):
    """An adapter that acts like nothing is seen at the candidate that it serves."""
    member = next(arm for arm in furnished.arms if arm.role is Role.MEMBER)
    stranger = Arm(Role.MEMBER, "other", member.base, "9" * 64, "8" * 64)
    base = furnished.arms[0]
    proofs = tuple(
        Effect(one.digest, base.digest, 16, 0.0, 0.0, 1e-4, False) for one in (member, stranger)
    )
    run = replace(furnished, arms=(*furnished.arms, stranger), effects=proofs)
    assert build_report(run).candidates[0].effect == proofs[:1]


def test_anchor_is_an_arm_of_its_own(furnished):
    """It is named, has a column, and its twins are counted as checks."""
    report = build_report(furnished)
    assert report.anchor.name == "contracts-v0"
    assert [arm.role for arm in report.arms] == [
        Role.BASE, Role.ANCHOR, Role.BASELINE, Role.CANDIDATE,
    ]  # fmt: skip
    counted = {(row.task, row.against) for row in report.candidates[0].flips.tasks}
    assert ("extract", Role.ANCHOR) in counted


def test_slices_are_counted_apart(furnished):
    """Tripwires are no checks: they have a tally of their own, and what is too small is said."""
    candidate = build_report(furnished).candidates[0]
    tally = candidate.tally
    slices = [check for check in candidate.checks if check.kind is Kind.TRIPWIRE]
    assert sum(tally.slices.values()) == len(slices) == 8
    assert tally.slices_too_small == 2
    assert sum(tally.checks.values()) == sum(
        check.kind in (Kind.CHECK, Kind.RUBRIC) for check in candidate.checks
    )


def test_headline_names_the_slice_that_lost(record, synthetic):
    """A proven loss in one slice, all else passed: how many of how many, where, by how much."""
    run = synthetic.furnished(record("contracts-v2"))
    place, tripwire = next(
        (i, c) for i, c in enumerate(run.checks) if c.kind is Kind.TRIPWIRE and c.estimate
    )
    lost = replace(tripwire, verdict=Verdict.REGRESSED, estimate=-0.12, interval=(-0.2, -0.04))
    checks = (*run.checks[:place], lost, *run.checks[place + 1 :])
    decision = replace(run.decisions[0], verdict=GateVerdict.REJECT)
    candidate = build_report(replace(run, checks=checks, decisions=(decision,))).candidates[0]
    assert candidate.headline == (
        "1 of 8 slices lost: demo/clauses classify.accuracy where "
        "clause_type = indemnification −12.0 points"
    )
    assert candidate.summary == "1 of 8 slices lost"


def test_promotion_says_how_many_slices_were_too_small(record, synthetic):
    """A slice that was never tested is not among what was shown to hold."""
    candidate = build_report(synthetic.furnished(record("contracts-v2"))).candidates[0]
    assert candidate.headline == (
        "All required items pass: 9 checks, 8 slices (2 too small to test) and 4 cases"
    )


def test_a_repeated_promotion_claims_nothing_of_this_run(record):
    """The recorded decision stands; what this run found otherwise is not said to pass."""
    run = record("contracts-deluge")
    reasons = ("all 11 required checks, rubrics and cases pass",)
    repeated = replace(
        run.decisions[0], verdict=GateVerdict.PROMOTE, reasons=reasons, repeats="20261120T090000"
    )
    candidate = build_report(replace(run, decisions=(repeated,))).candidates[0]
    assert (candidate.headline, candidate.repeats) == (reasons[0], "20261120T090000")


def test_what_failed_or_is_open_is_explained(furnished):
    """Every comparison that does not pass, and nothing else; lost cases are those that flipped."""
    candidate = build_report(furnished).candidates[0]
    expected = {
        check.id
        for check in candidate.checks
        if check.against and check.verdict in (Verdict.REGRESSED, Verdict.INCONCLUSIVE)
    }
    assert set(candidate.explanations) == expected != set()


def test_lost_cases_share_the_planted_phrase(furnished):
    """All prompts that the candidate lost at arithmetic say it, and no other."""
    candidate = build_report(furnished).candidates[0]
    check = next(c for c in candidate.checks if c.task == "arithmetic")
    found = candidate.explanations[check.id]
    features = {f.name for one in found.shared for f in (one.feature, *one.also)}
    assert features & {"carry", "the one", "carry the", "one"}
    assert found.clustered
    assert all(one.lost <= found.lost and one.rest <= found.rest for one in found.shared)


def test_a_slice_is_explained_by_its_own_cases(furnished):
    """Of a tripwire only the cases of its slice are compared."""
    report = build_report(furnished)
    candidate = report.candidates[0]
    for check in candidate.checks:
        if check.kind is Kind.TRIPWIRE and check.id in candidate.explanations:
            found = candidate.explanations[check.id]
            assert found.lost + found.rest <= check.n
            assert not any(check.slice == one.feature.name for one in found.shared)
