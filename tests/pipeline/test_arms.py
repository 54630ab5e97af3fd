"""Who is under test, known by content: plain arms, release sets, anchors and other bases."""

import shutil
from dataclasses import replace

import pytest

from harness.adapters.digest import adapter_digest, base_digest
from harness.errors import UsageError
from harness.pipeline.arms import arm_digest, changed, recall
from harness.store.read import SeenArm
from harness.suite.digest import digest
from harness.types import Role

BOTH = '"contracts/*": v1\n"support/*": v2\n"general/*": base\n'


def _seen(arm, run="run-1", **change):
    return replace(SeenArm(run, arm.path, arm.base, arm.adapter, arm.digest), **change)


class TestReleaseSets:
    def test_identity_is_what_serves_which_suites(self, project):
        """The digest in the store's words, computed from the directories."""
        project.write("r.yaml", BOTH)
        arm = project.arms("r=r.yaml").candidate("r")
        v1, v2 = (adapter_digest(project.root / "adapters" / name) for name in ("v1", "v2"))
        adapters = {"contracts/*": v1, "support/*": v2, "general/*": "base"}
        base = base_digest(project.root / "base")
        assert (arm.adapter, arm.adapters) == (None, adapters)
        assert arm.digest == digest({"base": base, "adapters": adapters})

    def test_names_places_and_order_are_no_part_of_it(self, project):
        shutil.copytree(project.root / "adapters/v1", project.root / "elsewhere/copy")
        project.write("a.yaml", BOTH)
        project.write("elsewhere/b.yaml", '"general/*": base\n"support/*": v2\n"contracts/*": copy')
        arms = project.arms("a=a.yaml", "b=elsewhere/b.yaml")
        assert arms.candidate("a").digest == arms.candidate("b").digest

    @pytest.mark.parametrize(
        "text", [BOTH.replace("v2", "v3"), BOTH.replace("support/", "s/"), '"contracts/*": v1']
    )
    def test_another_adapter_or_glob_is_another_identity(self, project, text):
        project.write("a.yaml", BOTH)
        project.write("b.yaml", text)
        arms = project.arms("a=a.yaml", "b=b.yaml")
        assert arms.candidate("a").digest != arms.candidate("b").digest

    def test_one_adapter_for_every_suite_is_that_adapter(self, project):
        """Under the name and path of its file; its member says where it lies."""
        file = project.write("prod.yaml", '"*": v1\n')
        arms = project.arms("v2", "v1", baseline="prod.yaml")
        plain = arms.candidate("v1")
        assert arms.baseline == replace(plain, role=Role.BASELINE, name="prod", path=str(file))
        assert [arm.name for arm in arms.runnable()] == ["base", "prod", "v2"]
        alone = project.arms("v2", baseline="prod.yaml")
        (member,) = alone.members
        assert (member.digest, member.path) == (plain.digest, plain.path)

    def test_the_base_for_every_suite_is_the_base(self, project):
        project.write("r.yaml", '"*": base\n')
        arms = project.arms("r=r.yaml")
        assert arms.candidate("r").digest == arms.base.digest

    def test_one_adapter_on_another_base_stays_a_set(self, project):
        project.base("second", seed=1)
        project.write("r.yaml", 'base: second\n"*": v1\n')
        arm = project.arms("r=r.yaml", allow_base_change=True).candidate("r")
        assert (arm.adapter, list(arm.adapters)) == (None, ["*"])

    def test_a_plain_arm_keeps_the_identity_it_always_had(self, project):
        """Of (base, adapter), as journals of earlier versions have it."""
        arms = project.arms("v2", baseline="v1")
        base, v2 = base_digest(project.root / "base"), adapter_digest(project.root / "adapters/v2")
        assert arms.candidates[0].digest == digest({"base": base, "adapter": v2})
        assert arms.base.digest == digest({"base": base, "adapter": None})

    def test_each_suite_is_served_by_one_adapter_and_else_by_the_base(self, project):
        project.write("r.yaml", BOTH + '"contracts/letters": v3\n')
        arms = project.arms("r=r.yaml", "v2")
        release = arms.candidate("r")
        serving = {
            suite: arms.serving(release, suite)
            for suite in ("contracts/a", "contracts/letters", "support/a", "general/a", "other")
        }
        assert [(arm.role, arm.name) for arm in serving.values()] == [
            (Role.MEMBER, "r/v1"),
            (Role.MEMBER, "r/v3"),
            (Role.CANDIDATE, "v2"),
            (Role.BASE, "base"),
            (Role.BASE, "base"),
        ]
        assert arms.serving(arms.baseline, "contracts/a") is arms.baseline

    def test_the_engine_runs_members_and_never_the_set(self, project):
        project.write("r.yaml", BOTH)
        arms = project.arms("r=r.yaml", baseline="v1")
        assert [arm.name for arm in arms.runnable()] == ["base", "v1", "r/v2"]
        assert {arm.digest for arm in arms.runnable()} <= arms.paths.keys()
        assert [arm.name for arm in arms.answering()] == ["base", "v1", "r"]
        assert [arm.name for arm in arms.all] == ["base", "v1", "r", "r/v2"]

    def test_sets_share_their_members(self, project):
        project.write("a.yaml", '"x/*": v1\n"y/*": v2')
        project.write("b.yaml", '"x/*": v1\n"y/*": v3')
        arms = project.arms("a=a.yaml", "b=b.yaml")
        assert [arm.name for arm in arms.members] == ["a/v1", "a/v2", "b/v3"]

    def test_one_that_needs_peft_says_so(self, project):
        project.adapter("dora", use_dora=True)
        project.write("r.yaml", '"x/*": dora\n"y/*": v1')
        arms = project.arms("r=r.yaml")
        assert "use_dora" in arms.candidate("r").label
        assert {a.name: a.executor for a in arms.members} == {"r/dora": "peft", "r/v1": "fused"}

    def test_a_broken_adapter_in_it_is_the_candidates_problem(self, project):
        (project.root / "adapters/v2/adapter_model.safetensors").write_bytes(b"no tensors")
        project.write("r.yaml", BOTH)
        arms = project.arms("r=r.yaml", "v3")
        assert "r.yaml:2: support/*: " in arms.candidate("r").problem
        assert arms.members == ()
        assert [arm.name for arm in arms.runnable()] == ["base", "v3"]
        assert [arm.name for arm in arms.answering()] == ["base", "v3"]

    def test_a_member_runs_although_it_has_a_problem_as_a_candidate_of_its_own(self, project):
        """Contamination is of a candidate; what another is served by is still measured."""
        project.write("r.yaml", '"x/*": v1')
        arms = project.arms("v1", "r=r.yaml")
        v1, release = arms.candidates
        arms = replace(arms, candidates=(replace(v1, problem="unknown rows"), release))
        assert arms.serving(release, "x/1").digest in {arm.digest for arm in arms.runnable()}
        assert v1.digest not in {arm.digest for arm in arms.answering()}

    def test_a_broken_adapter_in_the_baseline_ends_the_gate(self, project):
        (project.root / "adapters/v2/adapter_model.safetensors").write_bytes(b"no tensors")
        project.write("r.yaml", BOTH)
        with pytest.raises(UsageError, match=r"r\.yaml:2: support/\*: "):
            project.arms("v3", baseline="r.yaml")


class TestAnchor:
    @pytest.mark.parametrize("text", ["v1", "pinned/release", "base", "pin.yaml"])
    def test_directory_name_and_release_file(self, project, text):
        project.adapter("release", folder="pinned")
        project.write("pin.yaml", BOTH)
        arms = project.arms("v2", anchor=text)
        name = {"pinned/release": "release", "pin.yaml": "pin"}.get(text, text)
        assert (arms.anchor.role, arms.anchor.name) == (Role.ANCHOR, name)
        assert arms.reference(Role.ANCHOR) is arms.anchor
        assert arms.stored == frozenset()
        assert arms.anchor.digest in {arm.digest for arm in arms.answering()}

    def test_it_stands_between_baseline_and_candidates(self, project):
        arms = project.arms("v3", baseline="v2", anchor="v1")
        assert [arm.name for arm in arms.all] == ["base", "v2", "v1", "v3"]
        assert list(arms) == list(arms.all)

    def test_the_baseline_as_anchor_is_run_once(self, project):
        arms = project.arms("v2", baseline="v1", anchor="v1")
        assert [arm.name for arm in arms.runnable()] == ["base", "v1", "v2"]

    @pytest.mark.parametrize("digits", [12, 30, 64])
    @pytest.mark.parametrize("where", ["adapters", "named", "seen", "member"])
    def test_a_digest_is_found_wherever_the_content_lies(self, project, digits, where):
        path = project.adapter("old", folder="adapters" if where == "adapters" else "elsewhere")
        text, candidates, seen = adapter_digest(path), ["v2"], []
        if where == "named":
            candidates = ["old=elsewhere/old"]
        if where == "member":
            project.write("r.yaml", '"x/*": elsewhere/old')
            candidates = ["r=r.yaml"]
        if where == "seen":
            arm = arm_digest("b", text)
            seen = [SeenArm("run-1", str(path), "b", text, arm)]
        arms = project.arms(*candidates, seen=seen, anchor=text[:digits])
        assert (arms.anchor.adapter, arms.anchor.name) == (text, text[:12])
        assert arms.stored == frozenset()
        assert arms.anchor.digest in {arm.digest for arm in arms.runnable()}

    def test_only_where_its_weights_are_gone_stored_scores_stand_in(self, project):
        before = project.arms("v1").candidate("v1")
        seen = [_seen(before, "run-2"), _seen(before)]
        shutil.rmtree(project.root / "adapters/v1")
        arms = project.arms("v2", seen=seen, anchor=before.adapter[:16])
        assert arms.anchor.digest == before.digest
        assert arms.stored == {before.digest}
        assert "scores of run run-2 and before stand in" in arms.anchor.label
        assert arms.anchor in arms.all
        assert before.digest not in {arm.digest for arm in (*arms.runnable(), *arms.answering())}

    def test_a_directory_that_was_trained_on_is_no_longer_the_anchor(self, project):
        """What the path held once does not count: the content is looked at."""
        before = project.arms("v1").candidate("v1")
        shutil.rmtree(project.root / "adapters/v1")
        project.adapter("v1", seed=99)
        arms = project.arms("v2", seen=[_seen(before)], anchor=before.adapter)
        assert arms.stored == {before.digest}

    def test_an_adapter_that_nobody_knows(self, project):
        with pytest.raises(UsageError) as caught:
            project.arms("v2", anchor="0123456789ab")
        assert "policy.yaml: anchor: there is no adapter 0123456789ab" in str(caught.value)
        assert "the arms of this gate, the adapters folder" in str(caught.value)
        assert "the history" in str(caught.value)

    def test_what_could_not_be_read_is_said(self, project):
        (project.root / "adapters/v1/adapter_model.safetensors").write_bytes(b"no tensors")
        with pytest.raises(UsageError, match=r"adapters/v1 could not be read: "):
            project.arms("v2", anchor="0123456789ab")

    def test_the_beginning_of_two_digests(self, project):
        seen = [SeenArm("r", "gone", "b", "a" * 12 + end * 52, end) for end in "12"]
        with pytest.raises(UsageError, match=r"the beginning of several: a{12}1111, a{12}2222"):
            project.arms("v2", seen=seen, anchor="a" * 12)

    @pytest.mark.parametrize("text", ["v9", "0123456789a", "XYZ", "0" * 65])
    def test_neither_directory_nor_digest(self, project, text):
        with pytest.raises(UsageError, match="is no digest of an adapter"):
            project.arms("v2", anchor=text)

    def test_a_broken_anchor_ends_the_gate(self, project):
        (project.root / "adapters/v1/adapter_model.safetensors").write_bytes(b"no tensors")
        with pytest.raises(UsageError, match=r"policy\.yaml: anchor: "):
            project.arms("v2", anchor="v1")

    def test_scores_on_another_base_stand_in_only_where_a_change_is_allowed(self, project):
        seen = [SeenArm("run-1", "gone", "b" * 64, "a" * 64, "d" * 64)]
        with pytest.raises(UsageError, match="only ever run on another base model"):
            project.arms("v2", seen=seen, anchor="a" * 64)
        arms = project.arms("v2", seen=seen, anchor="a" * 64, allow_base_change=True)
        assert (arms.anchor.base, arms.stored) == ("b" * 64, {"d" * 64})

    def test_without_one_there_is_nothing_to_refer_to(self, project):
        arms = project.arms("v2")
        assert arms.anchor is None
        with pytest.raises(UsageError, match=r"policy\.yaml names none"):
            arms.reference(Role.ANCHOR)


class TestBaseChange:
    @pytest.fixture
    def release(self, project):
        """A candidate on another base, which serves general suites alone."""
        project.base("second", 1)
        return project.write("r.yaml", 'base: second\n"x/*": v1\n"general/*": base')

    def test_it_is_refused_unless_the_policy_allows_it(self, project, release):
        arms = project.arms("r=r.yaml")
        problem = arms.candidate("r").problem
        assert "r.yaml:1: base: " in problem
        assert "allow_base_change: true" in problem
        assert list(arms.bases) == [arms.base.base]

    def test_of_a_baseline_it_ends_the_gate(self, project, release):
        with pytest.raises(UsageError, match="allow_base_change: true"):
            project.arms("v1", baseline="r.yaml")

    def test_where_it_is_allowed_each_base_has_its_arms(self, project, release):
        arms = project.arms("r=r.yaml", "v1", allow_base_change=True)
        first, second = base_digest(project.root / "base"), base_digest(project.root / "second")
        assert arms.bases == {first: project.root / "base", second: project.root / "second"}
        assert {(a.name, a.base) for a in arms.runnable()} == {
            ("base", first), ("v1", first), ("r/v1", second), ("r/base", second),
        }  # fmt: skip
        candidate = arms.candidate("r")
        assert candidate.base == second
        assert arms.serving(candidate, "x/1").name == "r/v1"
        assert arms.serving(candidate, "general/1").name == "r/base"
        assert arms.serving(candidate, "y").name == "r/base"

    def test_the_same_base_under_another_path_is_no_change(self, project):
        shutil.copytree(project.root / "base", project.root / "copy")
        project.write("r.yaml", 'base: copy\n"x/*": v1')
        arms = project.arms("r=r.yaml")
        assert arms.candidate("r").problem is None
        assert arms.bases == {arms.base.base: project.root / "base"}

    def test_an_adapter_for_another_base_does_not_fit(self, project, release):
        project.seal(project.root / "adapters/v1", [])
        arms = project.arms("r=r.yaml", allow_base_change=True)
        assert "r.yaml:2: x/*: " in arms.candidate("r").problem
        assert "trained on base" in arms.candidate("r").problem


class TestChanged:
    @pytest.fixture
    def everything(self, project):
        """Settings and arms: a baseline, an anchor, and a set on another base."""
        project.base("second", 1)
        project.adapter("pin", folder="pinned")
        project.write("r.yaml", 'base: second\n"x/*": v2')
        arms = project.arms("r=r.yaml", baseline="v1", anchor="pinned/pin", allow_base_change=True)
        return project.settings("r=r.yaml", baseline="v1"), arms

    def test_nothing(self, project, everything):
        assert changed(*everything, project.digests, verify=True) is None

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("adapters/v1", "adapter v1 changed"),
            ("adapters/v2", "adapter r/v2 changed"),
            ("pinned/pin", "adapter pin changed"),
        ],
    )
    def test_baseline_member_and_anchor(self, project, everything, path, expected):
        shutil.rmtree(project.root / path)
        folder, name = path.split("/")
        project.adapter(name, seed=123, folder=folder)
        assert expected in changed(*everything, project.digests, verify=True)

    @pytest.mark.parametrize("name", ["base", "second"])
    def test_each_base(self, project, everything, name):
        shutil.rmtree(project.root / name)
        project.base(name, 9)
        sentence = changed(*everything, project.digests, verify=False)
        assert sentence.startswith("the base model")
        assert ("second" in sentence) == (name == "second")

    def test_a_directory_that_is_gone(self, project, everything):
        shutil.rmtree(project.root / "adapters/v2")
        assert "an arm changed while the gate ran: " in changed(
            *everything, project.digests, verify=True
        )


class TestRecall:
    def test_members_and_anchor_are_remembered_too(self, project):
        project.write("r.yaml", BOTH)
        arms = project.arms("r=r.yaml", anchor="v3")
        seen = [
            _seen(arms.anchor, digest="e" * 64, adapter="e" * 64),
            _seen(arms.candidate("r"), digest="f" * 64),
            *(_seen(arm, path="old/place") for arm in arms.members),
        ]
        noted = {arm.name: arm.history for arm in recall(arms, seen)}
        assert "changed in place (eeeeeeeeeeee → " in noted["v3"]
        assert "since run run-1: measured anew" in noted["v3"]
        now = arms.candidate("r").digest[:12]
        assert f"(ffffffffffff → {now})" in noted["r"]
        assert noted["r/v1"] == noted["r/v2"] == "same content as old/place in run run-1"
        assert noted["base"] == ""

    def test_what_was_seen_as_it_is_needs_no_note(self, project):
        arms = project.arms("v1", anchor="v2")
        assert recall(arms, [_seen(arm) for arm in arms.all]) == arms

    def test_of_an_anchor_that_is_gone_nothing_has_changed(self, project):
        """Its path may hold another adapter by now, which is not the anchor."""
        before = project.arms("v1").candidate("v1")
        seen = [_seen(before, "run-2", digest="f" * 64, adapter="f" * 64), _seen(before)]
        shutil.rmtree(project.root / "adapters/v1")
        arms = project.arms("v2", seen=seen, anchor=before.adapter)
        assert recall(arms, seen).anchor.history == ""
