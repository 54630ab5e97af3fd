"""The embedded default, end to end: the story that the product exists for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.journal import read_journal

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [p for p in (ROOT / "suites/examples").glob("*.yaml") if p.stem != "policy"]
pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]


def _run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """Gates the demo's adapters: exit code, report, and how many outputs were computed."""
    built = _run("-c", "from harness.cli import main; main()", "demo")
    assert built.returncode == 0, built.stderr
    folder = tmp_path_factory.mktemp("gate")

    def run(*candidates, suites="suites/", more=()):
        options = [*more, *(f"--candidate={name}" for name in candidates)]
        done = _run(
            "-m", "pytest", suites, "-p", "no:hypothesispytest",
            f"--store={folder / 'store'}", f"--report-dir={folder}", *options,
        )  # fmt: skip
        report = json.loads((folder / "report.json").read_text("utf-8"))
        newest = max((folder / "store/runs").iterdir())
        computed = sum(record.kind == "output" for record in read_journal(newest))
        return done.returncode, report, computed

    return run


@pytest.fixture(scope="module")
def story(gate):
    """All three candidates in one run: name → what the report says of it."""
    code, report, _ = gate("contracts-v2", "contracts-deluge", "base")
    assert code == 1
    return {candidate["name"]: candidate for candidate in report["candidates"]}


def _failed(candidate, kind):
    checks = candidate["checks"]
    return [c["name"] for c in checks if c["kind"] == kind and c["verdict"] != "PASS"]


def test_the_curated_adapter_is_promoted(story):
    assert story["contracts-v2"]["verdict"] == "PROMOTE"


def test_the_deluge_is_rejected_for_what_it_forgot(story):
    deluge = story["contracts-deluge"]
    assert deluge["verdict"] == "REJECT"
    lost = [c for c in deluge["checks"] if c["suite"] == "general/skills"]
    assert [c["verdict"] for c in lost] == ["REGRESSED"]


def test_the_deluge_fails_a_case_or_the_rubric_that_the_curated_one_passes(story):
    assert not _failed(story["contracts-v2"], "case") + _failed(story["contracts-v2"], "rubric")
    assert _failed(story["contracts-deluge"], "case") + _failed(story["contracts-deluge"], "rubric")


def test_the_base_is_no_replacement(story):
    assert story["base"]["verdict"] == "REJECT"


def test_a_second_gate_computes_nothing(story, gate):
    code, report, computed = gate("contracts-v2")
    assert code == 0
    assert report["verdict"] == "PROMOTE"
    assert computed == 0


def test_the_baseline_against_itself_has_no_flip(story, gate):
    _, report, _ = gate("contracts-v1")
    (candidate,) = report["candidates"]
    against = [c for c in candidate["checks"] if c["against"] == "baseline"]
    assert against
    assert all(c["wins"] == c["losses"] == 0 for c in against)
    assert "REGRESSED" not in {c["verdict"] for c in against}


def test_the_examples_are_promoted_and_scored_again_without_inference(gate):
    """The tutorial: one small suite a feature, all of them on the demo's models."""
    code, report, computed = gate("contracts-v2", suites="suites/examples/")
    (candidate,) = report["candidates"]
    assert (code, candidate["verdict"]) == (0, "PROMOTE")
    assert {check["suite"] for check in candidate["checks"]} == {
        f"examples/{path.stem.replace('_', '-')}" for path in EXAMPLES
    }
    assert computed > 1000
    again = gate("contracts-v2", suites="suites/examples/", more=["--no-inference"])
    assert (again[0], again[2]) == (0, 0)


def test_every_example_is_in_the_tutorial():
    text = (ROOT / "suites/examples/README.md").read_text("utf-8")
    assert all(f"[{path.name}]({path.name})" in text for path in EXAMPLES)
