"""Flips against an oracle that reads the scores the long way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reports import build_report
from harness.types import Kind, Role


def _flips(run, candidate=0):
    return build_report(run).candidates[candidate].flips


def _values(run, arm, scorer="accuracy"):
    """Case digest → value of the arm's data samples."""
    data = {case.digest for case in run.cases if case.kind is Kind.CHECK}
    return {
        score.case: score.value
        for score in run.scores
        if score.arm == arm.digest and score.scorer == scorer and score.case in data
    }


def test_flips_are_paired_by_case_digest(record):
    """Losses and wins of every task equal those counted over a dictionary of digests."""
    run = record("contracts-deluge")
    by_role = {arm.role: arm for arm in run.arms}
    ours = _values(run, by_role[Role.CANDIDATE])
    tasks = {case.digest: (case.suite, case.task) for case in run.cases}
    for row in _flips(run).tasks:
        theirs = _values(run, by_role[row.against])
        pairs = [
            (theirs[case], ours[case]) for case in ours if tasks[case] == (row.suite, row.task)
        ]
        assert row.n == len(pairs)
        assert row.losses == sum(old > new for old, new in pairs)
        assert row.wins == sum(old < new for old, new in pairs)
        assert row.rate == pytest.approx((row.losses + row.wins) / row.n)


def test_counts_agree_with_the_checks(record):
    """What the flips count is what the check tested."""
    candidate = build_report(record("contracts-deluge")).candidates[0]
    counted = {(r.task, r.against): (r.wins, r.losses) for r in candidate.flips.tasks}
    for check in candidate.checks:
        if check.against:
            assert counted[check.task, check.against] == (check.wins, check.losses)


def test_order_of_the_records_does_not_matter_for_what_flips(record):
    """Shuffled scores and answers give the same flips."""
    run = record("contracts-deluge")
    turned = replace(run, scores=run.scores[::-1], answers=run.answers[::-1])
    assert _flips(turned) == _flips(run)


def test_baseline_against_itself_never_flips(record):
    """Same content, same answers: a rate of exactly 0, and nothing listed against it."""
    flips = _flips(record("contracts-v1", baseline="contracts-v1"))
    assert flips.rate == 0.0
    assert flips.flipped == 0
    assert all(flip.against is not Role.BASELINE for flip in flips.cases)


def test_losses_come_first_and_every_task_has_its_turn(record):
    """No win precedes a loss, and the first few losses are of different tasks."""
    flips = _flips(record("contracts-deluge")).cases
    lost = [bool(flip.lost) for flip in flips]
    assert lost == sorted(lost, reverse=True)
    assert len({(flip.suite, flip.task) for flip in flips[:5]}) == 5
    assert flips[0].task == "arithmetic"


def test_protected_suites_flip_against_base(record):
    """A flip is listed against the arm that its task's checks compare with."""
    for flip in _flips(record("contracts-deluge")).cases:
        assert flip.against is (Role.BASE if flip.suite == "demo/general" else Role.BASELINE)
        assert flip.answers[-1].role is Role.CANDIDATE


@pytest.mark.parametrize(
    ("old", "new", "flips"),
    [(1.0, 0.0, 1), (0.0, 1.0, 1), (0.9, 0.4, 1), (0.9, 0.5, 0), (1.0, 1.0, 0), (7.0, 0.0, 0)],
)
def test_graded_scores_flip_by_a_half(record, synthetic, old, new, flips):
    """In [0, 1] a change by one half is a flip; outside it a score has no halves."""
    run = record(world=synthetic.World(n=1, hand_written=0))
    baseline, candidate = run.arms[1], run.arms[2]
    case = next(case for case in run.cases if case.task == "extract")
    value = {baseline.digest: old, candidate.digest: new}
    scores = tuple(
        replace(score, value=value[score.arm])
        for score in run.scores
        if score.case == case.digest and score.arm in value
    )
    found = _flips(replace(run, scores=scores))
    assert len(found.cases) == found.flipped == flips


def test_a_missing_score_is_no_flip(record):
    """An answer that could not be scored is left out of the pairs."""
    run = record("contracts-deluge")
    candidate = run.arms[-1]
    scores = tuple(
        replace(score, value=None) if score.arm == candidate.digest else score
        for score in run.scores
    )
    found = _flips(replace(run, scores=scores))
    assert found.rate is None
    assert found.tasks == found.cases == ()


def test_driving_slice_is_named_where_losses_gather(record):
    """All losses planted in one slice: it is named, with how many of its cases were lost."""
    run = record("contracts-deluge")
    baseline, candidate = run.arms[1], run.arms[2]
    extract = [case for case in run.cases if case.task == "extract" and case.kind is Kind.CHECK]
    lost = [case.digest for case in extract if case.slices["clause_type"] == "governing law"][:20]
    scores = tuple(
        replace(score, value=float(score.case not in lost or score.arm != candidate.digest))
        for score in run.scores
        if score.arm in (baseline.digest, candidate.digest)
    )
    row = next(row for row in _flips(replace(run, scores=scores)).tasks if row.task == "extract")
    assert (row.driver.slice, row.driver.value) == ("clause_type", "governing law")
    assert (row.driver.losses, row.driver.n) == (20, 100)


def test_slices_are_the_task_cut_in_pieces(record):
    """Each slice's values add up to the task; means, wins and losses are those of its cases."""
    run = record("contracts-deluge")
    baseline, candidate = _values(run, run.arms[1]), _values(run, run.arms[2])
    row = next(row for row in _flips(run).tasks if row.task == "extract")
    for name in ("clause_type", "length"):
        parts = [part for part in row.slices if part.slice == name]
        assert sum(part.n for part in parts) == row.n
        assert sum(part.losses for part in parts) == row.losses
        assert sum(part.wins for part in parts) == row.wins
        assert [part.difference for part in parts] == sorted(part.difference for part in parts)
    short = next(part for part in row.slices if part.value == "short")
    cases = [c.digest for c in run.cases if c.task == "extract" and c.slices["length"] == "short"]
    cases = [digest for digest in cases if digest in candidate]
    assert short.reference == pytest.approx(sum(baseline[c] for c in cases) / len(cases))
    assert short.candidate == pytest.approx(sum(candidate[c] for c in cases) / len(cases))


def test_a_slice_of_ids_is_not_broken_down(record):
    """A slice with a value of its own for every case says nothing about where."""
    run = record("contracts-deluge")
    cases = tuple(replace(case, slices={"id": case.sample}) for case in run.cases)
    assert all(row.slices == () for row in _flips(replace(run, cases=cases)).tasks)


def test_even_losses_name_no_slice(record):
    """Losses that are spread as the cases are drive nothing."""
    run = record("contracts-deluge")
    candidate = run.arms[2]
    scores = tuple(
        replace(score, value=float(score.arm != candidate.digest)) for score in run.scores
    )
    assert all(row.driver is None for row in _flips(replace(run, scores=scores)).tasks)
