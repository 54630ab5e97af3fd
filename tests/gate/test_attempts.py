"""Attempts: numbered, paid for, never decided twice; and what was changed since the last."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.attempts import (
    changes,
    conclude,
    confirm,
    following,
    notes,
    number,
    ruled,
    rules_digest,
)
from harness.store.past import Rule, Rules
from harness.types import Arm, Attempt, Claim, GateDecision, GateVerdict, Kind, Role

BASE = Arm(Role.BASE, "base", "b", None, "base-arm")
V1 = Arm(Role.BASELINE, "v1", "b", "1", "v1-arm")


def candidate(name: str, digest: str | None = None, problem: str | None = None) -> Arm:
    return Arm(Role.CANDIDATE, name, "b", name, digest or f"{name}-arm", problem=problem)


def attempt(at: int, name: str, rules: str = "rules", verdict=GateVerdict.INCONCLUSIVE) -> Attempt:
    return Attempt(f"run-{at}", at, f"{name}-arm", rules, verdict, ("once said",))


def decision(verdict: GateVerdict = GateVerdict.PROMOTE, name: str = "v2") -> GateDecision:
    return GateDecision(name, f"{name}-arm", verdict, ("now said",), 0.05)


def numbers(candidates, past=()):
    found = number(candidates, V1, BASE, "rules", past, 0.05)
    return [(name, each.number, each.spends) for name, each in found.items()]


def test_candidates_of_a_run_are_attempts_in_the_order_of_the_command_line():
    """From the highest number on, also where numbers in between were never used."""
    arms = [candidate("v3"), candidate("v2")]
    assert numbers(arms) == [("v3", 1, True), ("v2", 2, True)]
    past = [attempt(1, "old"), attempt(4, "older", "other rules")]
    assert numbers(arms, past) == [("v3", 5, True), ("v2", 6, True)]


def test_numbers_that_collided_are_both_counted():
    """Three decisions were paid for as 1, 1 and 2: the next is the fourth, not the third."""
    past = [attempt(1, "a"), attempt(1, "b"), attempt(2, "c")]
    assert following(past) == 4
    assert numbers([candidate("v2")], past) == [("v2", 4, True)]
    assert following([attempt(1, "a"), attempt(1, "a")]) == 2
    assert following([]) == 1


def test_the_level_of_an_attempt_is_its_share_of_alpha():
    """.05·6/π² = .0304 for the first, a quarter and a ninth of it for the next two."""
    found = number([candidate(n) for n in ("a", "b", "c")], V1, BASE, "rules", [], 0.05)
    levels = [each.alpha for each in found.values()]
    assert levels == pytest.approx([0.0303964, 0.0075991, 0.0033774], abs=1e-7)


def test_one_content_under_two_names_is_one_attempt():
    arms = [candidate("v2", "same"), candidate("v2-copy", "same"), candidate("v3")]
    assert numbers(arms) == [("v2", 1, True), ("v2-copy", 1, True), ("v3", 2, True)]


def test_baseline_base_and_what_cannot_be_measured_spend_nothing():
    """They have the level of the next attempt, and move the others no further."""
    arms = [
        candidate("v1-again", V1.digest),
        candidate("broken", problem="truncated"),
        candidate("base", BASE.digest),
        candidate("v2"),
    ]
    assert numbers(arms, [attempt(2, "old")]) == [
        ("v1-again", 3, False),
        ("broken", 3, False),
        ("base", 3, False),
        ("v2", 3, True),
    ]


def test_the_same_candidate_by_the_same_rules_repeats_its_first_decision():
    past = [attempt(1, "v2"), attempt(2, "v3"), dataclasses.replace(attempt(3, "v2"), run="later")]
    found = number([candidate("v2"), candidate("v4")], V1, BASE, "rules", past, 0.05)
    assert found["v2"].stored == past[0]
    assert (found["v2"].number, found["v2"].spends) == (1, False)
    assert (found["v4"].number, found["v4"].stored) == (4, None)


def test_the_same_candidate_by_other_rules_is_a_new_attempt():
    found = number([candidate("v2")], V1, BASE, "rules", [attempt(1, "v2", "rules before")], 0.05)
    assert (found["v2"].number, found["v2"].spends, found["v2"].stored) == (2, True, None)


def numbered(past=(), arm=None):
    return next(iter(number([arm or candidate("v2")], V1, BASE, "rules", past, 0.05).values()))


@pytest.mark.parametrize("verdict", ["PROMOTE", "INCONCLUSIVE", "REJECT"])
def test_a_completed_decision_spends_its_attempt(verdict):
    found = conclude(decision(GateVerdict(verdict)), numbered([attempt(1, "old")]), complete=True)
    assert (found.verdict, found.attempt, found.rules, found.repeats) == (verdict, 2, "rules", None)
    assert found.alpha == pytest.approx(0.0075991, abs=1e-7)


@pytest.mark.parametrize(
    ("verdict", "complete"),
    [("PARTIAL", True), ("INCOMPLETE", True), ("REJECT", False), ("PARTIAL", False)],
)
@pytest.mark.parametrize("past", [(), (attempt(1, "v2", verdict=GateVerdict.PROMOTE),)])
def test_a_partial_or_broken_run_spends_and_repeats_nothing(verdict, complete, past):
    """Even where the same was decided before: half a run says what half a run found."""
    found = conclude(decision(GateVerdict(verdict)), numbered(past), complete)
    assert (found.verdict, found.reasons) == (verdict, ("now said",))
    assert (found.attempt, found.repeats, found.rules) == (None, None, "rules")


@pytest.mark.parametrize("digest", [V1.digest, BASE.digest])
def test_baseline_and_base_are_decided_without_an_attempt(digest):
    found = conclude(decision(), numbered(arm=candidate("v2", digest)), complete=True)
    assert (found.verdict, found.attempt) == ("PROMOTE", None)


def test_a_repeat_returns_the_recorded_decision():
    """With its verdict, reasons, number and run; a note says what this run found otherwise."""
    past = [attempt(1, "v2")]
    noted = dataclasses.replace(decision(), notes=("before",))
    found = conclude(noted, numbered(past), complete=True)
    assert (found.verdict, found.reasons) == ("INCONCLUSIVE", ("once said",))
    assert (found.attempt, found.repeats) == (1, "run-1")
    assert found.notes == (
        "before",
        "the decision of run run-1 stands, INCONCLUSIVE: candidate, suites and policy are the "
        "same; this run by itself found PROMOTE (now said)",
    )


def test_a_repeat_that_agrees_needs_no_note():
    same = dataclasses.replace(decision(GateVerdict.INCONCLUSIVE), reasons=("once said",))
    assert conclude(same, numbered([attempt(1, "v2")]), complete=True).notes == ()


def test_a_loss_that_is_found_stands_against_a_recorded_promotion():
    """Whatever was signed once; the note names both, and no attempt is spent again."""
    past = [attempt(1, "v2", verdict=GateVerdict.PROMOTE), attempt(2, "v3")]
    found = conclude(decision(GateVerdict.REJECT), numbered(past), complete=True)
    assert (found.verdict, found.reasons) == ("REJECT", ("now said",))
    assert (found.attempt, found.repeats) == (1, None)
    assert found.notes == (
        "run run-1 decided PROMOTE on the same candidate, suites and policy (once said); this run "
        "found REJECT, which stands",
    )


def test_once_rejected_a_promotion_does_not_come_back():
    """The recorded REJECT is what is repeated from then on, by whatever a third run finds."""
    promoted = attempt(1, "v2", verdict=GateVerdict.PROMOTE)
    rejected = dataclasses.replace(promoted, run="run-2", verdict=GateVerdict.REJECT)
    found = conclude(decision(), numbered([promoted, rejected]), complete=True)
    assert (found.verdict, found.attempt, found.repeats) == ("REJECT", 1, "run-2")
    assert conclude(decision(), numbered([rejected, promoted]), complete=True).repeats == "run-2"


class TestTheMomentOfDecision:
    """Between numbering and recording another run may have decided."""

    def test_a_free_attempt_is_confirmed(self):
        mine = numbered([attempt(1, "old")])
        made = conclude(decision(), mine, complete=True)
        assert confirm(made, mine, [attempt(1, "old"), attempt(3, "v9")]) == made

    @pytest.mark.parametrize("verdict", ["PROMOTE", "INCONCLUSIVE", "REJECT"])
    def test_an_attempt_that_was_taken_is_incomplete(self, verdict):
        mine = numbered([attempt(1, "old")])
        made = conclude(decision(GateVerdict(verdict)), mine, complete=True)
        found = confirm(made, mine, [attempt(1, "old"), attempt(2, "v9", "other rules")])
        assert (found.verdict, found.attempt, found.repeats) == ("INCOMPLETE", None, None)
        assert found.reasons == (
            "another run (run-2) took attempt 2 while this one went on; run the gate again "
            "(its outputs are kept)",
        )

    def test_a_candidate_that_was_decided_meanwhile_is_incomplete(self):
        """By another number: run again, it repeats that decision."""
        mine = number([candidate("v3"), candidate("v2")], V1, BASE, "rules", [], 0.05)["v2"]
        made = conclude(decision(), mine, complete=True)
        found = confirm(made, mine, [attempt(1, "v2")])
        assert (found.verdict, found.attempt) == ("INCOMPLETE", None)
        assert "decided on the same candidate" in found.reasons[0]

    def test_what_spends_nothing_cannot_be_taken(self):
        """A repeat, a loss found against a recorded promotion, a partial run."""
        past = [attempt(1, "v2", verdict=GateVerdict.PROMOTE)]
        for verdict, complete in (("PROMOTE", True), ("REJECT", True), ("PARTIAL", False)):
            made = conclude(decision(GateVerdict(verdict)), numbered(past), complete)
            assert confirm(made, numbered(past), past) == made


ALPHAS = st.floats(0.001, 0.4)
RUNS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True),
        st.sampled_from(["r1", "r2"]),
        st.booleans(),
    ),
    max_size=25,
)


@given(ALPHAS, RUNS)
def test_all_attempts_together_cost_no_more_than_alpha(alpha, runs):
    """Whatever is gated in whatever order: no number twice, no decision twice, total ≤ alpha."""
    past: list[Attempt] = []
    spent: list[float] = []
    for at, (names, rules, complete) in enumerate(runs):
        arms = [candidate(name) for name in names]
        found = number(arms, V1, BASE, rules, past, alpha)
        for arm in arms:
            made = conclude(decision(name=arm.name), found[arm.name], complete)
            if made.attempt is not None and made.repeats is None:
                spent.append(made.alpha)
                past.append(
                    Attempt(
                        f"run-{at}", made.attempt, made.arm, made.rules, made.verdict, made.reasons
                    )
                )
    assert sum(spent) <= alpha
    assert len({a.number for a in past}) == len({(a.candidate, a.rules) for a in past}) == len(past)


def test_an_unknown_baseline_is_said_so():
    """Its attempts may have been spent where this store cannot see them."""
    assert notes(V1, known=False, looked_at=0) == (
        "this store has no record of the baseline v1: earlier attempts elsewhere are not known to "
        "it",
    )
    assert notes(V1, known=True, looked_at=0) == ()


@pytest.mark.parametrize(("count", "who"), [(1, "candidate was"), (3, "candidates were")])
def test_candidates_that_were_only_looked_at_are_said(count, who):
    assert notes(V1, known=True, looked_at=count) == (
        f"{count} other {who} looked at in partial runs on these cases: the best of several looks "
        "better than it is",
    )


def test_rules_are_known_by_suites_and_what_is_pinned():
    """The order in which they are named is nothing; every digest is something."""
    pinned = {"policy": "p", "anchor": None}
    one = rules_digest({"a": "1", "b": "2"}, pinned)
    assert one == rules_digest({"b": "2", "a": "1"}, dict(reversed(pinned.items())))
    others = [
        ({"a": "1"}, pinned),
        ({"a": "1", "b": "3"}, pinned),
        ({"a": "1", "b": "2"}, pinned | {"policy": "q"}),
        ({"a": "1", "b": "2"}, pinned | {"anchor": "v0"}),
    ]
    assert len({one, *(rules_digest(*other) for other in others)}) == 5


CHECK = Rule(
    "s", "t", "no-worse", Kind.CHECK, Claim.NOT_WORSE, Role.BASELINE, 0.03, True,
    metric="accuracy", sequential=False,
)  # fmt: skip
FLOOR = Rule("s", "t", "floor", Kind.CHECK, Claim.MIN, None, 0.8, True)
BETTER = Rule("s", "t", "better", Kind.CHECK, Claim.BETTER, Role.BASELINE, 0.0, False)
WIRE = Rule(
    "s", "t", "m~k=long", Kind.TRIPWIRE, Claim.NO_LOSS, Role.BASELINE, None, True, "k = long"
)
POLICY = {"alpha": 0.05, "margins": {"default": 0.03, "g/*": 0.05}, "tripwires": ["a", "b"]}


def rules(checks=(CHECK, FLOOR, BETTER, WIRE), suites=("s",), **policy) -> Rules:
    return Rules("run-1", POLICY | policy, tuple(suites), tuple(checks))


def replaced(old: Rule, **changed) -> tuple[Rule, ...]:
    return tuple(
        dataclasses.replace(rule, **changed) if rule is old else rule
        for rule in (CHECK, FLOOR, BETTER, WIRE)
    )


CHANGED = {
    "alpha": (rules(alpha=0.1), "policy alpha: 0.05 → 0.1 (raised)"),
    "policy list": (rules(tripwires=["b"]), "policy tripwires: a, b → b"),
    "emptied list": (rules(tripwires=[]), "policy tripwires: a, b → none"),
    "policy margin": (
        rules(margins={"default": 0.03, "g/*": 0.02}),
        "policy margins of g/*: 0.05 → 0.02 (lowered)",
    ),
    "new policy margin": (
        rules(margins={"default": 0.03, "g/*": 0.05, "s": 0.1}),
        "policy margins of s: none → 0.1",
    ),
    "anchor": (rules(anchor="v1"), "policy anchor: none → v1"),
    "margin": (
        rules(replaced(CHECK, margin=0.05)), "margin of s t.no-worse: 0.03 → 0.05 (raised)",
    ),
    "floor": (rules(replaced(FLOOR, margin=0.7)), "floor of s t.floor: 0.8 → 0.7 (lowered)"),
    "claim": (
        rules(replaced(CHECK, claim=Claim.BETTER, margin=None)),
        "claim of s t.no-worse: not-worse → better",
    ),
    "reference": (
        rules(replaced(CHECK, against=Role.BASE)), "reference of s t.no-worse: baseline → base",
    ),
    "metric": (
        rules(replaced(CHECK, metric="token_f1")),
        "metric of s t.no-worse: accuracy → token_f1",
    ),
    "sequential": (rules(replaced(CHECK, sequential=True)), "s t.no-worse is now sequential"),
    "required no longer": (
        rules(replaced(CHECK, required=False)), "s t.no-worse is no longer required",
    ),
    "required now": (rules(replaced(BETTER, required=True)), "s t.better is now required"),
    "gone": (rules((FLOOR, BETTER, WIRE)), "check s t.no-worse is gone"),
    "tripwire gone": (rules((CHECK, FLOOR, BETTER)), "tripwires of s are gone (k = long)"),
}  # fmt: skip


@pytest.mark.parametrize(("now", "expected"), CHANGED.values(), ids=CHANGED)
def test_each_change_is_one_sentence_that_names_the_run(now, expected):
    assert changes(rules(), now) == (f"{expected} since run run-1",)


def test_nothing_changed_is_nothing_said():
    """Order of lists, added checks, other suites and a first gate are no changes."""
    more = (*reversed((CHECK, FLOOR, WIRE)), dataclasses.replace(CHECK, name="new"))
    now = rules((*more, dataclasses.replace(BETTER, margin=None)), tripwires=["b", "a"])
    assert changes(rules(), now) == ()
    assert changes(rules(), rules((), suites=["other"])) == ()
    assert changes(None, now) == ()
    unknown = dataclasses.replace(rules(replaced(CHECK, margin=None)), run="run-1")
    assert changes(unknown, rules()) == ()
    unknown = rules(replaced(CHECK, sequential=None))
    assert changes(unknown, rules(replaced(CHECK, sequential=True))) == ()


def test_rules_of_a_run_are_what_its_items_declare(declare):
    """One rule for all candidates; a limit only where the claim has one."""
    check = declare(limit=0.04)
    other = dataclasses.replace(check, id="other", candidate="v3")
    better = dataclasses.replace(
        check, name="better", claim=Claim.BETTER, required=False, sequential=True
    )
    found = ruled("run-2", {"alpha": 0.05}, ["s"], [check, other, better])
    assert (found.run, found.policy, found.suites) == ("run-2", {"alpha": 0.05}, ("s",))
    assert found.checks == (
        Rule(
            "s", "t", check.name, Kind.CHECK, Claim.NOT_WORSE, Role.BASELINE, 0.04, True,
            metric="accuracy", sequential=False,
        ),
        Rule(
            "s", "t", "better", Kind.CHECK, Claim.BETTER, Role.BASELINE, None, False,
            metric="accuracy", sequential=True,
        ),
    )  # fmt: skip
