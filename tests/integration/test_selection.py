"""pytest's own options on suite items: selection, collection, reruns, reports."""

import pytest

ITEMS = [
    "suites/colours.yaml::choose.no-worse@v2",
    "suites/colours.yaml::say.exact-no-worse@v2",
    "suites/colours.yaml::choose.better@v2",
    "suites/colours.yaml::choose.floor@v2",
    "suites/colours.yaml::say.brief@v2",
    "suites/colours.yaml::say.seven@v2",
    "gate@v2",
]


def test_collect_only_lists_the_items_and_loads_no_model(gate, project, calls):
    result = gate("--collect-only", "-q")
    assert result.ret == 0
    assert [line for line in result.outlines if "@" in line] == ITEMS
    assert calls == []
    assert not (project.root / ".loragate").exists()


def test_deselected_items_cost_no_inference(gate, calls):
    gate("-k", "seven")
    assert len(calls) == 1
    probes = 16 * 3 + 16
    assert calls[0] == probes + 3  # one hand-written case, three arms


def test_last_failed_reruns_every_failed_item(gate, project, pytester):
    """Names without brackets: pytest 9.2 loses failed items otherwise (pytest #15045)."""
    project.adapter("bad", 0.4)
    arguments = ("--candidate", "bad")
    first = pytester.runpytest_inprocess("suites", "-p", "no:hypothesispytest", *arguments)
    failed = {line.split()[1] for line in first.outlines if line.startswith("FAILED")}
    assert len(failed) >= 3
    again = pytester.runpytest_inprocess(
        "suites", "-p", "no:hypothesispytest", "--lf", "-rA", *arguments
    )
    assert again.ret == 1
    assert {line.split()[1] for line in again.outlines if line.startswith("FAILED")} == failed


def test_a_single_node_id_runs_that_item(gate):
    result = gate(suites=ITEMS[3])
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*PARTIAL v2*"])


def test_junit_names_every_item(gate, pytester):
    gate("--junitxml", "junit.xml", "-p", "junitxml")
    text = (pytester.path / "junit.xml").read_text("utf-8")
    for item in ITEMS:
        assert f'name="{item.rpartition("::")[2]}"' in text


def test_samples_become_items_that_decide_nothing(gate, report):
    result = gate("--samples")
    outcomes = result.parseoutcomes()
    assert result.ret == 0
    assert outcomes["passed"] + outcomes["xfailed"] == 7 + 600
    assert outcomes["xfailed"] > 50
    assert report()["verdict"] == "PROMOTE"


def test_xdist_is_refused_in_a_sentence(gate):
    result = gate("-n", "2")
    assert result.ret != 0
    assert "without -n" in result.stdout.str()


@pytest.mark.parametrize("option", ["-k nothing-like-this", "--deselect suites/colours.yaml"])
def test_nothing_selected_promotes_nothing(gate, option):
    assert gate(*option.split()).ret != 0


def test_examples_are_collected_only_when_named(gate, project):
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.items(300, "suites/examples/items.jsonl")
    project.write("suites/examples/one.yaml", text.replace("shop/colours", "shop/example"))
    assert "example" not in gate("--collect-only", "-q").stdout.str()
    assert "one.yaml::" in gate("--collect-only", "-q", suites="suites/examples").stdout.str()


def test_a_project_without_suites_is_left_alone(pytester):
    pytester.makepyfile("def test_one(): pass")
    pytester.makefile(".yaml", config="a: 1")
    result = pytester.runpytest_inprocess("-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)
    assert "release gate" not in result.stdout.str()
    assert not (pytester.path / ".loragate").exists()


def test_a_sample_without_a_score_does_not_pass(gate, project):
    """An engine that died has shown nothing of it."""
    project.adapter("v2", 3.0)
    result = gate("--samples", "-k", "sample")
    assert result.parseoutcomes().get("passed", 0) < 60
    result.stdout.fnmatch_lines(["*this sample has no score*"])
