"""Examples before a question: never the question itself, and the same whatever else is there."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.dataset import Sample
from harness.suite.fewshot import TRIED, Shots


def row(name: str, label: str = "a", cluster: str | None = None) -> Sample:
    """A row of the pool."""
    return Sample(name, cluster or name, {}, {"label": label}, 1)


def ids(samples: tuple[Sample, ...]) -> list[str]:
    """Their names, in order."""
    return [sample.id for sample in samples]


POOL = [row(f"s{number}", "abc"[number % 3]) for number in range(30)]

pools = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 8)), min_size=12, max_size=40
).map(lambda made: [row(f"s{i}", label, f"d{of}") for i, (label, of) in enumerate(made)])


@given(pools, st.integers(1, 3), st.integers(0, 99), st.randoms(use_true_random=False))
def test_properties(pool: list[Sample], n: int, seed: int, rng: random.Random) -> None:
    """Different rows, n of them, none of the sample's own cluster, whatever the pool's order."""
    largest = max(Counter(one.cluster for one in pool).values())
    if len(pool) - largest < n:
        with pytest.raises(ValueError, match="share a cluster"):
            Shots(pool, n, seed)
        return
    shuffled = rng.sample(pool, len(pool))
    shots, again = Shots(pool, n, seed), Shots(shuffled, n, seed)
    for sample in pool:
        found = shots.for_sample(sample)
        assert len(set(ids(found))) == n
        assert sample.cluster not in {one.cluster for one in found}
        assert ids(found) == ids(again.for_sample(sample))


def test_classes_take_turns() -> None:
    """Of six examples two are of each class, of seven one class has three."""
    for n, expected in ((6, [2, 2, 2]), (7, [3, 2, 2])):
        found = Shots(POOL, n, 1, "label").for_sample(row("new"))
        counts = Counter(one.fields["label"] for one in found)
        assert sorted(counts.values(), reverse=True) == expected


def test_a_class_that_runs_out_leaves_its_turns_to_the_others() -> None:
    """One row of class b, and five are wanted."""
    pool = [*(row(f"s{i}") for i in range(10)), row("only", "b")]
    found = Shots(pool, 5, 0, "label").for_sample(row("new"))
    assert Counter(one.fields["label"] for one in found) == {"a": 4, "b": 1}


def test_seed_and_sample_choose() -> None:
    """Other examples for another seed, and for another sample."""
    first = ids(Shots(POOL, 5, 0).for_sample(POOL[0]))
    assert first != ids(Shots(POOL, 5, 1).for_sample(POOL[0]))
    assert first != ids(Shots(POOL, 5, 0).for_sample(POOL[1]))


def test_every_row_of_a_large_pool_is_shown_about_as_often() -> None:
    """No row stands at the front of the pool for all."""
    pool = [row(f"s{number}") for number in range(20 * TRIED)]
    shots = Shots(pool, 4, 0)
    shown = Counter(name for one in pool for name in ids(shots.for_sample(one)))
    assert len(shown) > 0.8 * len(pool)
    assert max(shown.values()) < 40


def test_a_sample_amid_a_large_cluster_is_shown_others() -> None:
    """Rows beyond those that are tried first."""
    pool = [row(f"s{i}", cluster="big") for i in range(5 * TRIED)] + [row("x"), row("y")]
    assert sorted(ids(Shots(pool, 2, 0).for_sample(pool[0]))) == ["x", "y"]


def test_a_pool_that_is_too_small() -> None:
    """It says how many there are."""
    with pytest.raises(ValueError, match="3 examples of 3 rows, of which 1 share a cluster"):
        Shots(POOL[:3], 3, 0)


def test_a_field_that_is_missing() -> None:
    """The row, and what would be right."""
    with pytest.raises(ValueError, match=r"row 's.*' has no field 'lable'.*'label'"):
        Shots(POOL, 3, 0, "lable")
