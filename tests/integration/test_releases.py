"""Release sets, a change of base and an anchor: from arguments to exit code."""

import shutil

from harness.adapters.digest import adapter_digest


def _arms(report):
    return {arm["name"]: arm for arm in report["arms"]}


def test_a_release_set_is_judged_as_one_candidate(gate, project):
    """Each suite by the adapter that serves it; the other one of the set does not matter."""
    project.adapter("bad", 0.3)
    project.write("next.yaml", '"shop/*": v2\n"other/*": bad\n')
    result = gate("--candidate", "next.yaml")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*PROMOTE next*"])
    project.write("next.yaml", '"shop/*": bad\n"other/*": v2\n')
    result = gate("--candidate", "next.yaml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*REJECT next*"])


def test_a_suite_that_nothing_serves_is_served_by_the_base(gate, project):
    """The base has less skill than the baseline."""
    project.write("next.yaml", '"other/*": v2\n')
    result = gate("--candidate", "next.yaml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*REJECT next*"])


def test_a_set_of_what_ran_before_costs_no_inference(gate, project, calls):
    """Outputs belong to adapters, not to the sets that they are in."""
    gate()
    before = sum(calls)
    project.write("next.yaml", '"shop/*": v2\n')
    assert gate("--candidate", "next.yaml").ret == 0
    assert sum(calls) == before


def test_a_broken_adapter_in_a_set_is_incomplete(gate, project):
    project.write("next.yaml", '"shop/*": v2\n"other/*": v1\n')
    (project.root / "adapters/v1/adapter_model.safetensors").write_bytes(b"")
    result = gate("--candidate", "next.yaml", "--baseline", "base")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*next.yaml:2: other/[*]: *", "*INCOMPLETE next*"])


def test_a_broken_release_file_is_a_usage_error(gate, project):
    project.write("next.yaml", '"shop/*": v22\n')
    result = gate("--candidate", "next.yaml")
    assert result.ret == 4
    assert "next.yaml:1:11: shop/*: there is no adapter directory" in str(
        [*result.outlines, *result.errlines]
    )


def test_a_plain_baseline_in_a_release_file_is_no_new_one(gate, project, report):
    """Attempts are counted against what it is: a file around it does not begin anew."""
    gate()
    project.adapter("v3", 0.81)
    project.write("prod.yaml", '"*": adapters/v1\n')
    gate("--candidate", "v3", "--baseline", "prod.yaml")
    (candidate,) = report()["candidates"]
    assert candidate["attempt"] == 2


class TestBaseChange:
    def test_it_needs_the_policys_permission(self, gate, project):
        project.base("second", seed=1)
        project.write("next.yaml", 'base: second\n"shop/*": v2\n')
        result = gate("--candidate", "next.yaml")
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*another base model*allow_base_change: true*"])

    def test_one_engine_a_base(self, gate, project, calls):
        project.base("second", seed=1)
        project.write("next.yaml", 'base: second\n"shop/*": v2\n')
        policy = project.root / "suites/policy.yaml"
        policy.write_text(policy.read_text() + "allow_base_change: true\n")
        result = gate("--candidate", "next.yaml")
        assert result.ret == 0
        result.stdout.fnmatch_lines(["*PROMOTE next*"])
        assert len(calls) == 2


class TestAnchor:
    def _pin(self, project, anchor):
        policy = project.root / "suites/policy.yaml"
        policy.write_text(policy.read_text() + f"anchor: {anchor}\n")

    def test_it_is_an_arm_of_its_own(self, gate, project, report):
        project.adapter("pin", 0.75)
        self._pin(project, "pin")
        assert gate().ret == 0
        assert _arms(report())["pin"]["role"] == "anchor"

    def test_stored_scores_stand_in_where_its_weights_are_gone(self, gate, project, report, calls):
        path = project.adapter("pin", 0.75)
        digest = adapter_digest(path)
        self._pin(project, f'"{digest}"')
        gate("--candidate", "pin")
        shutil.rmtree(path)
        calls.clear()
        assert gate().ret == 0
        found = report()
        assert _arms(found)[digest[:12]]["role"] == "anchor"
        (candidate,) = found["candidates"]
        twins = [c for c in candidate["checks"] if "~anchor" in c["id"]]
        assert {(c["verdict"], c["n"] > 0) for c in twins} == {("PASS", True)}
        assert len(calls) == 1

    def test_an_unknown_one_is_a_usage_error(self, gate, project):
        self._pin(project, '"0123456789ab"')
        result = gate()
        assert result.ret == 4
        assert "there is no adapter 0123456789ab" in str([*result.outlines, *result.errlines])
