"""What the policy adds to a gate: attempts, anchor, tripwires, contamination, noise, looks."""

import json
import shutil
from pathlib import Path

import pytest

from harness.adapters.digest import adapter_digest, base_digest
from harness.adapters.manifest import write_manifest
from harness.store.store import Store
from harness.suite.digest import input_digest


@pytest.fixture
def policy(project):
    """Write the policy with more lines."""

    def write(*lines: str) -> None:
        project.write(
            "suites/policy.yaml", "\n".join(["required_suites: ['shop/*']", *lines]) + "\n"
        )

    return write


@pytest.fixture
def candidate(report):
    """The only candidate of the last report."""
    return lambda: report()["candidates"][0]


def _by_name(candidate):
    return {check["id"].rpartition("::")[2]: check for check in candidate["checks"]}


def test_attempts_against_one_baseline_get_stricter_and_repeats_do_not(gate, project, candidate):
    project.adapter("v3", 0.81)
    gate()
    first = candidate()
    assert (first["attempt"], round(first["alpha"], 4)) == (1, 0.0304)
    gate("--candidate", "v3")
    second = candidate()
    assert (second["attempt"], round(second["alpha"], 4)) == (2, 0.0076)
    gate()
    again = candidate()
    assert (again["attempt"], again["alpha"]) == (1, first["alpha"])
    assert again["repeats"] == first_run(project)
    assert again["verdict"] == first["verdict"]


def first_run(project):
    """By its journal: the names of two runs of one second are in no order."""
    journals = (project.root / ".loragate/runs").glob("*.jsonl")
    return min(journals, key=lambda path: path.stat().st_mtime_ns).stem


def test_two_candidates_at_once_are_two_attempts_in_their_order(gate, project, report):
    project.adapter("v3", 0.81)
    gate("--candidate", "v3", "--candidate", "v2")
    assert {c["name"]: c["attempt"] for c in report()["candidates"]} == {"v3": 1, "v2": 2}


@pytest.mark.parametrize("arguments", [["-k", "no-worse"], ["--candidate", "v1"]])
def test_partial_runs_and_the_baseline_itself_spend_nothing(gate, candidate, arguments):
    gate(*arguments)
    assert candidate()["attempt"] is None
    gate()
    assert candidate()["attempt"] == 1


def test_an_unknown_baseline_is_said_once(gate, project, candidate):
    gate()
    assert any("no record of the baseline v1" in note for note in candidate()["notes"])
    project.adapter("v3", 0.81)
    gate("--candidate", "v3")
    assert not any("no record" in note for note in candidate()["notes"])


def test_a_raised_margin_is_a_new_attempt_and_stands_first(gate, project, candidate):
    gate()
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.write("suites/colours.yaml", text.replace("margin: 0.05", "margin: 0.2", 1))
    result = gate()
    found = candidate()
    assert found["attempt"] == 2
    note = next(note for note in found["notes"] if "margin" in note)
    assert "choose.no-worse" in note
    assert "0.05" in note
    assert "0.2" in note
    result.stdout.fnmatch_lines([f"*{note[:60]}*"])


def test_a_changed_alpha_stands_first(gate, policy, candidate):
    gate()
    policy("alpha: 0.1")
    gate()
    assert any("alpha" in note and "0.1" in note for note in candidate()["notes"])


def test_fresh_rows_start_a_new_sequence(gate, project, candidate):
    gate()
    text = (project.root / "suites/items.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    fresh = [row | {"n": row["n"] + 10**6, "id": f"f{row['id']}"} for row in rows]
    project.write("suites/items.jsonl", "".join(json.dumps(row) + "\n" for row in fresh))
    gate()
    assert candidate()["attempt"] == 1


def test_the_anchor_is_an_arm_and_its_twins_are_items(gate, project, policy, report, candidate):
    project.adapter("v0", 0.65)
    policy("anchor: v0")
    result = gate()
    assert result.ret == 0
    assert {arm["role"]: arm["name"] for arm in report()["arms"]}["anchor"] == "v0"
    twin = _by_name(candidate())["choose.no-worse~anchor@v2"]
    assert (twin["against"], twin["verdict"], twin["margin"]) == ("anchor", "PASS", 0.05)


def test_creep_past_the_anchor_is_rejected_though_the_baseline_is_kept(
    gate, project, policy, candidate
):
    """v1 is worse than v0 by as much as v2 equals v1: only the anchor remembers."""
    project.adapter("v0", 0.95)
    project.adapter("v2", 0.701)
    policy("anchor: v0")
    result = gate()
    assert result.ret == 1
    checks = _by_name(candidate())
    assert checks["choose.no-worse@v2"]["verdict"] == "PASS"
    assert checks["choose.no-worse~anchor@v2"]["verdict"] == "REGRESSED"


def test_stored_scores_stand_in_where_the_anchor_s_weights_are_gone(
    gate, project, policy, report, candidate
):
    gate("--candidate", "v1", "--candidate", "v2")
    (arm,) = [arm for arm in report()["arms"] if arm["role"] == "baseline"]
    for file in (project.root / "adapters/v1").iterdir():
        file.unlink()
    (project.root / "adapters/v1").rmdir()
    policy(f"anchor: {arm['adapter'][:16]}")
    gate("--baseline", "v2", "--candidate", "base")
    checks = _by_name(candidate())
    assert checks["choose.no-worse~anchor@base"]["verdict"] == "REGRESSED"
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.write("suites/colours.yaml", text.replace("of size", "sized"))
    gate("--baseline", "v2", "--candidate", "base")
    twin = _by_name(candidate())["choose.no-worse~anchor@base"]
    assert twin["verdict"] == "NOT_MEASURED"
    assert "not comparable" in twin["reason"]


def test_an_anchor_that_is_nowhere_is_a_usage_error(gate, policy):
    policy("anchor: releases/v0")
    result = gate()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*anchor*releases/v0*"])


def test_a_slice_that_lost_rejects_what_every_check_lets_pass(gate, project, policy, candidate):
    """Skill 5 knows more than v1 in all, and little of size S."""
    project.adapter("v2", 5.0)
    policy("tripwires: [size]")
    result = gate("-k", "choose or gate")
    assert result.ret == 1
    checks = _by_name(candidate())
    assert checks["choose.no-worse@v2"]["verdict"] == "PASS"
    wires = {name.partition("~")[2]: c for name, c in checks.items() if c["kind"] == "tripwire"}
    assert {name: c["verdict"] for name, c in wires.items()} == {
        "size=S@v2": "REGRESSED",
        "size=M@v2": "PASS",
        "size=L@v2": "PASS",
    }
    assert all(c["n"] == 100 for c in wires.values())
    assert candidate()["verdict"] == "REJECT"
    result.stdout.fnmatch_lines(["*REGRESSED*size = S*"])


def test_a_misspelt_tripwire_is_said_before_anything_is_signed(gate, policy, candidate):
    policy("tripwires: [siez]")
    gate()
    assert any("siez" in note for note in candidate()["notes"])


def _trained(project, name, rows, parent=None):
    write_manifest(
        project.root / "adapters" / name,
        name=name,
        base=base_digest(project.root / "base"),
        parent=parent,
        seed=1,
        recipe={},
        row_digests=[input_digest(row) for row in rows],
    )


def test_a_gate_sample_that_was_trained_on_is_no_evidence(gate, project, candidate):
    """Found by what the model is shown, whatever the row's id is; here in the parent's rows."""
    _trained(project, "v1", [{"n": 5, "size": "L"}, {"n": 7}])
    _trained(project, "v2", [], parent=adapter_digest(project.root / "adapters/v1"))
    result = gate()
    assert result.ret == 1
    checks = _by_name(candidate())
    assert checks["choose.no-worse@v2"]["verdict"] == "NOT_MEASURED"
    assert "contaminated" in checks["choose.no-worse@v2"]["reason"]
    assert "i5 (by parent v1)" in checks["choose.no-worse@v2"]["reason"]
    assert checks["say.seven@v2"]["verdict"] == "NOT_MEASURED"
    assert candidate()["verdict"] == "INCOMPLETE"


def test_a_parent_that_cannot_be_found_is_said(gate, project, candidate):
    _trained(project, "v2", [], parent="e" * 64)
    gate()
    assert any("eeeeeeeeeeee" in note for note in candidate()["notes"])


def test_a_deterministic_baseline_has_no_noise(gate, report, candidate):
    result = gate("--aa")
    assert result.ret == 0
    assert {(n["task"], n["metric"]): n["flips"] for n in report()["noises"]} == {
        ("choose", "accuracy"): 0,
        ("say", "exact_match"): 0,
    }
    assert _by_name(candidate())["choose.no-worse@v2"]["noise_floor"] == 0


def test_a_margin_below_the_noise_is_not_measured(gate, project, candidate):
    """Skill 4 answers every question by a throw of dice."""
    project.adapter("v1", 4.0)
    result = gate("--aa")
    assert result.ret == 1
    check = _by_name(candidate())["choose.no-worse@v2"]
    assert check["verdict"] == "NOT_MEASURED"
    assert "noise floor" in check["reason"]
    assert check["noise_floor"] > 0.05


@pytest.fixture
def sequential(project):
    """Only one check, looked at early, on 2,000 rows."""
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    head = text.partition("cases:")[0]
    check = "{name: no-worse, task: choose, metric: accuracy, margin: 0.05, sequential: true}"
    project.write("suites/colours.yaml", f"{head}checks:\n  - {check}\n")
    project.items(2000)


def test_a_sequential_check_computes_only_what_its_next_look_needs(
    gate, sequential, calls, candidate
):
    result = gate()
    assert result.ret == 0
    check = _by_name(candidate())["choose.no-worse@v2"]
    assert check["verdict"] == "PASS"
    assert check["look"] < 4
    assert check["n"] == check["look"] * 500
    probes = 16 * 3 + 16
    assert sum(calls) == probes + 2 * check["n"]


def test_a_bad_candidate_is_dropped_at_the_first_look(gate, project, sequential, candidate):
    project.adapter("bad", 0.4)
    gate("--candidate", "bad")
    check = _by_name(candidate())["choose.no-worse@bad"]
    assert (check["verdict"], check["look"]) == ("REGRESSED", 1)


def test_the_same_inputs_give_a_byte_identical_decision(gate, project, candidate):
    """Two stores, two runs, one decision: to the last digit."""
    gate("--store", "one")
    first = candidate()
    gate("--store", "other")
    assert json.dumps(candidate()) == json.dumps(first)


def test_two_gates_at_once_cannot_be_the_same_attempt(
    gate, project, pytester, candidate, on_start, monkeypatch
):
    """While this one computes, another decides on another candidate."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # where the fake engine is
    project.adapter("v3", 0.81)
    others = []

    def meanwhile():
        if not others:
            arguments = ("--candidate", "v3", "--report-dir", "elsewhere")
            others.append(pytester.runpytest_subprocess("suites", *arguments).ret)

    on_start(meanwhile)
    result = gate()
    assert others == [0]
    assert result.ret == 1
    found = candidate()
    assert (found["verdict"], found["attempt"]) == ("INCOMPLETE", None)
    assert "took attempt 1" in found["reasons"][0]
    assert gate().ret == 0
    assert candidate()["attempt"] == 2


def _reads_more(project):
    """Every prompt reads one more field, and shows the model what it showed before."""
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    text = text.replace("{{ size }}. Colour", "{{ size }}{{ shelf[:0] }}. Colour")
    text = text.replace("{{ n }}! Colour", "{{ n }}!{{ shelf[:0] }} Colour")
    project.write("suites/colours.yaml", text.replace("{n: 7}", "{n: 7, shelf: x}"))


def test_a_prompt_that_reads_one_more_field_starts_no_new_sequence(gate, project, candidate):
    project.adapter("v3", 0.81)
    gate()
    _reads_more(project)
    gate("--candidate", "v3")
    assert candidate()["attempt"] == 2


def test_hand_written_cases_alone_are_counted_and_repeated(gate, project, candidate):
    """One attempt and one release, however often it is asked."""
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.write("suites/colours.yaml", text.partition("rubrics:")[0])
    gate()
    gate()
    assert (candidate()["attempt"], candidate()["repeats"]) == (1, first_run(project))
    releases = Store(project.root / ".loragate").sql("SELECT candidate FROM v1.releases").rows
    assert releases == (("v2",),)


def test_what_a_candidate_is_compared_with_is_part_of_the_rules(gate, project, policy, candidate):
    """Another base model is another question to the same candidate, not a repeat."""
    project.base("served", seed=1)
    project.base("other", seed=2)
    project.write("one.yaml", 'base: served\n"*": adapters/v1\n')
    project.write("two.yaml", 'base: served\n"*": adapters/v2\n')
    policy("allow_base_change: true")
    arguments = ("--baseline", "one.yaml", "--candidate", "two.yaml")
    gate(*arguments)
    gate(*arguments, "--base-model", "other")
    assert (candidate()["attempt"], candidate()["repeats"]) == (2, None)


@pytest.fixture
def other_engine(monkeypatch):
    """The name of another engine, in which everyone has half the skill."""
    import fake_engine

    from harness.registry import ENGINES

    class Poor(fake_engine.FakeEngine):
        def __init__(self, *given):
            super().__init__(*given)
            self.skills = {arm: skill / 2 for arm, skill in self.skills.items()}

    monkeypatch.setattr(fake_engine, "Poor", Poor, raising=False)
    if "poor" not in ENGINES:
        ENGINES.register("poor", "fake_engine:Poor")
    return "poor"


def test_a_decision_of_another_engine_is_not_repeated(gate, other_engine, candidate):
    gate()
    gate("--engine", other_engine)
    assert (candidate()["attempt"], candidate()["repeats"]) == (2, None)


def test_who_else_is_gated_does_not_matter_to_a_repeat(gate, project, report):
    """Though that one needs another executor, so the run has one numerics class more."""
    project.adapter("v3", 0.81, init_lora_weights="pissa")
    gate()
    gate("--candidate", "v2", "--candidate", "v3")
    executors = {arm["name"]: arm["executor"] for arm in report()["arms"]}
    assert executors["v3"] == "peft"
    found = {c["name"]: (c["attempt"], c["repeats"]) for c in report()["candidates"]}
    assert found == {"v2": (1, first_run(project)), "v3": (2, None)}


def _pin_and_delete(project, policy):
    """Of the anchor v0 only the digest is left."""
    path = project.root / "adapters/v0"
    digest = adapter_digest(path)
    shutil.rmtree(path)
    policy(f"anchor: {digest[:16]}")


def test_anchor_scores_of_another_engine_do_not_stand_in(
    gate, project, policy, other_engine, candidate
):
    project.adapter("v0", 0.95)
    gate("--candidate", "v0", "--engine", other_engine)
    _pin_and_delete(project, policy)
    gate()
    twin = _by_name(candidate())["choose.no-worse~anchor@v2"]
    assert twin["verdict"] == "NOT_MEASURED"
    assert "computed with engine=poor, this run computes with engine=fake" in twin["reason"]


def test_a_partial_run_does_not_break_a_stored_anchor(gate, project, policy, candidate):
    project.adapter("v0", 0.75)
    gate("--candidate", "v0")
    _pin_and_delete(project, policy)
    gate("-k", "say")
    gate()
    twin = _by_name(candidate())["choose.no-worse~anchor@v2"]
    assert (twin["verdict"], twin["n"]) == ("PASS", 300)


def test_looks_without_an_attempt_are_said_before_anything_is_signed(gate, project, candidate):
    """Two others were looked at; whoever has an attempt of its own has paid for it."""
    for name, skill in (("v3", 0.81), ("v4", 0.82), ("v5", 0.83)):
        project.adapter(name, skill)
        gate("--candidate", name, "-k", "no-worse")
    gate("--candidate", "v5")
    result = gate()
    note = (
        "2 other candidates were looked at in partial runs on these cases: the best of several "
        "looks better than it is"
    )
    assert note in candidate()["notes"]
    result.stdout.fnmatch_lines([f"*{note[:60]}*"])
