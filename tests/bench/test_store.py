"""``loragate bench store`` on a few cases: what it reports, and that it measured."""

from __future__ import annotations

from harness.bench.store import _longest_wait, rows


def test_a_tiny_run_has_every_row() -> None:
    """Two runs of thirty cases, one round; tools that are not installed say so."""
    found = {row.name: row for row in rows(360, 30, 1, 10)}
    rate = found["rows taken in a second"]
    assert (rate.value is not None, rate.target) == (True, "≥ 300,000")
    wait = found["longest time between two answers to a reader while they are taken in"]
    assert wait.value is not None
    assert wait.value > 0
    compared = found["two runs compared, of 0.00036 million scores"]
    assert (compared.met, compared.target) == (True, "< 1")
    assert found["the trend, of 0.00036 million scores"].met is True
    assert found["0.00036 million scores taken in"].note == "430 rows of 2 runs"
    rivals = [row for name, row in found.items() if "keeps" in name]
    assert [row.value for row in rivals] == [None, None]
    assert all("is not installed here" in row.note for row in rivals)


def test_the_longest_wait_is_the_largest_gap() -> None:
    """A reader that never got in twice was kept out for good."""
    assert _longest_wait([1.0, 1.25, 3.0, 3.5]) == 1.75
    assert _longest_wait([1.0]) == float("inf")
