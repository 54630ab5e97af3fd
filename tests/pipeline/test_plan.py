"""What is asked of which arm."""

import pytest

from harness.pipeline.plan import make_plan, probe_prompts
from harness.types import Arm, Case, Generation, Kind, Role

NUMERICS = {"fused": "cpu", "peft": "cpu peft"}


class Letters:
    """One token a character."""

    def encode(self, text):
        return tuple(map(ord, text))

    def encode_choice(self, prompt, choice):
        return self.encode(f" {choice}")


def _arm(name, adapter, executor="fused"):
    return Arm(Role.CANDIDATE, name, "base", adapter, f"arm-{adapter}", executor=executor)


def _case(i, prompt=None, choices=(), task="t"):
    generation = None if choices else Generation(5, ("\n",))
    return Case(
        f"case-{i}", "s", task, str(i), Kind.CHECK, prompt or f"prompt {i}", choices, generation,
        "x", str(i), {}, {}, f"input-{i}",
    )  # fmt: skip


@pytest.fixture
def plan():
    return lambda cases, arms, probed=(): make_plan(cases, probed, arms, Letters(), NUMERICS)


def test_every_case_is_asked_of_every_arm(plan):
    found = plan([_case(0), _case(1, choices=("a", "b"))], [_arm("a", None), _arm("b", "1")])
    assert len(found.requests) == len(found.answers) == 4
    assert {len(keys) for keys in found.keys.values()} == {2}
    assert [a.key for a in found.answers if a.case == "case-1"] == list(found.keys["case-1"])


def test_equal_prompts_of_one_arm_are_one_request(plan):
    found = plan([_case(0, "same"), _case(1, "same")], [_arm("a", None)])
    assert len(found.requests) == 1
    assert len(found.answers) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"adapter": "2"},
        {"executor": "peft"},
    ],
)
def test_what_could_change_an_output_changes_its_key(plan, change):
    arm = {"name": "a", "adapter": "1", "executor": "fused"}
    one, other = (plan([_case(0)], [_arm(**a)]) for a in (arm, arm | change))
    assert one.requests.keys().isdisjoint(other.requests)


def test_effects_are_probed_on_sixteen_prompts_of_every_arm_and_once_again(plan):
    arms = [_arm("a", None), _arm("b", "1"), _arm("c", "2")]
    found = plan([], arms, [_case(i) for i in range(40)])
    assert len(found.probes) == 16 * (3 + 1)
    assert {probe.arm for probe in found.probes if probe.repeat} == {arms[0].digest}
    assert len({probe.key for probe in found.probes}) == len(found.probes)
    assert found.answers == ()


def test_probed_prompts_do_not_depend_on_order_or_on_repeated_prompts():
    cases = [_case(i) for i in range(40)]
    assert probe_prompts(cases) == probe_prompts(cases[::-1])
    assert len(probe_prompts([_case(i, "the same") for i in range(40)])) == 1
