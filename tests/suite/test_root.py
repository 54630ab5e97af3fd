"""Which files are suites, and under which root they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite.root import display, inside, is_suite_file, suite_root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with suites under a policy, and YAML files of other tools."""
    for name, text in {
        "suites/policy.yaml": "alpha: 0.05\n",
        "suites/contracts/clauses.yaml": "suite: contracts/clauses\n",
        "suites/contracts/typo.yaml": "siute: contracts/typo\n",
        "suites/examples/one.yaml": "suite: examples/one\n",
        "suites/tutorial/examples/policy.yaml": "alpha: 0.05\n",
        "suites/tutorial/examples/own.yaml": "suite: examples/own\n",
        "suites/contracts/notes.md": "suite: no\n",
        "elsewhere/compose.yaml": "services: {}\n",
        "elsewhere/suite.yml": "# ours\nsuite: elsewhere\ntasks: []\n",
        "elsewhere/examples/two.yaml": "suite: two\ntasks: []\n",
        "charts/policy.yaml": "kind: ClusterPolicy\nspec: {}\n",
        "charts/chart_test.yaml": "suite: deployment\ntemplates: []\ntests: []\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path.resolve()


@pytest.mark.parametrize(
    ("name", "found", "named"),
    [
        ("suites/policy.yaml", False, False),
        ("suites/contracts/clauses.yaml", True, True),
        ("suites/contracts/typo.yaml", True, True),
        ("suites/examples/one.yaml", False, True),
        ("suites/tutorial/examples/own.yaml", False, True),
        ("suites/contracts/notes.md", False, False),
        ("elsewhere/compose.yaml", False, True),
        ("elsewhere/suite.yml", True, True),
        ("elsewhere/examples/two.yaml", False, True),
        ("charts/policy.yaml", False, False),
        ("charts/chart_test.yaml", False, True),
    ],
)
def test_what_is_collected(tree: Path, name: str, found: bool, named: bool) -> None:
    """A misspelt suite under a policy is told, not skipped; other tools' YAML is left alone."""
    assert is_suite_file(tree / name, named=False) is found
    assert is_suite_file(tree / name, named=True) is named


def test_the_root_is_the_nearest_folder_with_a_policy(tree: Path) -> None:
    """Else the folder of the suite itself."""
    assert suite_root(tree / "suites/contracts/clauses.yaml") == tree / "suites"
    assert suite_root(tree / "elsewhere/suite.yml") == tree / "elsewhere"
    (tree / "suites/contracts/policy.yaml").write_text("")
    assert suite_root(tree / "suites/contracts/clauses.yaml") == tree / "suites/contracts"


@pytest.mark.parametrize("given", ["\0", "x" * 5000, "loop"])
def test_a_path_that_cannot_be_followed_is_refused(tree: Path, given: str) -> None:
    """With a sentence, not with the system's exception."""
    (tree / "suites/loop").symlink_to(tree / "suites/loop")

    with pytest.raises(ValueError, match=r"cannot be followed|no file"):
        inside(given, tree / "suites", tree / "suites")


def test_paths_are_shown_relative_to_where_the_user_is(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an editor's terminal can follow them."""
    monkeypatch.chdir(tree / "suites")

    assert display(tree / "suites/contracts/clauses.yaml") == "contracts/clauses.yaml"
    assert display(tree / "elsewhere/suite.yml") == str(tree / "elsewhere/suite.yml")
