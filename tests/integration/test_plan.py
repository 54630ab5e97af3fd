"""``loragate plan`` on a little project, before and after its first gate."""

import json
import subprocess
import sys
from dataclasses import replace

import fake_engine
import pytest
from typer.testing import CliRunner

from harness.cli.app import app
from harness.registry import ENGINES


@pytest.fixture
def plan(project):
    """Run the command in this process; returns its lines and its JSON."""
    if "fake" not in ENGINES:
        ENGINES.register("fake", f"{fake_engine.__name__}:FakeEngine")

    def run(*arguments):
        result = CliRunner().invoke(app, ["plan", "suites", "--json", "plan.json", *arguments])
        assert result.exit_code == 0, result.exception
        return result.output, json.loads((project.root / "plan.json").read_text("utf-8"))

    return run


def _by_name(numbers):
    return {f"{one['task']}.{one['name']}": one for one in numbers["outlooks"]}


def test_before_the_first_gate_everything_assumed_is_called_so(plan, calls):
    output, numbers = plan()
    assert (numbers["attempt"], round(numbers["alpha"], 4), numbers["family"]) == (1, 0.0304, 3)
    check = _by_name(numbers)["choose.no-worse"]
    assert (check["cases"], check["clusters"], check["psi"]) == (300, 150, 0.2)
    assert "flips 20.0%: assumed: nothing like it has been measured here" in output
    assert "shop/colours choose.no-worse: too small: an identical adapter" in output
    assert "unknown: nothing has been run here yet" in output
    assert calls == []


def test_a_given_flip_rate_is_used_and_named(plan):
    output, numbers = plan("--flip-rate", "0.05")
    assert {one["psi"] for one in numbers["outlooks"]} == {0.05}
    assert "flips 5.0%: --flip-rate" in output


def test_cost_is_the_exact_tokens_of_every_arm(plan, project):
    """A byte is a token here; the hand-written case asks what a row asks, so it costs nothing."""
    _, numbers = plan()
    lines = (project.root / "suites/items.jsonl").read_text("utf-8").splitlines()
    read = sum(
        len(f"Item {row['n']} of size {row['size']}. Colour:") + len(f"Item {row['n']}! Colour:")
        for row in map(json.loads, lines)
    )
    assert numbers["cost"]["arms"] == 3  # base, v1 and a candidate
    assert numbers["cost"]["whole"] == {"prompt": 3 * read, "generated": 3 * 300 * 3}
    assert numbers["cost"]["left"] == numbers["cost"]["whole"]


def test_after_a_gate_the_history_is_what_is_planned_from(plan, gate, project, monkeypatch):
    """The engine reads 20 tokens in a hundredth of a second, and writes two in as long."""
    answer = fake_engine.FakeEngine._output

    def timed(self, request, likelihoods):
        output = answer(self, request, likelihoods)
        written = 0 if likelihoods else 2
        took = 0.01 * (len(request.prompt) / 20 + written / 2)
        return replace(output, prompt_tokens=len(request.prompt), tokens=written, seconds=took)

    monkeypatch.setattr(fake_engine.FakeEngine, "_output", timed)
    _, before = plan()
    gate()
    output, numbers = plan("--flip-rate", "0.5")
    (run,) = (path.stem for path in (project.root / ".loragate/runs").glob("*.jsonl"))
    check = _by_name(numbers)["choose.no-worse"]
    assert run in check["source"]
    assert 0.05 < check["psi"] < 0.2
    assert (numbers["attempt"], round(numbers["alpha"], 4)) == (2, 0.0076)
    assert numbers["cost"]["whole"] == before["cost"]["whole"]
    assert 3 * numbers["cost"]["left"]["prompt"] == numbers["cost"]["whole"]["prompt"]
    left = numbers["cost"]["left"]
    took = 0.01 * (left["prompt"] / 20 + left["generated"] / 2)
    assert numbers["cost"]["seconds"] == pytest.approx(took, rel=0.01)
    assert "not in the history yet" in output


def test_slices_of_the_policy_are_told_what_they_resolve(plan, project):
    project.write("suites/policy.yaml", "tripwires: [size, sise]\n")
    output, numbers = plan()
    slices = [one for one in numbers["outlooks"] if one["claim"] == "no-loss"]
    assert {one["slice"] for one in slices} == {"size = S", "size = M", "size = L"}
    assert all(0.05 < one["resolves"] < 0.5 for one in slices)
    assert numbers["family"] == 3 + len(slices)
    assert "resolves a loss of" in output
    assert "tripwire 'sise' is no slice of these suites" in output


def test_max_per_cluster_is_respected(plan, project):
    suite = project.root / "suites/colours.yaml"
    text = suite.read_text("utf-8").replace("margin: 0.05}", "margin: 0.05, max_per_cluster: 1}", 1)
    suite.write_text(text, "utf-8")
    _, numbers = plan()
    assert _by_name(numbers)["choose.no-worse"]["cases"] == 150


def test_without_a_base_model_the_statistics_are_there_and_the_cost_is_not(plan, project):
    (project.root / "pyproject.toml").write_text("[tool.loragate]\n", "utf-8")
    output, numbers = plan()
    assert numbers["cost"] is None
    assert "cost unknown: no base model is named" in output
    assert "earlier attempts are unknown: planned as the first" in output
    assert _by_name(numbers)["choose.no-worse"]["cases_for_80"] > 300


def test_a_candidate_need_not_exist(plan, project):
    project.write(
        "pyproject.toml", '[tool.loragate]\nbase-model = "base"\ncandidate = ["x", "y"]\n'
    )
    _, numbers = plan()
    assert numbers["cost"]["arms"] == 3  # base, which is the baseline too, and two candidates


def test_it_imports_no_model_library(project):
    project.write("pyproject.toml", '[tool.loragate]\nbase-model = "base"\n')
    code = (
        "import sys\nfrom harness.cli.app import app\n"
        "app(['plan', 'suites'], standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'peft', 'scipy.stats'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "loaded []" in done.stdout, done.stderr


def test_suites_of_two_roots_are_planned_apart(project):
    project.write("other/policy.yaml", "alpha: 0.01\n")
    project.write("other/colours.yaml", (project.root / "suites/colours.yaml").read_text("utf-8"))
    project.items(4, "other/items.jsonl")
    result = CliRunner().invoke(app, ["plan", "suites", "other"])
    assert "suites of two roots in one plan" in str(result.exception)


def test_a_file_that_cannot_be_written_is_told(project):
    project.write("pyproject.toml", "[tool.loragate]\n")
    result = CliRunner().invoke(app, ["plan", "suites", "--json", "no/where.json"])
    assert "--json no/where.json: cannot be written: No such file" in str(result.exception)


def test_what_judges_and_mutations_add_is_planned(plan, project):
    """A judge's questions hold answers that are not written yet, so they are told apart."""
    project.suite("""\
suite: shop/colours
data: {path: items.jsonl, id: id}
tasks:
  - name: say
    prompt: "Item {{ colour }}! Colour:"
    generate: {max_tokens: 3}
    target: "{{ colour }}"
    scorers: [exact_match]
mutations:
  - {task: say, mutator: casing, margin: 0.2}
rubrics:
  - name: kind
    task: say
    criteria: [coherence, conciseness]
    by: judge
    judge: {by: base}
    margin: 0.1
""")
    _, numbers = plan()
    assert {"say.kind", "say.casing"} <= _by_name(numbers).keys()
    asked = f"shop/colours kind: 'base' is asked {300 * 2 * 2:,} questions besides"
    assert any(note.startswith(asked) for note in numbers["notes"])
