"""What a suite claims under a policy: twins against the anchor, tripwires, thinned clusters."""

import json
from collections import Counter

import pytest

from harness.errors import SuiteError
from harness.gate.declare import _fit, declare, drawn, idle_tripwires, thinned
from harness.suite.cases import cases
from harness.suite.policy import Policy
from harness.suite.suite import load_suite
from harness.types import Claim, Kind, Role

SUITE = """\
suite: shop/colours
data: {path: rows.jsonl, cluster: shelf, slices: [size, shade]}
tasks:
  - name: say
    prompt: "{{ text }}"
    generate: {max_tokens: 2}
    target: red
    scorers: [exact_match]
cases:
  - {id: hand, task: say, input: {text: x}, expect: [{equals: red}]}
rubrics:
  - name: brief
    task: say
    criteria: {brief: {scale: {1: no, 5: yes}}}
    by: assertions
    assertions: [{max_words: 1}]
    min: 0.9
checks:
"""
NO_WORSE = "  - {name: no-worse, task: say, metric: exact_match, margin: 0.03}\n"
SIZES = ("S", "M", "very large")


@pytest.fixture
def declared(tmp_path):
    """Declare a suite of 60 rows on 12 shelves, with these checks, under this policy."""

    def make(checks=NO_WORSE, policy=None, candidates=("v2",)):
        rows = [
            {"id": f"r{i}", "text": f"t{i}", "shelf": f"s{i // 5}", "size": SIZES[i % 3],
             "shade": f"shade {i}"}
            for i in range(60)
        ]  # fmt: skip
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tmp_path / "s.yaml").write_text(SUITE + checks)
        suite = load_suite(tmp_path / "s.yaml")
        return declare(suite, list(cases(suite)), policy or Policy(), candidates, "s.yaml")

    return make


def _names(found):
    return [one.id.partition("::")[2] for one in found]


def test_every_candidate_has_every_item(declared):
    assert _names(declared(candidates=("v2", "v3"))) == [
        "say.no-worse@v2", "say.brief@v2", "say.hand@v2",
        "say.no-worse@v3", "say.brief@v3", "say.hand@v3",
    ]  # fmt: skip


def test_a_comparison_with_the_baseline_has_a_twin_against_the_anchor(declared):
    found = declared(policy=Policy(anchor="releases/v0"))
    twin = next(one for one in found if one.against is Role.ANCHOR)
    assert (twin.name, twin.claim, twin.limit) == ("no-worse~anchor", Claim.NOT_WORSE, 0.03)
    assert _names(found)[:2] == ["say.no-worse@v2", "say.no-worse~anchor@v2"]


def test_what_compares_with_base_or_claims_better_has_no_twin(declared):
    checks = (
        "  - {name: a, task: say, metric: exact_match, against: base}\n"
        "  - {name: b, task: say, metric: exact_match, claim: better}\n"
    )
    found = declared(checks, Policy(anchor="releases/v0"))
    assert not any(one.against is Role.ANCHOR for one in found)


def test_an_anchor_that_the_policy_does_not_name_is_told_at_the_check(declared):
    checks = "  - {name: a, task: say, metric: exact_match, against: anchor}\n"
    with pytest.raises(SuiteError, match=r"s.yaml:19:5: .*policy.yaml names no anchor"):
        declared(checks)


def test_each_value_of_a_tripwire_s_slice_is_an_item_once(declared):
    """Two checks of one metric, or a twin, do not guard the same slice twice."""
    checks = NO_WORSE + NO_WORSE.replace("no-worse", "again")
    found = declared(checks, Policy(tripwires=("si*",), anchor="releases/v0"))
    wires = [one for one in found if one.kind is Kind.TRIPWIRE]
    assert _names(wires) == [
        "say.exact_match~size=S@v2", "say.exact_match~size=M@v2",
        "say.exact_match~size=very-large@v2",
    ]  # fmt: skip
    assert {one.slice for one in wires} == {"size = S", "size = M", "size = very large"}
    assert all(one.claim is Claim.NO_LOSS and one.comparative for one in wires)
    assert [len(one.cases) for one in wires] == [20, 20, 20]


def test_a_slice_with_a_value_for_every_row_is_no_tripwire(declared):
    with pytest.raises(SuiteError, match=r"tripwire of 'shade', which has 60 values; 50 are"):
        declared(policy=Policy(tripwires=("shade",)))


def test_a_tripwire_that_guards_nothing_is_named(declared):
    found = declared()[0].cases
    assert idle_tripwires(Policy(tripwires=("size", "siez")), found) == ["siez"]


def test_clusters_are_thinned_to_the_same_rows_every_time(declared):
    checks = NO_WORSE.replace("margin: 0.03", "max_per_cluster: 2")
    (one, *_), (other, *_) = declared(checks), declared(checks)
    assert [case.sample for case in one.cases] == [case.sample for case in other.cases]
    assert set(Counter(case.cluster for case in one.cases).values()) == {2}
    assert len(one.cases) == 24


def test_thinning_draws_rows_by_hash_and_keeps_their_order(declared):
    everything = declared()[0].cases
    kept = thinned(everything, 3, "salt")
    assert kept == [case for case in everything if case in kept]
    shelf = [case.sample for case in everything if case.cluster == "s0"]
    drawn_first = sorted(shelf, key=lambda name: drawn("salt", name))[:3]
    assert {case.sample for case in kept if case.cluster == "s0"} == set(drawn_first)
    assert thinned(everything[:30], 3, "salt") == kept[:18]  # rows elsewhere change nothing


def test_tripwires_follow_the_looks_of_a_sequential_check(declared):
    checks = NO_WORSE.replace("margin: 0.03", "sequential: true")
    found = declared(checks, Policy(tripwires=("size",)))
    assert found[0].sequential
    assert {one.follows for one in found if one.kind is Kind.TRIPWIRE} == {found[0].id}


REPORT_ONLY = NO_WORSE.replace("no-worse", "shown").replace("margin: 0.03", "required: false")
BASE = NO_WORSE.replace("no-worse", "base").replace("margin: 0.03", "against: base")


@pytest.mark.parametrize("checks", [REPORT_ONLY + NO_WORSE, NO_WORSE + REPORT_ONLY])
def test_a_tripwire_binds_as_its_strictest_check_does(declared, checks):
    """Whatever order the checks stand in."""
    found = declared(checks, Policy(tripwires=("size",)))
    assert all(one.required for one in found if one.kind is Kind.TRIPWIRE)


def test_a_tripwire_has_all_cases_that_a_check_of_its_metric_has(declared):
    fewer = NO_WORSE.replace("no-worse", "few").replace("margin: 0.03", "max_per_cluster: 1")
    early = NO_WORSE.replace("no-worse", "early").replace("margin: 0.03", "sequential: true")
    for checks in (fewer + early + NO_WORSE, NO_WORSE + early + fewer):
        wires = [d for d in declared(checks, Policy(tripwires=("size",))) if d.slice]
        assert sum(len(wire.cases) for wire in wires) == 60
        assert not any(wire.follows for wire in wires)


def test_a_slice_is_guarded_against_every_reference_that_a_check_names(declared):
    found = declared(NO_WORSE + BASE, Policy(tripwires=("size",)))
    wires = {one.name: one.against for one in found if one.slice == "size = S"}
    assert wires == {"exact_match~size=S": Role.BASELINE, "exact_match~size=S~base": Role.BASE}


def test_values_that_look_alike_in_a_node_id_keep_names_of_their_own():
    assert _fit(["a!", "a?", "a-2", "", " "]) == ["a", "a-2", "a-2-2", "empty", "empty-2"]
