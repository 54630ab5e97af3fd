"""Samples that a candidate, or an adapter that it continues, was trained on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from harness.adapters.digest import adapter_digest
from harness.adapters.manifest import MANIFEST_FILE, ROWS_FILE
from harness.pipeline.arms import arm_digest
from harness.pipeline.lineage import trace
from harness.pipeline.search import Search
from harness.store.read import SeenArm
from harness.suite.digest import digest, input_digest
from harness.types import Kind


def _row(number):
    """Digest of a training row; the case of the same number has it as its input's."""
    return digest(number)


@pytest.fixture
def cases(ask):
    """Cases 0 to 9 of suites ``a`` and ``b``; the last one is hand-written."""

    def case(number, suite):
        kind = Kind.CASE if number == 9 else Kind.CHECK
        return ask(number, suite, kind=kind, row=_row(number))

    return [case(number, suite) for suite in "ab" for number in range(10)]


@pytest.fixture
def line(project):
    """v3 continues v2, which continues v1; each was trained on three rows of its own."""
    paths = [project.root / "adapters" / name for name in ("v1", "v2", "v3")]
    for i, path in enumerate(paths):
        rows = [_row(100 * i + 50), _row(100 * i + 51), _row(i)]
        project.seal(path, rows, paths[i - 1] if i else None)
    return paths


@pytest.fixture
def traced(project, cases):
    """Traces candidates: the arms with their problems, and the lineages."""

    def run(*candidates, seen=(), adapters="adapters", **more):
        arms = project.arms(*candidates, **more)
        search = Search(arms.paths.values(), project.root / adapters, seen, project.digests)
        return trace(arms, cases, search)[:2]

    return run


def test_each_sample_names_the_adapter_that_was_trained_on_it(line, traced):
    _, lineages = traced("v3")
    assert lineages["v3"].trained_on == {
        "a-0": "grandparent v1", "a-1": "parent v2", "a-2": "v3",
        "b-0": "grandparent v1", "b-1": "parent v2", "b-2": "v3",
    }  # fmt: skip
    assert lineages["v3"].unknown == ()


def test_hand_written_cases_count_as_well(project, traced):
    project.seal(project.root / "adapters/v1", [_row(9)])
    _, lineages = traced("v1")
    assert lineages["v1"].trained_on == {"a-9": "v1", "b-9": "v1"}


def test_the_nearest_adapter_is_named(project, traced):
    old, new = (project.root / "adapters" / name for name in ("v1", "v2"))
    project.seal(old, [_row(4)])
    project.seal(new, [_row(4)], old)
    assert set(traced("v2")[1]["v2"].trained_on.values()) == {"v2"}


def test_a_line_may_be_long(project, line, traced):
    path = project.adapter("v4")
    project.seal(path, [], line[2])
    assert traced("v4")[1]["v4"].trained_on["a-0"] == "v1, 3 generations back"


def test_a_clean_candidate_and_the_base_are_clean(project, traced):
    project.seal(project.root / "adapters/v1", [_row(500)])
    _, lineages = traced("v1", "base")
    assert {name: (found.trained_on, found.unknown) for name, found in lineages.items()} == {
        "v1": ({}, ()), "base": ({}, ()),
    }  # fmt: skip


def test_of_a_release_set_only_what_serves_the_suite_counts(project, line, traced):
    project.write("r.yaml", '"a": v1\n"b": base')
    _, lineages = traced("r=r.yaml")
    assert lineages["r"].trained_on == {"a-0": "v1"}


class TestBareCopies:
    """Directories of one content of which only one says what it was trained on."""

    @pytest.fixture
    def bare(self, project, line):
        """Copies an adapter without its manifest and rows."""

        def copy(path, name):
            target = project.root / name
            shutil.copytree(path, target)
            for file in (MANIFEST_FILE, ROWS_FILE):
                (target / file).unlink()
            return target

        return copy

    def test_one_that_is_named_hides_nothing_of_a_parent(self, line, bare, traced):
        bare(line[0], "prod")
        _, lineages = traced("v2", baseline="prod")
        assert lineages["v2"].trained_on["a-0"] == "parent v1"
        assert lineages["v2"].unknown == ()

    def test_nor_of_the_candidate_itself(self, line, bare, traced):
        bare(line[1], "prod")
        _, lineages = traced("prod")
        assert lineages["prod"].trained_on["a-1"] == "v2"
        assert lineages["prod"].trained_on["a-0"] == "parent v1"

    @pytest.mark.parametrize("names", [("copy", "v2=away/v2"), ("v2=away/v2", "copy")])
    def test_of_two_that_are_named_either_may_know(self, project, line, bare, traced, names):
        bare(line[1], "copy")
        (project.root / "away").mkdir()
        line[1].rename(project.root / "away/v2")
        _, lineages = traced(*names)
        assert [found.trained_on["a-1"] for found in lineages.values()] == ["v2", "v2"]

    def test_rows_of_several_add_up(self, line, bare, traced):
        (bare(line[1], "other") / ROWS_FILE).write_text(f"{_row(6)}\n")
        _, lineages = traced("v2", baseline="other")
        assert lineages["v2"].trained_on.keys() >= {"a-1", "a-6"}


class TestPromptFields:
    """Training and gate read the same rows, and their prompts not the same fields."""

    ROW: ClassVar = {"clause": "Birch may end this lease.", "state": "Ohio", "label": "payment"}

    @pytest.fixture
    def contaminated(self, project, traced, cases):
        """Whether a case of ROW that shows some fields counts, trained on other ones."""

        def found(trained, shown, row=self.ROW):
            rows = [input_digest({name: row[name] for name in trained})]
            project.seal(project.root / "adapters/v1", rows)
            shows = input_digest({name: row[name] for name in shown})
            cases[:] = [replace(cases[0], fields=row, input_digest=shows)]
            return "a-0" in traced("v1")[1]["v1"].trained_on

        return found

    @pytest.mark.parametrize(
        ("trained", "shown"),
        [
            (["clause"], ["clause", "state"]),
            (["clause", "state"], ["clause"]),
            (["clause", "state"], ["clause", "state", "label"]),
            (["state", "label"], ["state", "label"]),
        ],
    )
    def test_a_field_more_or_less_hides_no_row(self, contaminated, trained, shown):
        assert contaminated(trained, shown)

    @pytest.mark.parametrize("trained", [["label"], ["state", "label"]])
    def test_what_many_rows_share_tells_nothing(self, contaminated, trained):
        assert not contaminated(trained, ["clause"])


class TestParents:
    def test_one_that_is_gone_is_told(self, line, traced):
        shutil.rmtree(line[0])
        _, lineages = traced("v3")
        assert lineages["v3"].trained_on.keys() == {"a-1", "a-2", "b-1", "b-2"}
        (sentence,) = lineages["v3"].unknown
        assert sentence.startswith("parent v2 continues adapter ")
        assert "which was not found" in sentence

    @pytest.mark.parametrize("where", ["named", "seen"])
    def test_one_elsewhere_is_found_by_its_content(self, project, line, traced, where):
        parent = adapter_digest(line[0])
        shutil.copytree(line[0], project.root / "elsewhere/renamed")
        shutil.rmtree(line[0])
        seen, baseline = [], "base"
        if where == "seen":
            path = str(project.root / "elsewhere/renamed")
            seen = [SeenArm("run-1", path, "b", parent, arm_digest("b", parent))]
        else:
            baseline = "elsewhere/renamed"
        _, lineages = traced("v2", seen=seen, baseline=baseline)
        assert lineages["v2"].trained_on["a-0"] == "parent v1"

    def test_a_path_that_holds_something_else_by_now_is_not_it(self, project, line, traced):
        parent = adapter_digest(line[0])
        shutil.rmtree(line[0])
        project.adapter("v1", seed=77)
        seen = [SeenArm("run-1", str(line[0]), "b", parent, arm_digest("b", parent))]
        _, lineages = traced("v2", seen=seen)
        assert "which was not found" in lineages["v2"].unknown[0]
        assert "where a run saw it" in lineages["v2"].unknown[0]

    @pytest.mark.parametrize("problem", ["file", "loop", "denied"])
    def test_a_path_that_cannot_be_read_by_now_is_told(
        self, project, line, traced, problem, monkeypatch
    ):
        parent = adapter_digest(line[0])
        shutil.rmtree(line[0])
        if problem == "file":
            line[0].write_text("notes")
        elif problem == "loop":
            line[0].symlink_to(line[0])
        else:
            stat = Path.stat

            def denied(path, **options):
                if line[0] in (path, *path.parents):
                    raise PermissionError(13, "Permission denied", str(path))
                return stat(path, **options)

            line[0].mkdir()
            monkeypatch.setattr(Path, "stat", denied)
        seen = [SeenArm("run-1", str(line[0]), "b", parent, arm_digest("b", parent))]
        _, lineages = traced("v2", seen=seen)
        assert f"{line[0]} could not be read: " in lineages["v2"].unknown[0]

    def test_an_adapter_that_continues_itself_is_a_problem(self, line, traced):
        path = line[0] / MANIFEST_FILE
        text = json.loads(path.read_text()) | {"parent": adapter_digest(line[2])}
        path.write_text(json.dumps(text))
        arms, lineages = traced("v3")
        assert "is its own ancestor" in arms.candidate("v3").problem
        assert lineages == {}


class TestWhatCannotBeKnown:
    def test_no_manifest_and_no_rows(self, traced):
        _, lineages = traced("v1")
        assert lineages["v1"].trained_on == {}
        assert "the rows it was trained on are unknown" in lineages["v1"].unknown[0]

    def test_rows_without_a_manifest(self, project, traced):
        (project.root / "adapters/v1" / ROWS_FILE).write_text(f"{_row(3)}\n")
        _, lineages = traced("v1")
        assert lineages["v1"].trained_on == {"a-3": "v1", "b-3": "v1"}
        assert "its parent is unknown" in lineages["v1"].unknown[0]

    def test_each_is_said_once(self, project, traced):
        project.write("r.yaml", '"*": v1')
        _, lineages = traced("r=r.yaml")
        assert len(lineages["r"].unknown) == 1

    def test_rows_that_cannot_be_read_are_the_candidates_problem(self, project, traced):
        (project.root / "adapters/v1" / ROWS_FILE).write_text("nonsense\n")
        arms, lineages = traced("v1", "v2")
        assert f"{ROWS_FILE}:1: not a row digest" in arms.candidate("v1").problem
        assert lineages.keys() == {"v2"}
        assert [arm.name for arm in arms.answering()] == ["base", "v2"]

    def test_a_parents_changed_rows_too(self, line, traced):
        """Its adapter is what it was, and the rows are not those it was trained on."""
        (line[0] / ROWS_FILE).write_text(f"{_row(7)}\n")
        arms, _ = traced("v2")
        assert "changed since it was trained" in arms.candidate("v2").problem

    def test_a_candidate_that_is_no_adapter_has_its_problem_already(self, project, traced):
        (project.root / "adapters/v1/adapter_model.safetensors").unlink()
        arms, lineages = traced("v1")
        assert arms.candidate("v1").problem
        assert lineages == {}
