"""What a gate learns from the runs before it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from harness.store.past import Pilot, Release, Rule, Skill, Throughput
from harness.store.store import Store
from harness.types import (
    Arm,
    Attempt,
    Claim,
    GateVerdict,
    Kind,
    Output,
    Role,
    RunRecord,
    Verdict,
)

Keep = Callable[..., RunRecord]


@pytest.fixture
def keep(store: Store, record: RunRecord, journal: Callable[..., None]) -> Keep:
    """``keep(hour, run={...}, decision={...}, **fields)``: a run like the record, kept."""

    def write(hour: int, *, run=None, decision=None, finished=True, **changes: object) -> RunRecord:
        id_ = f"20261201T{hour:02d}0000-000000"
        changed = dataclasses.replace(
            record,
            run=dataclasses.replace(record.run, id=id_, **(run or {})),
            decisions=(dataclasses.replace(record.decisions[0], **(decision or {})),),
            **changes,
        )
        if not finished:
            changed = dataclasses.replace(changed, finished=None)
        journal(store, changed)
        store.ingest()
        return changed

    return write


def test_before_the_first_gate_nothing_is_known(bare: Store):
    """Without a history every question has an empty answer, and none creates one."""
    assert bare.attempts("arm1", ["input0"]) == ()
    assert not bare.knows("arm1")
    assert bare.last_rules(["contracts/clauses"]) is None
    assert bare.stored_scores("arm1", {"contracts/clauses": "digest"}).runs == {}
    assert bare.pilot("contracts/clauses", "classify", "accuracy") is None
    assert bare.throughput() is None
    assert bare.releases() == ()
    assert not bare.path.exists()


def test_an_empty_history_answers_as_none(store: Store):
    """A schema without a row is no error."""
    assert store.attempts("arm1", ["input0"]) == ()
    assert store.last_rules(["contracts/clauses"]) is None
    assert store.throughput() is None
    assert store.releases() == ()


def test_attempts_come_back_oldest_first(store: Store, keep: Keep):
    """With what is needed to recognise and to repeat them."""
    keep(2, decision={"attempt": 2, "rules": "r2", "verdict": GateVerdict.REJECT})
    first = keep(1, decision={"attempt": 1, "rules": "r1"})
    attempts = store.attempts("arm1", {"input0", "unheard of"})
    assert attempts[0] == Attempt(
        first.run.id, 1, "arm2", "r1", GateVerdict.INCONCLUSIVE, first.decisions[0].reasons
    )
    assert [(a.number, a.rules, a.verdict) for a in attempts] == [
        (1, "r1", "INCONCLUSIVE"),
        (2, "r2", "REJECT"),
    ]


UNCOUNTED = {
    "of another baseline": ("arm9", {"input0"}, {}),
    "on disjoint cases": ("arm1", {"input7", "input8"}, {}),
    "that share only a hand-written case": ("arm1", {"input3"}, {}),
    "that spent none": ("arm1", {"input0"}, {"decision": {"attempt": None}}),
    "that repeat another": ("arm1", {"input0"}, {"decision": {"repeats": "20261101"}}),
    "of a run that was cut short": ("arm1", {"input0"}, {"finished": False}),
}


@pytest.mark.parametrize(("baseline", "inputs", "changes"), UNCOUNTED.values(), ids=UNCOUNTED)
def test_decisions_that_do_not_count(store: Store, keep: Keep, baseline, inputs, changes):
    """A fresh, disjoint set of data cases is new evidence; the rest was never an attempt."""
    keep(1, **changes)
    assert store.attempts(baseline, inputs) == ()


def test_a_baseline_is_known_once_it_was_gated(store: Store, keep: Keep):
    """As baseline or as candidate of a finished run; being the base model of one is no record."""
    keep(1, finished=False)
    assert not store.knows("arm1")
    keep(2)
    assert [store.knows(arm) for arm in ("arm1", "arm2", "arm0", "arm9")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_the_last_rules_are_those_of_the_latest_spent_attempt(store: Store, keep: Keep, record):
    """A later run that spent none, or had none of these suites, does not hide them."""
    policy = {"alpha": 0.05, "margins": {"default": 0.03}}
    check = record.checks[0]
    gone = dataclasses.replace(check, candidate="v3", margin=None, verdict=Verdict.NOT_MEASURED)
    wire = dataclasses.replace(
        check, kind=Kind.TRIPWIRE, claim=Claim.NO_LOSS, name="accuracy~length=long",
        slice="length = long", margin=None,
    )  # fmt: skip
    kept = keep(2, run={"settings": {"policy": policy}}, checks=(gone, check, wire))
    keep(1)
    keep(3, decision={"attempt": None})
    keep(4, run={"suites": {"general/qa": "d"}})
    rules = store.last_rules(["contracts/clauses", "contracts/new"])
    assert rules is not None
    assert (rules.run, rules.policy, rules.suites) == (kept.run.id, policy, ("contracts/clauses",))
    where = ("contracts/clauses", "classify")
    assert rules.checks == (
        Rule(*where, check.name, Kind.CHECK, Claim.NOT_WORSE, Role.BASELINE, 0.03, True),
        Rule(
            *where, wire.name, Kind.TRIPWIRE, Claim.NO_LOSS, Role.BASELINE, None, True,
            "length = long",
        ),
    )  # fmt: skip
    assert store.last_rules(["contracts/new"]) is None


def test_stored_scores_are_of_the_latest_run_with_the_same_suite(store: Store, keep: Keep, record):
    """Each suite for itself; scores of a suite with other content are named, never given."""
    both = {"contracts/clauses": "digest", "contracts/adversarial": "d2"}
    keep(1, run={"suites": both})
    latest = keep(2, run={"suites": both | {"contracts/adversarial": "edited"}})
    keep(3, run={"suites": both}, finished=False)
    found = store.stored_scores("arm1", both | {"general/qa": "d3"})
    assert found.runs == {
        "contracts/clauses": latest.run.id,
        "contracts/adversarial": "20261201T010000-000000",
    }
    assert found.changed == ()
    assert sorted(s.case for s in found.scores) == ["case0", "case1", "case2", "case3"]
    assert set(found.scores) == {s for s in record.scores if s.arm == "arm1"}
    moved = store.stored_scores("arm1", {"contracts/clauses": "now", "general/qa": "d3"})
    assert (moved.scores, moved.runs, moved.changed) == ((), {}, ("contracts/clauses",))
    assert store.stored_scores("arm9", both).runs == {}


def test_a_pilot_is_the_latest_comparison(store: Store, keep: Keep, record):
    """The largest of its run; its variance is that of the pairs: −1 and 0, so 1/2."""
    check = record.checks[0]
    small = dataclasses.replace(check, name="small", n=1, against=Role.BASE)
    wire = dataclasses.replace(check, kind=Kind.TRIPWIRE, name="w", n=9)
    keep(1, checks=(dataclasses.replace(check, n=7),))
    latest = keep(2, checks=(small, check, wire))
    keep(3, checks=(dataclasses.replace(check, wins=None, losses=None),))
    pilot = store.pilot("contracts/clauses", "classify", "accuracy")
    assert pilot == Pilot(latest.run.id, 2, 0, 1, 1.0, 0.5)
    assert store.pilot("contracts/clauses", "classify", "token_f1") is None


def test_a_baseline_against_itself_is_no_pilot(store: Store, keep: Keep, record):
    """That it never differs from itself says nothing of how candidates differ."""
    baseline = record.arms[1]
    keep(1, arms=(baseline, dataclasses.replace(baseline, role=Role.CANDIDATE, name="v2")))
    assert store.pilot("contracts/clauses", "classify", "accuracy") is None


def outputs(*some: Output) -> dict[str, Output]:
    return {output.key: output for output in some}


CHOSEN = Output("a", None, (-1.0, -2.0), prompt_tokens=300, tokens=4, seconds=2.0)
WRITTEN = Output("b", "text", None, prompt_tokens=150, tokens=40, seconds=3.0)
THROUGHPUTS = {
    # 300 tokens in 2 s
    "of choices": ((CHOSEN,), Throughput(150.0, None)),
    # 190 tokens in 3 s
    "of generation": ((WRITTEN,), Throughput(190 / 3, 190 / 3)),
    # the prompt of 150 takes 1 of 3 s, leaving 2 s for 40 tokens
    "of both": ((CHOSEN, WRITTEN), Throughput(150.0, 20.0)),
    # the prompt alone would take 4 s
    "of a slow reader": (
        (dataclasses.replace(CHOSEN, seconds=8.0), WRITTEN), Throughput(37.5, 40 / 3),
    ),
    "of failures": ((Output("c", error="died", prompt_tokens=9, seconds=1.0),), None),
}  # fmt: skip


@pytest.mark.parametrize(("some", "expected"), THROUGHPUTS.values(), ids=THROUGHPUTS)
def test_throughput_is_tokens_over_time(store: Store, keep: Keep, some, expected):
    """Worked out by hand."""
    keep(1, outputs=outputs(*some))
    assert store.throughput() == expected


def test_throughput_of_another_machine_does_not_count(store: Store, keep: Keep):
    """Only what was computed under the numerics class that was used last, and computed at all."""
    keep(1, run={"numerics": "old"}, outputs=outputs(dataclasses.replace(CHOSEN, seconds=9.0)))
    keep(2, run={"numerics": "new"}, outputs=outputs(CHOSEN))
    keep(3, run={"numerics": "newest, all reused"}, outputs={})
    assert store.throughput() == Throughput(150.0, None)


def test_releases_are_the_recorded_promotions(store: Store, keep: Keep, record):
    """In order, each with the means of candidate and base over data cases of its own run."""
    promoted = {"verdict": GateVerdict.PROMOTE, "attempt": None}
    base, _, candidate = record.arms
    base_scores = [
        dataclasses.replace(score, arm="arm0", value=0.5)
        for score in record.scores
        if score.arm == "arm1" and score.case in ("case0", "case1")
    ]
    scores = (*record.scores, *base_scores)
    keep(1)
    one = keep(2, decision=promoted, scores=scores)
    keep(3, decision=promoted | {"repeats": one.run.id})
    keep(4, decision=promoted, finished=False)
    keep(5, decision=promoted | {"arm": "arm1"})
    other = Arm(Role.CANDIDATE, "v3", "b0", "a3", "arm3")
    arms = (base, dataclasses.replace(candidate, role=Role.BASELINE), other)
    two = keep(6, decision=promoted | {"arm": "arm3", "candidate": "v3"}, arms=arms)
    accuracy = ("contracts/clauses", "digest")
    assert store.releases() == (
        Release(
            one.run.id, "v2", "arm2", "arm1",
            (
                Skill(*accuracy, "classify", "accuracy", 0.5, 0.5),
                Skill(*accuracy, "extract", "accuracy", 1.0, None),
            ),
        ),
        Release(two.run.id, "v3", "arm3", "arm2", ()),
    )  # fmt: skip
    rows = store.sql("SELECT number, candidate, baseline FROM v1.releases").rows
    assert rows == ((1, "v2", "v1"), (2, "v3", "v2"))
