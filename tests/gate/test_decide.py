"""From check results to the verdict on a candidate."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.decide import decide, settle
from harness.types import Arm, CheckResult, Claim, GateVerdict, Kind, Role, Verdict

ARM = Arm(Role.CANDIDATE, "v2", "b", "a", "arm")
ORDER = list(GateVerdict)


def _result(verdict=Verdict.PASS, *, name="c", p_worse=None, required=True, claim=Claim.NOT_WORSE):
    return CheckResult(
        id=f"s.yaml::{name}@v2",
        kind=Kind.CHECK,
        suite="s",
        task="t",
        name=name,
        candidate="v2",
        claim=claim,
        metric="accuracy",
        against=Role.BASELINE,
        required=required,
        verdict=verdict,
        reason="said so",
        p_worse=p_worse,
    )


RESULTS = st.lists(
    st.builds(
        _result,
        st.sampled_from(list(Verdict)),
        name=st.text("abc", min_size=1, max_size=3),
        required=st.booleans(),
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("verdicts", "gaps", "expected"),
    [
        ([Verdict.PASS, Verdict.REGRESSED, Verdict.NOT_MEASURED], {}, GateVerdict.REJECT),
        ([Verdict.PASS, Verdict.NOT_MEASURED], {"not_run": ["x"]}, GateVerdict.INCOMPLETE),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], {"not_run": ["x"]}, GateVerdict.PARTIAL),
        ([Verdict.PASS], {"missing_suites": ["general/*"]}, GateVerdict.PARTIAL),
        ([Verdict.PASS], {"reruns": ["x"]}, GateVerdict.PARTIAL),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], {}, GateVerdict.INCONCLUSIVE),
        ([Verdict.PASS, Verdict.PASS], {}, GateVerdict.PROMOTE),
        ([], {}, GateVerdict.INCOMPLETE),
    ],
)
def test_the_worst_finding_decides(verdicts, gaps, expected):
    decision = decide(ARM, [_result(v) for v in verdicts], alpha=0.05, **gaps)
    assert decision.verdict is expected
    assert decision.reasons


def test_what_is_not_required_decides_nothing():
    results = [_result(), *(_result(v, required=False) for v in Verdict)]
    assert decide(ARM, results, alpha=0.05).verdict is GateVerdict.PROMOTE


def test_only_unrequired_checks_promote_nothing():
    decision = decide(ARM, [_result(required=False)], alpha=0.05)
    assert decision.verdict is GateVerdict.INCOMPLETE


def test_an_arm_with_a_problem_is_never_promoted():
    broken = replace(ARM, problem="adapter_model.safetensors is truncated")
    decision = decide(broken, [_result()], alpha=0.05)
    assert decision.verdict is GateVerdict.INCOMPLETE
    assert decision.reasons == ("adapter_model.safetensors is truncated",)


@given(RESULTS, st.randoms())
def test_the_order_of_checks_is_irrelevant(results, random):
    shuffled = random.sample(results, len(results))
    one, other = (decide(ARM, r, alpha=0.05) for r in (results, shuffled))
    assert one.verdict is other.verdict


@given(RESULTS)
def test_an_item_that_was_not_run_never_improves_the_verdict(results):
    whole = decide(ARM, [_result(), *results], alpha=0.05)
    partial = decide(ARM, [_result(), *results], alpha=0.05, not_run=["another"])
    assert ORDER.index(partial.verdict) >= ORDER.index(whole.verdict)
    assert partial.verdict is not GateVerdict.PROMOTE


def test_a_check_is_regressed_only_after_holm():
    """.02 twice: alone significant, in a family of two (.04) still, in one of three (.06) not."""
    pair = [_result(Verdict.INCONCLUSIVE, name=n, p_worse=0.02) for n in "ab"]
    assert [r.verdict for r in settle(pair, 2, 0.05)] == [Verdict.REGRESSED] * 2
    assert [r.verdict for r in settle(pair, 3, 0.05)] == [Verdict.INCONCLUSIVE] * 2


def test_a_pass_stays_a_pass_however_sure_the_small_loss():
    passed = _result(Verdict.PASS, p_worse=1e-9)
    assert settle([passed], 1, 0.05)[0].verdict is Verdict.PASS


def test_levels_and_cases_are_no_part_of_the_family():
    level = _result(Verdict.INCONCLUSIVE, claim=Claim.MIN)
    assert settle([level], 0, 0.05) == [level]
