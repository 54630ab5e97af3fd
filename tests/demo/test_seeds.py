"""Judging the recipe: what is counted, what is promised, and going on after a cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.demo.seeds import ATTEMPTS, FRESH, judge
from harness.types import BenchRow


def figures(v2: str = "PROMOTE", deluge: str = "REJECT", invented: float = 0.2) -> dict[str, Any]:
    verdicts = {"contracts-v2": v2, "contracts-deluge": deluge}
    grounded = {"contracts-v1": 0.9, "contracts-v2": 0.99, "contracts-deluge": 1 - invented}
    return {
        "verdicts": dict.fromkeys(ATTEMPTS, verdicts),
        "levels": {"contracts/clauses extract grounded": grounded},
    }


def judged(folder: Path, records: list[dict[str, Any]]) -> dict[str, BenchRow]:
    """Records that are there already are not judged again, so nothing is trained here."""
    for seed, record in enumerate(records):
        (folder / f"{seed}.json").write_text(json.dumps(record), encoding="utf-8")
    rows = judge(range(len(records)), suites=Path("none"), out=folder)
    return {row.name: row for row in rows}


@pytest.mark.parametrize(("told", "met"), [(18, True), (17, False)])
def test_eighteen_of_twenty_are_promised(told: int, met: bool, tmp_path: Path) -> None:
    """Not one less, at each attempt and for both candidates together."""
    records = [figures()] * told + [figures(v2="INCONCLUSIVE")] * (20 - told)
    rows = judged(tmp_path, records)
    for attempt in ATTEMPTS:
        row = rows[f"both ({attempt})"]
        assert (row.value, row.target, row.met) == (told, ">= 18", met)
        assert rows[f"contracts-deluge rejected beside it ({attempt})"].met is True


def test_the_two_candidates_must_tell_the_story_on_the_same_seed(tmp_path: Path) -> None:
    """Two halves of the story on different seeds are no whole one."""
    records = [figures(v2="REJECT")] * 2 + [figures(deluge="PROMOTE")] * 2 + [figures()] * 16
    rows = judged(tmp_path, records)
    assert rows["contracts-v2 promoted as first attempt"].met is True
    assert rows["contracts-deluge rejected beside it (first)"].met is True
    assert rows["both (first)"].met is False


def test_what_deluge_invents_is_promised_against_v2_only(tmp_path: Path) -> None:
    """Against v1 it is a fact, whatever it is."""
    rows = judged(tmp_path, [figures(invented=0.05)] * 20)
    assert rows["contracts-deluge invents more than contracts-v2"].met is True
    against_v1 = rows["contracts-deluge invents more than contracts-v1"]
    assert (against_v1.value, against_v1.target, against_v1.met) == (0, None, None)


def test_the_record_keeps_every_seed(tmp_path: Path) -> None:
    """Rows and the figures behind them."""
    judged(tmp_path, [figures()] * 2)
    record = json.loads((tmp_path / "seeds.json").read_text("utf-8"))
    assert len(record["seeds"]) == 2
    assert {row["name"] for row in record["rows"]} >= {"both (first)"}


def test_fresh_seeds_are_twenty_and_took_no_part_in_tuning() -> None:
    """Tuning used seeds below ten."""
    assert len(set(FRESH)) == 20
    assert min(FRESH) > 9
