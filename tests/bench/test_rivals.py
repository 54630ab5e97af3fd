"""Other tools' rules: the figures of the design, and enumeration against brute force."""

from itertools import product

import numpy as np
import pytest

from harness.bench.gate.rivals import RIVALS, chance


@pytest.mark.parametrize("rule", RIVALS.values(), ids=RIVALS)
@pytest.mark.parametrize("difference", [-0.1, 0.0, 0.15])
def test_the_enumeration_agrees_with_going_through_every_data_set(rule, difference):
    """All 3⁷ sequences of seven rows, each with its own probability."""
    n, psi, expected = 7, 0.3, 0.0
    row = {1: (psi + difference) / 2, -1: (psi - difference) / 2, 0: 1 - psi}
    for rows in product(row, repeat=n):
        w, l = np.array([float(rows.count(1))]), np.array([float(rows.count(-1))])
        expected += bool(rule(w, l, n, 0.1)[0]) * np.prod([row[d] for d in rows])
    assert chance(rule, n, psi, difference, 0.1) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("delta ≥ −2pp", 0.38), ("one-sided exact McNemar not significant", 0.73)],
)
def test_a_truly_worse_adapter_is_promoted_as_often_as_the_design_says(name, expected):
    assert chance(RIVALS[name], 200, 0.12, -0.03, 0.03) == pytest.approx(expected, abs=0.005)


def test_a_rule_that_always_promotes_has_probability_one():
    always = chance(lambda w, l, n, margin: w >= 0, 300, 0.1, -0.02, 0.03)
    assert always == pytest.approx(1, abs=1e-10)


def test_the_wald_bound_is_proven_by_nothing_at_all():
    """No discordant pair: a standard error of 0, however few the cases."""
    zero = np.array([0.0])
    assert RIVALS["Wald bound above the margin"](zero, zero, 5, 0.01).all()


def test_a_population_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"need \|Δ\| ≤ ψ"):
        chance(RIVALS["delta ≥ 0"], 50, 0.02, -0.03, 0.03)
