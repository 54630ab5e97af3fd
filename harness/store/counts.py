"""Does a history hold as many rows as it says it took? Quick, and without the journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.store.records import KINDS, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS = " UNION ALL ".join(f"SELECT run, seq FROM {table(kind)}" for kind in KINDS)

_MISCOUNTED = f"""
WITH taken AS (SELECT run, sum(records) AS records FROM data.ingestions GROUP BY run),
kept AS (SELECT run, count(*) AS rows, count(DISTINCT seq) AS lines FROM ({_ROWS}) GROUP BY run)
SELECT
  coalesce(taken.run, kept.run), coalesce(records, 0), coalesce(rows, 0), coalesce(lines, 0)
FROM taken FULL JOIN kept ON taken.run = kept.run
WHERE records IS DISTINCT FROM rows OR rows IS DISTINCT FROM lines
ORDER BY 1
"""


def miscounts(connection: DuckDBPyConnection) -> list[str]:
    """A sentence for each run whose rows are not those that were taken; quick."""
    return [
        f"run {run}: {records} records were taken, {rows} rows of {lines} lines are there"
        for run, records, rows, lines in connection.execute(_MISCOUNTED).fetchall()
    ]
