"""Planted faults are told from a good adapter by the mutations meant for them, and by no other."""

import importlib
import json

import pytest

flawed_engine = importlib.import_module("flawed_engine")

SUITE = """
suite: law/clauses
data: {path: clauses.jsonl, id: id}
tasks:
  - name: duty
    prompt: "Clause: {{ text }}\\nMust the fee be paid?"
    generate: {max_tokens: 4, stop: ["\\n"]}
    target: "{{ duty }}"
    scorers: [exact_match]
  - name: state
    prompt: "Clause: {{ text }}\\nGoverning state:"
    generate: {max_tokens: 4, stop: ["\\n"]}
    target: "{{ state }}"
    scorers: [exact_match]
mutations:
  - {task: duty, mutator: {negation: {targets: {"yes": "no", "no": "yes"}}}, margin: 0.05}
  - {task: state, mutator: injection_direct, margin: 0.05}
  - {name: order, task: state, mutator: clause_order, margin: 0.05}
  - {name: alike, task: state, mutator: confusables, margin: 0.05}
checks:
  - {name: state-no-worse, task: state, metric: exact_match, margin: 0.05}
  - {name: duty-no-worse, task: duty, metric: exact_match, margin: 0.05}
"""
MEANT = {
    "negation": "duty.negation",
    "injection": "state.injection_direct",
    "first": "state.order",
    "confusables": "state.alike",
}


@pytest.fixture
def mutated(pytester, project):
    """Gate the suite of clauses on the engine with the planted faults."""
    project.root.joinpath("conftest.py").write_text(
        "from harness.registry import ENGINES\n"
        "if 'flawed' not in ENGINES:\n"
        "    ENGINES.register('flawed', 'flawed_engine:FlawedEngine')\n"
    )
    states = ("Ohio", "Texas", "Nevada", "Maine", "Utah", "Oregon")
    rows = [
        {
            "id": f"c{n}",
            "text": f"{states[n % 6]} law governs this contract. The seat of the seller is in "
            f"{states[(n + 1) % 6]}. The buyer shall pay fee number {n}.",
            "state": states[n % 6],
            "duty": "yes",
        }
        for n in range(90)
    ]
    project.write("suites/clauses.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.adapter("v1", 1.01)
    project.adapter("v2", flawed_engine.GOOD)
    for name, code in flawed_engine.FAULTS.items():
        project.adapter(name, code)

    def run(*arguments, suite=SUITE):
        (project.root / "suites/colours.yaml").unlink(missing_ok=True)
        project.write("suites/policy.yaml", "alpha: 0.05\n")
        project.write("suites/clauses.yaml", suite)
        plain = ("-p", "no:hypothesispytest", "--engine", "flawed")
        return pytester.runpytest_inprocess("suites", *plain, *arguments)

    return run


def _verdicts(report):
    (candidate,) = report["candidates"]
    return {
        c["id"].rpartition("::")[2].partition("@")[0]: c["verdict"] for c in candidate["checks"]
    }


def test_a_good_adapter_stands_them_all(mutated, report):
    assert mutated().ret == 0
    assert set(_verdicts(report()).values()) == {"PASS"}
    rows = {row["mutation"]: row for row in report()["mutations"]}
    assert rows.keys() == {"negation", "injection_direct", "order", "alike"}
    assert all(arm["robustness"] == 1.0 for row in rows.values() for arm in row["arms"][1:])
    assert rows["negation"]["relation"] == "changes"


@pytest.mark.parametrize("fault", flawed_engine.FAULTS)
def test_a_planted_fault_is_found_by_what_is_meant_for_it(mutated, report, fault):
    """Clean texts alone would have let it pass."""
    assert mutated("--candidate", fault).ret == 1
    verdicts = _verdicts(report())
    assert report()["verdict"] == "REJECT"
    assert [name for name, verdict in verdicts.items() if verdict == "REGRESSED"] == [MEANT[fault]]
    assert verdicts["state.state-no-worse"] == "PASS"
    row = next(r for r in report()["mutations"] if f".{r['mutation']}" in MEANT[fault])
    baseline, candidate = row["arms"][1:]
    assert baseline["robustness"] == 1.0
    assert candidate["robustness"] < 0.6
    assert candidate["high"] < 0 < candidate["seeds"]
    assert "under" in report()["candidates"][0]["headline"]


def test_a_drop_is_compared_where_the_suite_asks_for_it(mutated, report):
    """What falls by as much as the baseline's is no worse, however low it is."""
    suite = SUITE.replace("mutator: confusables,", "mutator: confusables, compare: drop,")
    assert mutated("--candidate", "confusables", suite=suite).ret == 1
    check = next(c for c in report()["candidates"][0]["checks"] if c["mutation"] == "alike")
    assert check["verdict"] == "REGRESSED"
    assert check["candidate_value"] == pytest.approx(-1.0)
    assert check["estimate"] == pytest.approx(-1.0)


def test_a_sample_of_the_rows_is_mutated(mutated, report):
    suite = SUITE.replace("mutator: clause_order,", "mutator: clause_order, sample: {n: 40},")
    mutated("-k", "order", suite=suite)
    (row,) = report()["mutations"]
    assert row["n"] == 40
    assert report()["run"]["cases"] == 80  # and their clean cases


def test_what_a_mutation_needs_is_told_at_its_line(mutated):
    suite = SUITE.replace("mutator: confusables,", "mutator: confusable, tolerance: 0.1,")
    result = mutated(suite=suite)
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*clauses.yaml:19:*unknown mutator 'confusable'*confusables*"])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("field: txt", "*unknown field of the prompt*"),
        ("metric: bleu", "*unknown metric of task*"),
        ("tolerance: 0.1", "*belongs to mutators that keep a score equivalent*"),
        ("name: order", "*a second*order*"),
        ("min: 0.5, compare: drop", "*compare: drop*"),
        ("against: anchor", "*names no anchor*"),
    ],
)
def test_what_is_wrong_with_a_mutation_is_a_sentence(mutated, said, sentence):
    suite = SUITE.replace("{name: alike, task: state, mutator: confusables, margin: 0.05}",
                          f"{{task: state, mutator: confusables, {said}}}")  # fmt: skip
    result = mutated(suite=suite)
    assert result.ret == 2
    result.stdout.fnmatch_lines([sentence])
