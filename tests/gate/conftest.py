"""Made-up cases, arms and scores to decide on."""

from collections.abc import Callable, Sequence

import pytest

from harness.gate.check import Declared, measure
from harness.types import Arm, Case, CheckResult, Claim, Kind, Role, Score

BASE = Arm(Role.BASE, "base", "b" * 64, None, "base-arm")
BASELINE = Arm(Role.BASELINE, "v1", "b" * 64, "1" * 64, "v1-arm")
CANDIDATE = Arm(Role.CANDIDATE, "v2", "b" * 64, "2" * 64, "v2-arm")


def _case(i: int, cluster: str) -> Case:
    return Case(
        digest=f"case-{i}",
        suite="s",
        task="t",
        sample=f"row-{i}",
        kind=Kind.CHECK,
        prompt=f"prompt {i}",
        choices=(),
        generation=None,
        target="x",
        cluster=cluster,
        slices={},
        fields={},
        input_digest=f"input-{i}",
    )


@pytest.fixture
def arms() -> tuple[Arm, Arm, Arm]:
    """The base, the baseline v1 and the candidate v2."""
    return BASE, BASELINE, CANDIDATE


@pytest.fixture
def declare() -> Callable[..., Declared]:
    """A declared check over ``n`` cases; ``clusters`` names their clusters."""

    def make(n: int = 0, clusters: Sequence[str] | None = None, **changes) -> Declared:
        labels = clusters or [str(i) for i in range(n)]
        settings = {
            "id": "suites/s.yaml::t.no-worse@v2",
            "kind": Kind.CHECK,
            "suite": "s",
            "task": "t",
            "name": "t.no-worse",
            "candidate": "v2",
            "claim": Claim.NOT_WORSE,
            "metric": "accuracy",
            "against": Role.BASELINE,
            "limit": 0.03,
            "required": True,
            "cases": tuple(_case(i, label) for i, label in enumerate(labels)),
        }
        return Declared(**(settings | changes))

    return make


@pytest.fixture
def check() -> Callable[..., CheckResult]:
    """Measure a declared check on scores.

    None is an unscored output, "absent" no output, a tuple the scores of several answers.
    """

    def run(
        declared: Declared, candidate, reference=None, alpha=0.05, alpha_worse=0.05, noise=None
    ) -> CheckResult:
        scores = {
            (case.digest, arm.digest, declared.metric): tuple(
                Score(
                    case.digest,
                    arm.digest,
                    declared.metric,
                    each,
                    "the engine died" if each is None else "said so",
                    repeat,
                )
                for repeat, each in enumerate(value if isinstance(value, tuple) else (value,))
            )
            for arm, values in ((CANDIDATE, candidate), (BASELINE, reference or []))
            for case, value in zip(declared.cases, values, strict=False)
            if value != "absent"
        }
        against = BASELINE if reference else None
        return measure(declared, CANDIDATE, against, scores, alpha, alpha_worse, noise)

    return run
