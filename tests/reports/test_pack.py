"""What the page carries, unpacked again by the standard library."""

from __future__ import annotations

import base64
import gzip
import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reports import build_report
from harness.reports.model import State, TaskRows
from harness.reports.pack import LONGEST, MOVED, packed

CASES = 12


def _unpacked(text):
    return gzip.decompress(base64.b64decode(text)).decode()


def _texts(pack):
    """Lengths and texts as the page cuts them: in UTF-16 units, a line break after each."""
    head, _, rest = _unpacked(pack.texts).partition("\n")
    units = rest.encode("utf-16-le")
    found, start = [], 0
    for length in json.loads(head):
        end = start + 2 * max(length, 0)
        found.append(None if length < 0 else units[start:end].decode("utf-16-le"))
        assert units[end : end + 2] == b"\n\0"
        start = end + 2
    assert start == len(units)
    return found


@pytest.fixture(scope="module")
def report(synthetic_record):
    return synthetic_record


@pytest.fixture(scope="module")
def synthetic_record(record, synthetic):
    return build_report(synthetic.mutated(synthetic.furnished(record("contracts-deluge"))))


def _task(texts, states=()):
    """A task whose prompts are ``texts``, and two arms that say the same."""
    n = len(texts)
    return TaskRows(
        suite="s",
        task="t",
        scorers=("accuracy",),
        samples=[f"c{at}" for at in range(n)],
        origins=["data"] * n,
        slices={"a": [str(at % 2) for at in range(n)]},
        prompts=texts,
        targets=[None] * n,
        answers=[texts, [None] * n],
        notes=[[""] * n, ["failed"] * n],
        scores=[[[1.0] * n], [[1 / 3] * n]],
        states={"v2": list(states) or [State.SAME] * n},
        against={"v2": 0},
    )


def test_all_texts_come_back_whole(report):
    """Prompt, target, and answer and note of every arm, in the order of the rows."""
    expected = []
    for task in report.rows:
        for at in range(len(task.samples)):
            expected += [task.prompts[at], task.targets[at]]
            for answers, notes in zip(task.answers, task.notes, strict=True):
                expected += [answers[at], notes[at]]
    pack = packed(report)
    assert _texts(pack) == expected
    assert (pack.limit, pack.cut) == (LONGEST, 0)
    assert pack.rows == sum(len(task.samples) for task in report.rows)


def test_the_index_names_every_value(report):
    """Codes lead to the slices and origins, states to their names, scores to three digits."""
    index = json.loads(_unpacked(packed(report).index))
    assert [arm["name"] for arm in index["arms"]] == [arm.name for arm in report.arms]
    for found, task in zip(index["tasks"], report.rows, strict=True):
        assert found["samples"] == task.samples
        origin = found["origin"]
        assert [origin["values"][code] for code in origin["codes"]] == task.origins
        for column in found["slices"]:
            values = [column["values"][code] for code in column["codes"]]
            assert values == task.slices[column["name"]]
        for name, codes in found["states"].items():
            assert [index["states"][code] for code in codes] == task.states[name]
        assert found["scores"] == task.scores
    one = replace(report, rows=(_task(["x"] * 3),), arms=report.arms[:2])
    (task,) = json.loads(_unpacked(packed(one).index))["tasks"]
    assert task["scores"] == [[[1, 1, 1]], [[0.333, 0.333, 0.333]]]


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=40), max_size=6))
def test_any_text_survives(report, texts):
    """Astral characters count twice as JavaScript has it; lone surrogates become U+FFFD."""
    pack = packed(replace(report, rows=(_task(texts),), arms=report.arms[:2]))
    carried = [t.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for t in texts]
    assert _texts(pack) == [
        each for text in carried for each in (text, None, text, "", None, "failed")
    ]


def test_texts_are_cut_until_they_fit(report):
    """Those of unchanged cases; a case that was lost, won or not measured keeps four thousand."""
    texts = ["x" * 10_000 + "end"] * 4
    states = [State.SAME, State.LOST, State.WON, State.NONE]
    one = replace(report, rows=(_task(texts, states),), arms=report.arms[:2])
    notes = 4 * len("failed")
    pack = packed(one, characters=2 * (3 * MOVED + 600) + notes)
    assert (pack.limit, pack.cut) == (600, 8)
    same, lost = _texts(pack)[0], _texts(pack)[6]
    assert same == "x" * 450 + " … 9,403 more characters … " + "x" * 147 + "end"
    assert lost.startswith("x" * 3000 + " … 6,003 more")
    assert packed(one, characters=2 * 4 * 5000 + notes).limit == 5000


@given(st.integers(2_000, 40_000))
def test_packed_texts_stay_below_their_size(report, size):
    """As long as unchanged cases have something to give."""
    seed = random.Random(size)
    texts = ["".join(seed.choices("abcdefgh", k=2_000)) for _ in range(20)]
    pack = packed(replace(report, rows=(_task(texts),), arms=report.arms[:2]), size=size)
    assert len(pack.texts) <= size or pack.limit == 0
    if size > 12_000:
        assert pack.limit > 0
        assert len(pack.texts) > 0.6 * min(size, 20_000)


def test_unchanged_cases_go_without_texts_where_nothing_else_fits(report):
    texts = ["y" * 100] * CASES
    states = [State.LOST] + [State.SAME] * (CASES - 1)
    one = replace(report, rows=(_task(texts, states),), arms=report.arms[:2])
    pack = packed(one, size=10)
    assert pack.limit == 0
    assert _texts(pack) == [texts[0], None, texts[0], "", None, "failed"] + [None] * 6 * (CASES - 1)


def test_the_same_report_packs_to_the_same_bytes(report):
    assert packed(report) == packed(report)
