"""A gate from YAML to exit code: one outcome a test."""

import pytest


def _verdicts(report):
    (candidate,) = report["candidates"]
    return {c["id"].rpartition("::")[2]: c["verdict"] for c in candidate["checks"]}


def test_a_better_adapter_is_promoted(gate, report):
    result = gate()
    assert result.ret == 0
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["*PROMOTE v2*"])
    found = report()
    assert found["verdict"] == "PROMOTE"
    assert set(_verdicts(found).values()) == {"PASS"}


def test_a_worse_adapter_is_rejected_and_says_what_was_lost(gate, project, report):
    project.adapter("bad", 0.4)
    result = gate("--candidate", "bad")
    assert result.ret == 1
    found = report()
    assert found["verdict"] == "REJECT"
    assert _verdicts(found)["choose.no-worse@bad"] == "REGRESSED"
    result.stdout.fnmatch_lines(
        ["*colours.yaml:*: REGRESSED: accuracy -*points against baseline*", "*REJECT bad*"]
    )


def test_a_failed_case_alone_rejects(gate, project, report):
    """Question seven needs more skill than either has; only the case asks just for it."""
    needed = project.skill_for(7)
    project.adapter("v1", needed - 0.02)
    project.adapter("nearly", needed - 0.01)
    result = gate("--candidate", "nearly")
    assert result.ret == 1
    verdicts = _verdicts(report())
    assert verdicts["say.seven@nearly"] == "REGRESSED"
    assert verdicts["choose.no-worse@nearly"] == "PASS"
    result.stdout.fnmatch_lines(["*contains green (seven is green)*"])


def test_the_base_as_candidate_is_a_legal_run_that_ends_in_reject(gate, report):
    result = gate("--candidate", "base")
    assert result.ret == 1
    assert report()["verdict"] == "REJECT"
    assert report()["candidates"][0]["name"] == "base"


def test_the_baseline_against_itself_has_no_flip_and_nothing_regressed(gate, report):
    gate("--candidate", "v1")
    (candidate,) = report()["candidates"]
    against = [c for c in candidate["checks"] if c["against"] == "baseline"]
    assert {c["name"]: c["verdict"] for c in against} == {
        "no-worse": "PASS",
        "better": "INCONCLUSIVE",
    }
    assert all((c["wins"], c["losses"], c["estimate"]) == (0, 0, 0.0) for c in against)


def test_too_few_cases_are_inconclusive_and_say_how_many_more(gate, project, report):
    project.items(30)
    result = gate("--candidate", "v1")
    assert result.ret == 1
    assert report()["verdict"] == "INCONCLUSIVE"
    result.stdout.fnmatch_lines(["*INCONCLUSIVE: accuracy +0.0 points*about * more cases*"])


def test_a_check_that_is_not_required_is_an_expected_failure(gate, project, report):
    project.adapter("same", 0.7001)
    result = gate("--candidate", "same", "-rx")
    assert _verdicts(report())["choose.better@same"] == "INCONCLUSIVE"
    result.assert_outcomes(passed=6, xfailed=1)
    assert result.ret == 0


def test_a_failing_request_is_not_measured_never_a_zero(gate, project, report):
    project.adapter("flaky", 2.0)
    result = gate("--candidate", "flaky")
    assert result.ret == 1
    found = report()
    assert found["verdict"] == "INCOMPLETE"
    assert _verdicts(found)["choose.no-worse@flaky"] == "NOT_MEASURED"
    result.stdout.fnmatch_lines(["*NOT_MEASURED: * scores are missing*the request timed out*"])
    assert "Traceback" not in result.stdout.str()
    assert "site-packages" not in result.stdout.str()
    assert result.parseoutcomes()["errors"] >= 3


def test_an_engine_that_dies_leaves_checks_not_measured(gate, project, report):
    project.adapter("deadly", 3.0)
    result = gate("--candidate", "deadly")
    assert result.ret == 1
    assert report()["verdict"] == "INCOMPLETE"
    result.stdout.fnmatch_lines(["*NOT_MEASURED: *the engine died: ValueError: out of cheese*"])
    assert "site-packages" not in result.stdout.str()


def test_several_candidates_share_a_run_and_the_worst_stands_on_top(gate, project, report):
    project.adapter("bad", 0.4)
    result = gate("--candidate", "v2", "--candidate", "worse=adapters/bad")
    assert result.ret == 1
    found = report()
    assert found["verdict"] == "REJECT"
    assert {c["name"]: c["verdict"] for c in found["candidates"]} == {
        "v2": "PROMOTE",
        "worse": "REJECT",
    }


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-k", "no-worse"], "was not run"),
        (["-x", "--candidate", "bad"], None),
        (["--deselect", "suites/colours.yaml::choose.floor@v2"], "choose.floor@v2"),
    ],
)
def test_a_partial_run_promotes_nothing(gate, project, report, arguments, problem):
    project.adapter("bad", 0.65)
    result = gate(*arguments)
    assert result.ret == 1
    found = report()
    assert found["verdict"] in {"PARTIAL", "REJECT"}
    if problem:
        assert found["verdict"] == "PARTIAL"
        assert problem in " ".join(found["candidates"][0]["reasons"])


def test_a_required_suite_that_is_not_among_the_paths_makes_it_partial(gate, project, report):
    project.write("suites/policy.yaml", "required_suites: ['shop/*', 'general/*']\n")
    assert gate().ret == 1
    found = report()
    assert found["verdict"] == "PARTIAL"
    assert "general/*" in found["candidates"][0]["reasons"][0]


def test_a_rerun_promotes_nothing(gate, project, report):
    project.items(30)
    result = gate("--candidate", "v1", "--reruns", "1")
    assert result.ret == 1
    assert report()["verdict"] == "PARTIAL"
    assert "more than once" in report()["candidates"][0]["reasons"][0]
