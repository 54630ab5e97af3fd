"""docs/history.md says what is there, and its queries run."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.store.store import Store
from harness.types import GateVerdict, RunRecord

TEXT = (Path(__file__).parents[2] / "docs" / "history.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture(scope="module")
def history(
    tmp_path_factory: pytest.TempPathFactory,
    record: RunRecord,
    again: RunRecord,
    journal: Callable[..., None],
) -> Store:
    store = Store(tmp_path_factory.mktemp("history"))
    journal(store, record)
    promoted = dataclasses.replace(record.decisions[0], verdict=GateVerdict.PROMOTE, attempt=2)
    journal(store, dataclasses.replace(again, decisions=(promoted,)))
    store.ingest()
    return store


@pytest.mark.parametrize("query", QUERIES)
def test_every_documented_query_answers(history: Store, query: str):
    """Each is run as it stands, on a small gate that has something to say to each."""
    assert history.sql(query).rows


def test_twenty_questions_are_answered():
    """As many as the heading says, besides the one that lists the columns."""
    assert len(QUERIES) - 1 >= 20


def test_the_table_of_views_is_complete(history: Store):
    """No public view is undocumented, none is documented that is not there."""
    documented = set(re.findall(r"^\| `v1\.(\w+)`", TEXT, flags=re.MULTILINE))
    rows = history.sql("SELECT view_name FROM duckdb_views() WHERE schema_name = 'v1'").rows
    assert documented == {name for (name,) in rows}
