"""What a gate learns from the runs before it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from harness.store.past import Pilot, Release, Rule, Skill, StoredScores, Throughput
from harness.store.store import Store
from harness.types import (
    Arm,
    Attempt,
    Case,
    Claim,
    GateVerdict,
    Kind,
    Output,
    Role,
    RunRecord,
    Score,
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


def asked(number: int, kind: Kind = Kind.CHECK, row: object = None) -> Case:
    """A case of this input digest, of a row that is in no run unless it is given."""
    return Case(
        f"asked{number}", "s", "t", f"s{number}", kind, "prompt", (), None, None, "c", {},
        {"asked": number} if row is None else row, f"input{number}",
    )  # fmt: skip


def test_before_the_first_gate_nothing_is_known(bare: Store):
    """Without a history every question has an empty answer, and none creates one."""
    assert bare.attempts("arm1", [asked(0)]) == ()
    assert bare.looked_at("arm1", [asked(0)]) == frozenset()
    assert not bare.knows("arm1")
    assert bare.last_rules(["contracts/clauses"]) is None
    assert bare.stored_scores("arm1", {"contracts/clauses": "digest"}, "cpu").scores == ()
    assert bare.pilot("contracts/clauses", "classify", "accuracy") is None
    assert bare.throughput() is None
    assert bare.releases() == ()
    assert not bare.path.exists()


def test_an_empty_history_answers_as_none(store: Store):
    """A schema without a row is no error."""
    assert store.attempts("arm1", [asked(0)]) == ()
    assert store.last_rules(["contracts/clauses"]) is None
    assert store.throughput() is None
    assert store.releases() == ()


def test_attempts_come_back_oldest_first(store: Store, keep: Keep):
    """With what is needed to recognise and to repeat them."""
    keep(2, decision={"attempt": 2, "rules": "r2", "verdict": GateVerdict.REJECT})
    first = keep(1, decision={"attempt": 1, "rules": "r1"})
    attempts = store.attempts("arm1", [asked(0), asked(99)])
    assert attempts[0] == Attempt(
        first.run.id, 1, "arm2", "r1", GateVerdict.INCONCLUSIVE, first.decisions[0].reasons
    )
    assert [(a.number, a.rules, a.verdict) for a in attempts] == [
        (1, "r1", "INCONCLUSIVE"),
        (2, "r2", "REJECT"),
    ]


UNCOUNTED = {
    "of another baseline": ("arm9", [asked(0)], {}),
    "on disjoint cases": ("arm1", [asked(7), asked(8)], {}),
    "that share only a hand-written case": ("arm1", [asked(7), asked(3, Kind.CASE)], {}),
    "that have as data what is hand-written here": ("arm1", [asked(0, Kind.CASE)], {}),
    "that spent none": ("arm1", [asked(0)], {"decision": {"attempt": None}}),
    "that repeat another": ("arm1", [asked(0)], {"decision": {"repeats": "20261101"}}),
    "of a run that was cut short": ("arm1", [asked(0)], {"finished": False}),
}


@pytest.mark.parametrize(("baseline", "cases", "changes"), UNCOUNTED.values(), ids=UNCOUNTED)
def test_decisions_that_do_not_count(store: Store, keep: Keep, baseline, cases, changes):
    """A fresh, disjoint set of data cases is new evidence; the rest was never an attempt."""
    keep(1, **changes)
    assert store.attempts(baseline, cases) == ()


def test_a_run_is_shared_by_the_whole_row_too(store: Store, keep: Keep, record):
    """A prompt that reads one more field shows something else, of the same row of data."""
    keep(1)
    for case in record.cases[:3]:
        row = dict(reversed(case.fields.items()))
        assert len(store.attempts("arm1", [asked(77, row=row)])) == 1
    for row in ({}, record.cases[0].fields | {"pages": 9}, record.cases[3].fields):
        assert store.attempts("arm1", [asked(77, row=row)]) == ()


def test_without_data_hand_written_cases_link_runs(store: Store, keep: Keep, record):
    """By what is shown or by the whole input, as of data."""
    keep(1)
    hand = record.cases[3]
    assert len(store.attempts("arm1", [asked(3, Kind.CASE)])) == 1
    assert len(store.attempts("arm1", [asked(77, Kind.CASE, hand.fields)])) == 1
    assert store.attempts("arm1", [asked(4, Kind.CASE)]) == ()


LOOKS = {
    "in a partial run": ({}, {"arm2"}),
    "of another baseline": ({"baseline": "arm9"}, set()),
    "on disjoint cases": ({"cases": [asked(9)]}, set()),
    "that spent an attempt": ({"decision": {"attempt": 1}}, set()),
    "that was a repeat": ({"decision": {"attempt": 1, "repeats": "20261101"}}, set()),
    "at the baseline itself": ({"decision": {"arm": "arm1"}}, set()),
    "at the base": ({"decision": {"arm": "arm0"}}, set()),
    "in a run that was cut short": ({"finished": False}, set()),
    "without a comparison": ({"check": {"against": None}}, set()),
    "that measured nothing": ({"check": {"estimate": None}}, set()),
    "that measured another candidate": ({"check": {"candidate": "v3"}}, set()),
}


@pytest.mark.parametrize(("changes", "expected"), LOOKS.values(), ids=LOOKS)
def test_candidates_that_were_looked_at_without_an_attempt(
    store: Store, keep: Keep, record, changes, expected
):
    """A look without an attempt is a look: whoever has many keeps the best."""
    changes = dict(changes)
    baseline, cases = changes.pop("baseline", "arm1"), changes.pop("cases", [asked(0)])
    check = dataclasses.replace(record.checks[0], **changes.pop("check", {}))
    partial = {"attempt": None, "verdict": GateVerdict.PARTIAL} | changes.pop("decision", {})
    keep(1, decision=partial, checks=(check,), **changes)
    assert store.looked_at(baseline, cases) == expected


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
        slice="length = long", margin=None, verdict=Verdict.NOT_MEASURED, look=None,
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
        Rule(
            *where, check.name, Kind.CHECK, Claim.NOT_WORSE, Role.BASELINE, 0.03, True,
            metric="accuracy", sequential=True,
        ),
        Rule(
            *where, wire.name, Kind.TRIPWIRE, Claim.NO_LOSS, Role.BASELINE, None, True,
            "length = long", "accuracy", None,
        ),
    )  # fmt: skip
    assert store.last_rules(["contracts/new"]) is None


SUITE, HAND = "contracts/clauses", "contracts/adversarial"
BOTH = {SUITE: "digest", HAND: "d2"}


def _of_anchor(*cases: str, value: float | None = 1.0) -> tuple[Score, ...]:
    return tuple(Score(case, "arm1", "accuracy", value) for case in cases)


def _values(store: Store, numerics: str = "cpu") -> dict[str, float | None]:
    found = store.stored_scores("arm1", BOTH, numerics)
    return {score.case: score.value for score in found.scores}


def test_stored_scores_are_those_of_the_same_suite(store: Store, keep: Keep, record):
    """Each suite for itself; scores of a suite with other content are named, never given."""
    keep(1, run={"suites": BOTH})
    keep(2, run={"suites": BOTH | {HAND: "edited"}})
    keep(3, run={"suites": BOTH}, finished=False)
    found = store.stored_scores("arm1", BOTH | {"general/qa": "d3"}, "cpu")
    assert found.incomparable == {}
    assert sorted(found.scores, key=str) == sorted(
        (s for s in record.scores if s.arm == "arm1"), key=str
    )
    moved = store.stored_scores("arm1", {SUITE: "now", "general/qa": "d3"}, "cpu")
    assert moved == StoredScores((), {SUITE: f"they are of another version of {SUITE}"})
    assert store.stored_scores("arm9", BOTH, "cpu") == StoredScores((), {})


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("engine=a threads=2", "engine=b threads=2", ("engine=a", "engine=b")),
        ("engine=a", "engine=a dtype=half", ("engine=a", "dtype=half")),
    ],
)
def test_stored_scores_of_another_numerics_class_are_not_comparable(
    store: Store, keep: Keep, was, now, words
):
    """What differs is named."""
    keep(1, run={"suites": BOTH, "numerics": was})
    found = store.stored_scores("arm1", BOTH, now)
    why = f"they were computed with {words[0]}, this run computes with {words[1]}"
    assert found == StoredScores((), {SUITE: why, HAND: why})


def test_another_executor_in_the_run_is_no_other_class(store: Store, keep: Keep):
    """A run has a class for each executor in use; one in common shows that the rest is equal."""
    keep(1, run={"suites": BOTH, "numerics": "cpu fused; cpu peft"})
    assert _values(store, "cpu fused").keys() == {"case0", "case1", "case2", "case3"}


def test_a_later_run_of_another_class_hides_nothing(store: Store, keep: Keep, record):
    earlier = _of_anchor("case0", "case3", value=0.25)
    keep(1, run={"suites": BOTH}, scores=earlier)
    keep(2, run={"suites": BOTH, "numerics": "gpu"})
    assert _values(store) == {"case0": 0.25, "case3": 0.25}
    assert store.stored_scores("arm1", BOTH, "cpu").incomparable == {}


def test_each_case_is_of_the_latest_run_that_could_score_it(store: Store, keep: Keep, record):
    """A partial run renews what it measured and leaves the rest; an unscored output nothing."""
    keep(1, run={"suites": BOTH}, scores=_of_anchor("case0", "case1", "case2", value=0.25))
    keep(2, run={"suites": BOTH}, scores=_of_anchor("case1", value=0.75))
    unscored = _of_anchor("case2", "case3", value=None)
    keep(3, run={"suites": BOTH}, scores=unscored)
    assert _values(store) == {"case0": 0.25, "case1": 0.75, "case2": 0.25, "case3": None}


def test_scores_that_were_taken_over_are_never_taken_again(store: Store, keep: Keep, record):
    """Else a part of them would stand in for the whole from then on."""
    base, anchor, candidate = record.arms
    gone = dataclasses.replace(anchor, role=Role.ANCHOR, executor="stored")
    keep(1, run={"suites": BOTH}, scores=_of_anchor("case0", value=0.25))
    keep(2, run={"suites": BOTH}, arms=(base, gone, candidate), scores=_of_anchor("case0"))
    assert _values(store) == {"case0": 0.25}


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
