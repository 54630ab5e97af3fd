"""What is asked of which arm."""

from collections import Counter
from pathlib import Path

import pytest

from harness.engine.reading import Reader
from harness.pipeline.arms import Arms, arm_digest
from harness.pipeline.plan import make_plan, probe_prompts
from harness.types import Arm, Role

NUMERICS = {"fused": "cpu", "peft": "cpu peft"}


def _arm(name, adapter, role=Role.CANDIDATE, base="base", **change):
    return Arm(role, name, base, adapter, arm_digest(base, adapter), **change)


def _arms(*candidates, baseline=None, **more):
    base = _arm("base", None, Role.BASE)
    baseline = baseline or _arm("v1", "1", Role.BASELINE)
    return Arms(base, baseline, candidates, paths={}, bases={}, **more)


@pytest.fixture
def plan(letters):
    def make(cases, arms, probed=(), again=False):
        found = {"base": letters(), "other": letters(1000)}
        readers = {base: Reader(tokenizer, None, Path()) for base, tokenizer in found.items()}
        return make_plan(cases, probed, arms, readers, NUMERICS, again)

    return make


def test_every_case_is_asked_of_every_arm(plan, ask):
    arms = _arms(_arm("v2", "2"))
    found = plan([ask(0), ask(1, choices=("a", "b"))], arms)
    assert len(found.requests) == len(found.answers) == 6
    assert {len(keys) for keys in found.keys.values()} == {1}
    assert found.keys == {(a.case, a.arm): (a.key,) for a in found.answers}


def test_equal_prompts_of_one_arm_are_one_request(plan, ask):
    found = plan([ask(0, prompt="same"), ask(1, prompt="same")], _arms())
    assert len(found.requests) == 2
    assert len(found.answers) == 4


@pytest.mark.parametrize("change", [{"adapter": "2"}, {"executor": "peft"}, {"base": "other"}])
def test_what_could_change_an_output_changes_its_key(plan, ask, change):
    arm = {"name": "a", "adapter": "3", "executor": "fused"}
    one, other = (plan([ask(0)], _arms(_arm(**a))) for a in (arm, arm | change))
    shared = {key for key in one.requests if key in other.requests}
    assert len(shared) == 2  # base and baseline


def test_arms_of_equal_content_are_asked_once(plan, ask):
    arms = _arms(_arm("v2", "1"), _arm("base", None), anchor=_arm("pin", "1", Role.ANCHOR))
    assert len(plan([ask(0)], arms).answers) == 2


def test_arms_that_cannot_be_measured_or_run_are_not_asked(plan, ask):
    gone = _arm("gone", "4", Role.ANCHOR)
    broken = _arm("broken", "5", problem="it is broken")
    arms = _arms(broken, anchor=gone, stored=frozenset({gone.digest}))
    found = plan([ask(0)], arms, probed=[ask(0)])
    asked = {arms.base.digest, arms.baseline.digest}
    assert {arm for _, arm in found.keys} == {probe.arm for probe in found.probes} == asked


class TestReleaseSets:
    @pytest.fixture
    def arms(self):
        """A set of v1, which is the baseline, and v2, which is its own."""
        release = Arm(
            Role.CANDIDATE, "r", "base", None, "release", adapters={"a/*": "1", "b/*": "2"}
        )
        return _arms(release, members=(_arm("r/v2", "2", Role.MEMBER),))

    def test_the_engine_is_asked_the_member_and_the_set_has_the_answer(self, plan, ask, arms):
        cases = [ask(0, "a/x"), ask(0, "b/x"), ask(0, "c/x")]
        found = plan(cases, arms)
        serving = [found.requests[found.keys[case.digest, "release"][0]].arm for case in cases]
        assert serving == [arms.baseline.digest, arms.members[0].digest, arms.base.digest]
        assert {answer.arm for answer in found.answers} == {
            arms.base.digest, arms.baseline.digest, "release",
        }  # fmt: skip

    def test_what_base_and_baseline_answer_anyway_is_computed_once(self, plan, ask, arms):
        found = plan([ask(0, "a/x"), ask(0, "c/x")], arms)
        assert len(found.answers) == 6
        # Both ask the same prompt: base and baseline answer it, and no member does.
        assert {request.arm for request in found.requests.values()} == {
            arms.base.digest, arms.baseline.digest,
        }  # fmt: skip

    def test_its_members_are_probed_and_not_the_set(self, plan, ask, arms):
        found = plan([], arms, [ask(0)])
        assert Counter(probe.arm for probe in found.probes) == {
            arms.base.digest: 2, arms.baseline.digest: 1, arms.members[0].digest: 1,
        }  # fmt: skip


class TestAnotherBase:
    @pytest.fixture
    def arms(self):
        """A set on another base, with that base alone."""
        release = Arm(Role.CANDIDATE, "r", "other", None, "release", adapters={"a/*": "9"})
        members = (
            _arm("r/base", None, Role.MEMBER, "other"),
            _arm("r/v9", "9", Role.MEMBER, "other"),
        )
        return _arms(release, members=members)

    def test_each_reads_a_prompt_with_its_own_tokenizer(self, plan, ask, arms, letters):
        case = ask(0, "a/x", choices=("yes", "no"))
        found = plan([case], arms, [case])
        for (_, arm), (key,) in found.keys.items():
            tokenizer = letters(1000 if arm == "release" else 0)
            request = found.requests[key]
            assert request.prompt == tokenizer.encode(case.prompt)
            assert request.choices[0] == tokenizer.encode(" yes")
        probes = {found.requests[probe.key].prompt[0] // 1000 for probe in found.probes}
        assert probes == {0, 1}

    def test_requests_can_be_grouped_by_base(self, plan, ask, arms):
        found = plan([ask(0, "a/x"), ask(1, "b/x")], arms, [ask(0)])
        groups = Counter(found.base_of[request.arm] for request in found.requests.values())
        # Two cases each for base and baseline, three probes of them; two cases, two probes.
        assert groups == {"base": 4 + 3, "other": 2 + 2}


class TestAgain:
    def test_the_baseline_answers_a_second_time(self, plan, ask):
        arms = _arms(_arm("v2", "2"))
        cases = [ask(0), ask(1, choices=("a", "b"))]
        found = plan(cases, arms, again=True)
        repeats = Counter((answer.arm, answer.repeat) for answer in found.answers)
        assert repeats == {
            (arms.base.digest, 0): 2, (arms.baseline.digest, 0): 2,
            (arms.baseline.digest, 1): 2, (arms.candidates[0].digest, 0): 2,
        }  # fmt: skip
        for case in cases:
            first, second = found.keys[case.digest, arms.baseline.digest]
            assert found.requests[first].prompt == found.requests[second].prompt
            assert first != second

    def test_the_first_answers_keep_their_keys(self, plan, ask):
        arms = _arms(_arm("v2", "2"))
        once, twice = (plan([ask(0)], arms, again=again) for again in (False, True))
        assert once.requests.keys() < twice.requests.keys()
        assert set(once.answers) < set(twice.answers)

    def test_a_candidate_of_equal_content_has_the_same_two(self, plan, ask):
        found = plan([ask(0)], _arms(_arm("v2", "1")), again=True)
        assert len(found.answers) == 3

    def test_of_a_release_set_whatever_serves_the_suite(self, plan, ask):
        live = Arm(Role.BASELINE, "live", "base", None, "live", adapters={"a/*": "2"})
        arms = _arms(baseline=live, members=(_arm("live/v2", "2", Role.MEMBER),))
        found = plan([ask(0, "a/x"), ask(0, "b/x")], arms, again=True)
        asked = [
            [found.requests[key].arm for key in found.keys[f"{suite}/x-0", "live"]]
            for suite in "ab"
        ]
        assert asked == [[arms.members[0].digest] * 2, [arms.base.digest] * 2]


def test_effects_are_probed_on_sixteen_prompts_of_every_arm_and_once_again(plan, ask):
    arms = _arms(_arm("v2", "2"))
    found = plan([], arms, [ask(i) for i in range(40)])
    assert len(found.probes) == 16 * (3 + 1)
    assert {probe.arm for probe in found.probes if probe.repeat} == {arms.base.digest}
    assert len({probe.key for probe in found.probes}) == len(found.probes)
    assert found.answers == ()


def test_probed_prompts_do_not_depend_on_order_or_on_repeated_prompts(ask):
    cases = [ask(i) for i in range(40)]
    assert probe_prompts(cases) == probe_prompts(cases[::-1])
    assert len(probe_prompts([ask(i, prompt="the same") for i in range(40)])) == 1
