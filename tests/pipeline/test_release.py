"""A release file: which adapter serves which suites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SuiteError
from harness.pipeline.release import load_release, serving_glob

GOOD = """\
base: models/second
"contracts/*": v1
"contracts/letters": ../own
"general/*": base
"""


@pytest.fixture
def folder(tmp_path):
    """Adapters v1 and v2 in a folder of their own, one beside the release files."""
    for name in ("adapters/v1", "adapters/v2", "own"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "adapter_config.json").write_text("{}")
    for name in ("releases/models/second", "other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.json").write_text("{}")
    return tmp_path


def _load(folder, text):
    path = folder / "releases/r.yaml"
    path.write_text(text)
    return load_release(path, folder / "adapters")


def test_directories_are_relative_to_the_file_or_names_in_the_adapters_folder(folder):
    release = _load(folder, GOOD)
    assert release.base == folder / "releases/models/second"
    assert release.adapters == {
        "contracts/*": folder / "adapters/v1",
        "contracts/letters": folder / "releases/../own",
        "general/*": None,
    }
    assert release.place("general/*").endswith("r.yaml:4: general/*")


def test_a_glob_is_placed_where_it_is_written_and_not_where_its_value_is(folder):
    release = _load(folder, '"x/*":\n  v1')
    assert release.place("x/*").endswith("r.yaml:1: x/*")


def test_one_glob_is_enough(folder):
    release = _load(folder, '"*": v2')
    assert (release.base, release.adapters) == (None, {"*": folder / "adapters/v2"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "should be a mapping of keys to values, not nothing"),
        ("{}", ":1:1: names no adapter"),
        ("base: models/second", "names no adapter"),
        ("- v1", "should be a mapping of keys to values, not a list"),
        ('"a/*": v1\n"a/*": v2', ":2:"),
        ('"a/*": 3', ":1:8: a/*: should be text"),
        ('"a/*": [v1]', "a/*: should be text, not a list"),
        ("1: v1", "should be text"),
        ('"a b": v1', ":1:1: a b: should be a glob of suite names"),
        ('"a/*": v9', "a/*: there is no adapter directory"),
        ('"a/*": v11', "did you mean 'v1'?"),
        ('"a/*": ""', "should not be empty"),
        ('"a/*": r.yaml', "is a release file"),
        ('base: nowhere\n"*": v1', ":1:7: base: the base model directory"),
        ('base: ../own\n"*": v1', "has no config.json"),
        ('bse: ../other\n"*": v1', ":1:6: bse: "),
        ('bse: ../other\n"*": v1', "the key for another base model is 'base'"),
        ('"a/*": v1\n"b', "not YAML"),
    ],
)
def test_a_mistake_is_told_at_its_line(folder, text, expected):
    with pytest.raises(SuiteError) as caught:
        _load(folder, text)
    assert expected in str(caught.value)
    assert "r.yaml:" in str(caught.value)


def test_all_mistakes_are_told_at_once(folder):
    with pytest.raises(SuiteError) as caught:
        _load(folder, 'base: nowhere\n"a/*": v9\n"b/*": v8')
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        ("contracts/letters", "contracts/letters"),
        ("contracts/clauses", "contracts/*"),
        ("contracts/letters/old", "contracts/*"),
        ("general/skill", "*"),
    ],
)
def test_the_longest_glob_serves(suite, expected):
    assert serving_glob(["*", "contracts/*", "contracts/letters"], suite) == expected


def test_no_glob_may_match():
    assert serving_glob(["contracts/*"], "general/skill") is None


@given(st.permutations(["a/*", "*/b", "*", "c/*", "a/?"]))
def test_who_serves_does_not_depend_on_the_order_of_the_file(globs):
    assert serving_glob(globs, "a/b") == "a/?"
