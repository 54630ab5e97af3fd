"""Whatever stops a gate: nothing finished is lost or doubled, and the report is the same.

Twenty moments of ``kill -9`` here; ``make crashes`` takes two hundred.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from crashing import PHASES, Gates, run_id

from harness.reports import build_report, write_report
from harness.store.journal import FOOTER

OLD = Path(__file__).parents[1] / "store/histories/schema-4"
"""The store that the gates find: an old one, so that they have to migrate it."""
ITEMS = 60
REPORT = ("report.html", "report.json", "report.md")


@pytest.fixture
def gates(
    project, pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gates]:
    """Gates of the little project."""
    project.items(ITEMS)
    template, folder = (tmp_path_factory.mktemp("gates") / name for name in ("new", "gated"))
    shutil.copytree(pytester.path, template)
    shutil.copytree(OLD / "runs", template / ".loragate/runs")
    packed = (OLD / "history.duckdb.gz").read_bytes()
    (template / ".loragate/history.duckdb").write_bytes(gzip.decompress(packed))
    found = Gates(template, folder)
    found.anew()
    yield found
    found.close()


def _files(gates: Gates) -> list[bytes]:
    return [(gates.folder / "build" / name).read_bytes() for name in REPORT]


def test_a_killed_gate_goes_on_where_it_was(gates: Gates, pytestconfig: pytest.Config):
    """Moments are drawn from every phase in turn, over the time that the phase takes."""
    undisturbed = {}
    for number in (1, 2):
        gates.anew()
        assert gates.run(number) == [0], gates.said(number)
        undisturbed[number] = _files(gates)
    outputs, keys = gates.computed()
    assert outputs == keys
    took = json.loads((gates.folder / "took").read_text("utf-8"))
    assert set(took) == set(PHASES)
    seed, moments = random.Random(7), pytestconfig.getoption("--crashes")
    ended: list[str] = []
    for moment in range(moments):
        phase = list(PHASES)[moment % len(PHASES)]
        gates.anew()
        (status,) = gates.run(1, phase=phase, after=seed.random() * took[phase])
        assert status in (-signal.SIGKILL, 0), gates.said(1)
        if status:
            ended.append(phase)
        number = _goes_on(gates, outputs)
        assert _files(gates) == undisturbed[number], f"{phase}, moment {moment}"
    assert set(ended) == set(PHASES)
    assert len(ended) > 0.8 * moments


def _goes_on(gates: Gates, outputs: int) -> int:
    """Resume as a user would, and return the number of the run that was reported.

    ``outputs``: how many a gate computes that nothing disturbs.
    """
    acknowledged = gates.noted("acknowledged")
    assert len(set(acknowledged)) == len(acknowledged)
    kinds = gates.kinds(1)
    assert kinds.count("output") >= len(acknowledged)
    if FOOTER in kinds:  # decided and recorded: only the report may be missing
        gates.store.recover()
        report = build_report(gates.store.load_run(run_id(1)))
        write_report(report, gates.folder / "build")
        number = 1
    else:
        assert gates.run(2) == [0], gates.said(2)
        assert not set(gates.noted("asked")) & set(acknowledged)
        number = 2
    gates.store.recover()
    assert gates.store.verify() == ()
    assert gates.computed() == (outputs, outputs)
    return number


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_full_disk_is_a_sentence_and_the_next_gate_goes_on(gates: Gates, share: float):
    """No file can grow beyond a part of the journal that the gate needs."""
    assert gates.run(2) == [0]
    journal = gates.store.path / "runs" / f"{run_id(2)}.jsonl"
    room, outputs = int(share * journal.stat().st_size), gates.computed()
    gates.anew()
    gates.store.latest_run()  # brings the history up to date, for which there is no room later
    (status,) = gates.run(1, room=room)
    assert status in (1, 4), gates.said(1)
    assert "the journal cannot be written: File too large" in gates.said(1)
    assert "Traceback" not in gates.said(1)
    acknowledged = gates.noted("acknowledged")
    assert gates.run(2) == [0], gates.said(2)
    assert not set(gates.noted("asked")) & set(acknowledged)
    assert gates.computed() == outputs
    assert gates.store.verify() == ()


def test_two_gates_at_once_decide_one_after_the_other(gates: Gates):
    """One takes the attempt; the other is told, has recorded what it found, and may ask again."""
    statuses = gates.run(1, 2)
    assert sorted(statuses) == [0, 1], gates.said(1) + gates.said(2)
    late = 1 + statuses.index(1)
    assert f"({run_id(3 - late)}) took attempt 1 while this one went on" in gates.said(late)
    assert gates.run(3) == [0]
    assert gates.noted("asked") == []
    assert gates.store.verify() == ()
    decided = "SELECT verdict, attempt FROM v1.decisions WHERE run > '202612' ORDER BY attempt, run"
    assert sorted(gates.store.sql(decided).rows, key=str) == [
        ("INCOMPLETE", None), ("PROMOTE", 1), ("PROMOTE", 1),
    ]  # fmt: skip


def test_a_clock_that_went_backwards_is_told(gates: Gates):
    """Runs are ordered by their time, so a later one may look like an earlier one."""
    assert gates.run(5) == [0]
    assert "the clock" not in gates.said(5)
    assert gates.run(3) == [0]
    assert f"the clock is behind: run {run_id(5)} of this store began later" in gates.said(3)
    assert gates.store.verify() == ()
