"""The store directory as a gate uses it: journals, and the history made of them.

<store>/runs/<run id>.jsonl     the truth, one file per run
<store>/history.duckdb          what everyone queries, rebuildable
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from harness.errors import StoreError
from harness.store.ingest import IngestReport, ingest
from harness.store.journal import SUFFIX, JournalWriter
from harness.store.lock import alone
from harness.store.past import Past
from harness.store.purge import PurgeReport, purge, with_text
from harness.store.verify import verify
from harness.types import Run

DECIDING = "deciding.lock"
_PATIENCE = 60.0
"""Seconds to wait for the decision of another run: it takes in journals and writes its own."""
_BUSY = (
    "another run is recording its decision, and did not finish in time; run the gate again "
    "(its outputs are kept)"
)


class Store(Past):
    """A history that is also written. ``History`` and ``Past`` are the questions it answers."""

    def journal(self, run: Run) -> JournalWriter:
        """Begin the journal of a run; its header is on the disk when this returns."""
        writer = JournalWriter(self.path / "runs" / f"{run.id}{SUFFIX}")
        writer.append("run", [run])
        writer.sync()
        return writer

    def later_run(self, run: str) -> str | None:
        """The latest run whose id sorts after this one's: it began later, by the clock."""
        ids = (path.stem for path in (self.path / "runs").glob(f"*{SUFFIX}"))
        return max((one for one in ids if one > run), default=None)

    def deciding(self, wait: float = _PATIENCE) -> AbstractContextManager[None]:
        """The moment of decision: one run at a time, so that no two take the same attempt.

        Raises StoreError if another run is still at it after ``wait`` seconds.
        """
        return alone(self.path / DECIDING, wait, _BUSY)

    def recover(self, but: str = "") -> IngestReport:
        """Take in what other runs left, finished or cut short; ``but`` is the run that asks.

        For a gate's beginning and decision: a damaged journal is reported, and does not stop it.
        """
        return ingest(self.path, wait=self.wait, but=but)

    def ingest(self) -> IngestReport:
        """Take in what is new; raises StoreError, after the others, if a journal is damaged."""
        report = self.recover()
        if report.damaged:
            raise StoreError("\n".join(report.damaged))
        return report

    def purge(self, *, runs: Collection[str] = (), cases: Collection[str] = ()) -> PurgeReport:
        """Take texts out of the record, which stays; see ``store.purge``."""
        return purge(self.path, runs=runs, cases=cases, wait=self.wait)

    def expire(self, days: int, now: datetime) -> PurgeReport:
        """Purge the texts of the finished runs that began so many days ago, or earlier.

        ``now`` is in UTC.
        """
        before = (now - timedelta(days=days)).isoformat(timespec="seconds")
        runs = with_text(self.path, before, wait=self.wait) if self.begun else []
        return self.purge(runs=runs) if runs else PurgeReport({}, ())

    def verify(self) -> tuple[str, ...]:
        """A sentence for everything wrong between journals and history; empty if nothing."""
        return verify(self.path, wait=self.wait)

    def rebuild(self) -> IngestReport:
        """Make the history anew from the journals and put it in the place of the old one.

        Raises StoreError, and leaves the old one, if a journal is damaged. A run whose journal
        was moved away is in the new history no more.
        """
        return ingest(self.path, anew=True, wait=self.wait)
