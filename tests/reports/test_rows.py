"""The cases in columns, against the records they were made of."""

from __future__ import annotations

from dataclasses import replace

from harness.reports import build_report
from harness.reports.model import State
from harness.types import Kind, Role


def _where(run):
    """(suite, task, sample, origin) → case."""
    return {
        (case.suite, case.task, case.sample, case.mutation or str(case.kind)): case
        for case in run.cases
    }


def _rows(report):
    """Task, place in it, and the key that ``_where`` has for it."""
    kinds = {"data": "check", "hand-written": "case"}
    for task in report.rows:
        for at, (sample, origin) in enumerate(zip(task.samples, task.origins, strict=True)):
            yield task, at, (task.suite, task.task, sample, kinds.get(origin, origin))


def test_every_case_is_there_once_with_its_own_texts_and_scores(record, synthetic):
    """Data, mutations and hand-written cases, whatever the order of answers and scores."""
    run = synthetic.mutated(synthetic.furnished(record("contracts-deluge")))
    report = build_report(
        replace(run, answers=run.answers[::-1], scores=run.scores[::-1], cases=run.cases[::-1])
    )
    where, values = _where(run), {(s.case, s.arm, s.scorer): s.value for s in run.scores}
    keys = [key for _, _, key in _rows(report)]
    assert sorted(keys) == sorted(where)
    for task, at, key in _rows(report):
        case = where[key]
        assert task.prompts[at] == case.prompt
        assert task.targets[at] == ("\n".join(case.expect) or case.target)
        assert {name: column[at] for name, column in task.slices.items()} == case.slices
        for arm, columns in zip(report.arms, task.scores, strict=True):
            for scorer, column in zip(task.scorers, columns, strict=True):
                assert column[at] == values.get((case.digest, arm.digest, scorer))


def test_states_are_those_of_the_flips(record):
    """Lost and won as the flips have it; all else is unchanged where every score is there."""
    run = record("contracts-v2", "contracts-deluge")
    report = build_report(run)
    for candidate in report.candidates:
        flips = {flip.case: flip for flip in candidate.flips.cases}
        where = _where(run)
        for task, at, key in _rows(report):
            if where[key].kind is not Kind.CHECK:
                continue
            flip = flips.get(where[key].digest)
            wanted = State.SAME if flip is None else State.LOST if flip.lost else State.WON
            assert task.states[candidate.name][at] is wanted
            named = report.arms[task.against[candidate.name]]
            assert flip is None or named.role is flip.against


def test_what_has_no_score_is_not_measured(record):
    """One score taken away, another None: neither is unchanged, both have no number."""
    run = record("contracts-v2")
    mine = next(arm for arm in run.arms if arm.role is Role.CANDIDATE).digest
    gone, none = [s for s in run.scores if s.arm == mine][:2]
    scores = [replace(s, value=None) if s is none else s for s in run.scores if s is not gone]
    report = build_report(replace(run, scores=tuple(scores)))
    digests = {gone.case, none.case}
    for task, at, key in _rows(report):
        missing = _where(run)[key].digest in digests
        assert (task.states["contracts-v2"][at] is State.NONE) == missing
        if missing:
            assert task.scores[-1][0][at] is None


def test_a_failed_answer_is_its_error_and_a_choice_has_its_share(record):
    """What stands beside an answer says what it is."""
    run = record("contracts-v2")
    key = next(a.key for a in run.answers if run.outputs[a.key].text is not None)
    broken = replace(run.outputs[key], text=None, error="the engine died")
    report = build_report(replace(run, outputs=run.outputs | {key: broken}))
    said = [
        (answer, note)
        for task in report.rows
        for answers, notes in zip(task.answers, task.notes, strict=True)
        for answer, note in zip(answers, notes, strict=True)
    ]
    assert said.count(("the engine died", "failed")) == 1
    shares = {note for _, note in said} - {"", "failed"}
    assert shares
    assert all(note.endswith("%") for note in shares)


def test_the_first_release_has_nobody_to_lose_to(record):
    run = record("contracts-v2")
    checks = tuple(replace(check, against=None) for check in run.checks)
    report = build_report(replace(run, arms=(run.arms[0], run.arms[2]), checks=checks))
    for task in report.rows:
        assert task.against == {}
        assert set(task.states["contracts-v2"]) == {State.SAME}
