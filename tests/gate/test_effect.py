"""Proof of effect."""

import random

import pytest

from harness.gate.effect import objection, prove
from harness.types import Arm, Role


def _scored(seed, shift=0.0):
    rng = random.Random(seed)
    return {f"p{i}": -10 * rng.random() + shift for i in range(16)}


@pytest.mark.parametrize(
    ("shift", "noise", "proven"),
    [
        (1e-3, 0.0, True),
        (2e-4, 0.0, True),
        (5e-5, 0.0, False),  # B = 1e-9: below the least difference
        (1e-3, 5e-4, False),  # ten times the noise is more than the difference
        (1e-2, 5e-4, True),
        (0.0, 0.0, False),
    ],
)
def test_a_difference_counts_only_above_noise_and_floor(arms, shift, noise, proven):
    base, baseline, candidate = arms
    scored = {
        base.digest: _scored(1),
        baseline.digest: _scored(2),
        candidate.digest: _scored(1, shift),
    }
    effects = prove(arms, scored, {k: v + noise for k, v in scored[base.digest].items()})
    pair = next(e for e in effects if {e.arm, e.other} == {base.digest, candidate.digest})
    assert pair.proven is proven
    assert (objection(candidate, baseline, base, effects) is None) is proven
    if not proven:
        assert "differ in content but not in behaviour" in pair.reason


def test_arms_of_equal_content_are_not_compared(arms):
    base, baseline, _ = arms
    twin = Arm(Role.CANDIDATE, "twin", baseline.base, baseline.adapter, baseline.digest)
    effects = prove((base, baseline, twin), {}, {})
    assert len(effects) == 1


def test_fifty_good_adapters_raise_no_alarm(arms):
    base = arms[0]
    good = [Arm(Role.CANDIDATE, f"a{i}", "b", str(i), f"arm-{i}") for i in range(50)]
    scored = {arm.digest: _scored(i) for i, arm in enumerate([base, *good])}
    effects = prove((base, *good), scored, scored[base.digest])
    assert len(effects) == 51 * 50 // 2
    assert all(effect.proven for effect in effects)
    assert all(objection(arm, base, base, effects) is None for arm in good)


def test_an_idle_candidate_does_not_taint_another(arms):
    base, baseline, candidate = arms
    idle = Arm(Role.CANDIDATE, "idle", "b", "9", "idle-arm")
    scored = {
        base.digest: _scored(1),
        baseline.digest: _scored(2),
        candidate.digest: _scored(3),
        idle.digest: _scored(1),
    }
    effects = prove((*arms, idle), scored, scored[base.digest])
    assert objection(candidate, base, base, effects) is None
    assert objection(candidate, baseline, base, effects) is None
    assert "idle" in objection(idle, base, base, effects)


def test_an_idle_baseline_is_no_reference(arms):
    base, baseline, candidate = arms
    scored = {
        base.digest: _scored(1),
        baseline.digest: _scored(1),
        candidate.digest: _scored(3),
    }
    effects = prove(arms, scored, scored[base.digest])
    assert objection(candidate, baseline, base, effects) is not None
    assert objection(candidate, base, base, effects) is None


def test_nothing_measured_is_nothing_proven(arms):
    effects = prove(arms, {}, {})
    assert not any(effect.proven for effect in effects)
    assert all(effect.difference is None for effect in effects)
    assert "was not measured" in objection(arms[2], arms[1], arms[0], effects)
