"""Retention and backward transfer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.forgetting import backward_transfer, retention, transfer_since

FIXTURE = [[0.9, 0.5, 0.4], [0.8, 0.9, 0.5], [0.7, 0.85, 0.9]]


def test_the_worked_example():
    """((.7 − .9) + (.85 − .9)) / 2, from the project's statistics."""
    assert backward_transfer(FIXTURE) == pytest.approx(-0.125)


@pytest.mark.parametrize("matrix", [[], [[0.9]]])
def test_before_the_second_release_nothing_can_be_forgotten(matrix):
    """An empty set has no mean, and none is 0."""
    assert backward_transfer(matrix) is None


def test_retention_is_the_share_of_what_the_base_could():
    assert retention(0.75, 0.5) == 1.5
    assert retention(0.0, 0.5) == 0.0
    assert retention(0.4, 0.0) is None


def test_skills_enter_with_different_releases():
    """Two at once, one later, one with the last release, one that is measured no more."""
    history = [
        {"law": 0.9, "chat": 0.8},
        {"law": 0.8, "chat": 0.8, "code": 0.6, "poems": 0.5},
        {"law": 0.7, "chat": 0.85, "code": 0.9, "maths": 0.4},
    ]
    entered = {"law": 0, "chat": 0, "code": 1, "poems": 1, "maths": 2}
    assert transfer_since(history, entered) == pytest.approx((-0.2 + 0.05 + 0.3) / 3)
    assert transfer_since(history[:1], {"law": 0}) is None


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.floats(0, 1), min_size=n, max_size=n), min_size=n, max_size=n
        )
    )
)
def test_a_transfer_is_a_difference_of_shares_whatever_the_order_of_skills(matrix):
    """Within [−1, 1], and the sum over skills does not depend on how they are named."""
    found = backward_transfer(matrix)
    assert -1 <= found <= 1
    history = [{f"skill {j}": row[j] for j in reversed(range(len(row)))} for row in matrix]
    entered = {f"skill {j}": j for j in reversed(range(len(matrix)))}
    assert transfer_since(history, entered) == pytest.approx(found)
