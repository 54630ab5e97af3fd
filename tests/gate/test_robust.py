"""Mutated texts beside the clean ones: what counts in a check, and what describes an arm."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from harness.gate.check import measure
from harness.gate.counted import Beside, counted
from harness.gate.robust import robustness
from harness.types import Relation, Role, Score, Verdict

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40)
TYPOS = SimpleNamespace(
    kind="typos", mutator=SimpleNamespace(relation=Relation.INVARIANT, spot_check=0.05)
)


@pytest.fixture
def mutated(declare):
    """A declared mutation of n samples: its cases with their clean ones."""

    def make(n, **changes):
        clean = declare(n).cases
        cases = tuple(
            replace(case, digest=f"mutated-{i}", mutation="typos", parent=case.digest)
            for i, case in enumerate(clean)
        )
        return declare(n, cases=cases, seeds=clean, mutation="typos", **changes)

    return make


def _table(declared, arm, pairs):
    """Clean and mutated scores of one arm."""
    table = {}
    for case, (clean, score) in zip(declared.cases, pairs, strict=True):
        for digest, value in ((case.parent, clean), (case.digest, score)):
            key = (digest, arm.digest, "accuracy")
            table[key] = [Score(*key, value, "why" if value is None else "")]
    return table


def test_robustness_is_of_what_was_right_before(mutated, arms):
    """Three clean answers are right; two of them stay so."""
    declared, arm = mutated(4), arms[2]
    pairs = [(1.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    found = robustness(declared, TYPOS, arm, _table(declared, arm, pairs), 0.05)
    assert (found.n, found.seeds, found.robustness) == (4, 3, pytest.approx(2 / 3))
    assert (found.clean, found.mutated, found.delta) == (0.75, 0.75, 0.0)
    assert found.low < 0 < found.high


def test_where_nothing_was_right_there_is_no_robustness(mutated, arms):
    declared = mutated(3)
    pairs = [(0.0, 1.0)] * 3
    found = robustness(declared, TYPOS, arms[2], _table(declared, arms[2], pairs), 0.05)
    assert (found.seeds, found.robustness) == (0, None)


def test_a_missing_score_leaves_it_unknown(mutated, arms):
    declared = mutated(3)
    pairs = [(1.0, 1.0), (None, 1.0), (1.0, 1.0)]
    table = _table(declared, arms[2], pairs)
    assert robustness(declared, TYPOS, arms[2], table, 0.05) is None


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pairs=SCORES)
def test_the_change_is_the_mean_of_paired_differences(declare, arms, pairs):
    clean = declare(len(pairs)).cases
    cases = tuple(replace(c, digest=f"m-{c.digest}", parent=c.digest) for c in clean)
    declared = declare(cases=cases, seeds=clean, mutation="typos")
    found = robustness(declared, TYPOS, arms[2], _table(declared, arms[2], pairs), 0.05)
    expected = DescrStatsW([score - clean for clean, score in pairs]).mean
    assert found.delta == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("clean", "score", "tolerance", "counts"),
    [(0.9, 0.8, 0.1, 1.0), (0.9, 0.79, 0.1, 0.0), (0.5, 0.5, 0.0, 1.0), (0.2, 0.9, 0.0, 1.0),
     (0.5, 0.49, 0.0, 0.0), (1.0, 0.0, None, 0.0), (0.0, 1.0, None, 1.0), (0.4, 0.4, None, 0.5)],
)  # fmt: skip
def test_how_a_score_counts_beside_the_clean_one(mutated, arms, clean, score, tolerance, counts):
    declared = mutated(1, beside=Beside(tolerance))
    table = _table(declared, arms[2], [(clean, score)])
    case, how = declared.cases[0], declared.reduce
    found = counted(case, arms[2], "accuracy", table, how, declared.beside)
    assert found == pytest.approx(counts)


def test_a_drop_is_told_in_points_of_the_score(mutated, arms):
    """The candidate falls by one in ten of 200 cases, the baseline by none."""
    declared = mutated(200, beside=Beside(), limit=0.05)
    _, baseline, candidate = arms
    table = _table(declared, baseline, [(1.0, 1.0)] * 200)
    table |= _table(declared, candidate, [(1.0, 0.0)] * 20 + [(1.0, 1.0)] * 180)
    found = measure(declared, candidate, baseline, table, 0.05, 0.05)
    assert found.estimate == pytest.approx(-0.1)
    assert (found.candidate_value, found.reference_value) == pytest.approx((-0.1, 0.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.p_worse < 1e-3
    assert found.against is Role.BASELINE


def test_a_missing_clean_score_is_named(mutated, arms):
    declared = mutated(2, beside=Beside(0.1))
    table = _table(declared, arms[1], [(1.0, 1.0)] * 2)
    table |= _table(declared, arms[2], [(1.0, 1.0), (None, 1.0)])
    found = measure(declared, arms[2], arms[1], table, 0.05, 0.05)
    assert found.verdict is Verdict.NOT_MEASURED
    assert "row-1 with v2: why" in found.reason
