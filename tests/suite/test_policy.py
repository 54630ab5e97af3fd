"""The policy of a suite root."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite.policy import DEFAULT_MARGIN, Policy, load_policy
from harness.types import Role

POLICY = """\
alpha: 0.05
margins: {default: 0.03, "general/*": 0.05, "general/facts": 0.04}
protected: ["general/*"]
anchor: null
required_suites: ["contracts/*", "general/*"]
tripwires: []
allow_base_change: false
"""


def write(folder: Path, text: str) -> Policy:
    """The policy of a folder with that policy.yaml."""
    (folder / "policy.yaml").write_text(text)
    return load_policy(folder)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    """And an empty file says nothing else."""
    assert load_policy(tmp_path) == Policy()
    assert write(tmp_path, "# nothing yet\n") == Policy()
    assert Policy().alpha == 0.05


def test_the_longest_matching_glob_gives_the_margin(tmp_path: Path) -> None:
    """The most specific one, whatever the order; then the default of the policy, then ours."""
    policy = write(tmp_path, POLICY)

    assert policy.margin("general/facts") == 0.04
    assert policy.margin("general/sums") == 0.05
    assert policy.margin("contracts/clauses") == 0.03
    assert Policy().margin("contracts/clauses") == DEFAULT_MARGIN


def test_protected_suites_compare_with_base(tmp_path: Path) -> None:
    """General skill is measured against the model before any fine-tuning."""
    policy = write(tmp_path, POLICY)

    assert policy.against("general/facts") is Role.BASE
    assert policy.against("contracts/clauses") is Role.BASELINE


def test_required_suites_that_are_missing_are_named(tmp_path: Path) -> None:
    """By their glob."""
    policy = write(tmp_path, POLICY)

    assert policy.missing(["contracts/clauses"]) == ("general/*",)
    assert policy.missing(["contracts/clauses", "general/facts"]) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("alpa: 0.1", "1:1: unknown key 'alpa' (did you mean 'alpha'?)"),
        ("alpha: 5", "1:8: alpha: should be less than 0.5, not 5"),
        ("alpha: 0", "1:8: alpha: should be more than 0, not 0"),
        ("alpha: '0.05'", "1:8: alpha: should be a number, not '0.05'"),
        ("margins: {default: 3}", "1:20: margins.default: should be less than 1, not 3"),
        ("protected: general/*", "1:12: protected: should be a list, not 'general/*'"),
        ("anchor: 3", "1:9: anchor: should be text (quote it"),
        ("anchor: ''", "1:9: anchor: should not be empty"),
        ("tripwires: clause_type", "1:12: tripwires: should be a list, not 'clause_type'"),
        ("allow_base_change: 1", "1:20: allow_base_change: should be true or false, not 1"),
        ("alpha: 0.05\nalpha: 0.1", "2:1: key 'alpha' a second time (the first is in line 1)"),
        ("- alpha", "1:1: should be a mapping of keys to values, not a list"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    """Like any other file of the language."""
    with pytest.raises(SuiteError) as caught:
        write(tmp_path, text)

    (found,) = caught.value.problems
    assert str(found).startswith(f"{tmp_path / 'policy.yaml'}:{problem}")


def test_the_digest_is_of_what_holds(tmp_path: Path) -> None:
    """Saying a default changes nothing, another margin does."""
    said = write(tmp_path, "alpha: 0.05\nprotected: []\n").digest
    other = write(tmp_path, "margins: {default: 0.02}\n").digest

    assert said == Policy().digest
    assert other != said
