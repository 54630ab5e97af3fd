"""Taking texts out of the record while the record stays.

Prompts, rows, targets, answers, and the reasons that quote them go; digests, scores, verdicts and
numbers stay, so decisions can be read and attempts are counted as before. A journal is written
anew and takes its own place; then the history is built anew, so no page of the old file is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.store.connect import DATABASE, WAIT
from harness.store.ingest import ingest
from harness.store.journal import FOOTER, SUFFIX, JournalWriter, read_journal, scan, sync_directory
from harness.store.lock import is_locked
from harness.store.migrate import reading
from harness.suite.digest import digest
from harness.types import PURGED, Case, CheckResult, GateDecision, Kind, Output, Score

_OF_CASES = """
WITH chosen AS (
  SELECT DISTINCT digest FROM data.cases
  WHERE digest IN (SELECT unnest($cases::VARCHAR[]))
    OR sample IN (SELECT unnest($cases::VARCHAR[]))
), meant AS (
  FROM chosen UNION SELECT digest FROM data.cases WHERE parent IN (FROM chosen)
), asked AS (
  SELECT run, "case", key FROM data.answers WHERE "case" IN (FROM meant)
)
SELECT run, digest, NULL FROM data.cases WHERE digest IN (FROM meant)
UNION SELECT run, NULL, key FROM data.outputs WHERE key IN (SELECT key FROM asked)
UNION SELECT run, NULL, key FROM data.outputs
WHERE run IN (SELECT run FROM asked) AND key NOT IN (SELECT key FROM data.answers)
"""
"""Run, case digest, key of an output: mutated cases with theirs, and what judges wrote of any."""

_WITH_TEXT = """
SELECT DISTINCT run FROM data.runs
JOIN data.ends USING (run) JOIN data.cases c USING (run)
WHERE coalesce(c.purged, '') = '' AND data.runs.started <= ?
ORDER BY run
"""


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What one purge did."""

    runs: Mapping[str, int]
    """Run id → records that were changed."""
    busy: tuple[str, ...]
    """Runs that are going on: their texts are still there."""

    def __str__(self) -> str:
        done = [
            f"{run}: {count} records without their text now" for run, count in self.runs.items()
        ]
        wait = [f"{run}: is going on; purge again when it has ended" for run in self.busy]
        return "\n".join([*done, *wait]) or "nothing to purge"


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What to purge of one run; ``whole``: everything."""

    whole: bool = False
    cases: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)


def purge(
    store: Path, *, runs: Collection[str] = (), cases: Collection[str] = (), wait: float = WAIT
) -> PurgeReport:
    """Purge the texts of whole runs, and of cases (by digest or sample) in every run.

    A killed purge is finished by the next. Raises StoreError for a run or case that is not known,
    for a damaged journal, and where a journal was moved away: the history that is built anew
    would have lost it.
    """
    chosen = _chosen(store, runs, cases, wait)
    paths = {run: store / "runs" / f"{run}{SUFFIX}" for run in sorted(chosen)}
    changed: dict[str, int] = {}
    busy = tuple(run for run, path in paths.items() if is_locked(path))
    for run, path in paths.items():
        if run not in busy and (count := _rewrite(path, chosen[run])):
            changed[run] = count
    ingest(store, anew=True, wait=wait)
    return PurgeReport(changed, busy)


def with_text(store: Path, before: str, *, wait: float = WAIT) -> list[str]:
    """Finished runs that began before a time (ISO 8601) and have texts."""
    with reading(store / DATABASE, wait=wait) as connection:
        return [run for (run,) in connection.execute(_WITH_TEXT, [before]).fetchall()]


def _chosen(
    store: Path, runs: Collection[str], cases: Collection[str], wait: float
) -> dict[str, _Chosen]:
    with reading(store / DATABASE, wait=wait) as connection:
        known = [run for (run,) in connection.execute("SELECT run FROM data.runs").fetchall()]
        of_cases = connection.execute(_OF_CASES, {"cases": list(cases)}).fetchall()
    if unknown := sorted(set(runs) - set(known)):
        raise StoreError(f"{store}: no run {unknown[0]!r} in this store")
    if moved := [run for run in known if not (store / "runs" / f"{run}{SUFFIX}").exists()]:
        raise StoreError(
            f"{store}: the journal of run {moved[0]} was moved away: put it back, a purge builds "
            "the history anew from the journals and would lose it"
        )
    if cases and not of_cases:
        raise StoreError(f"{store}: no case {', '.join(map(repr, cases))} in this store")
    chosen = {run: _Chosen(whole=True) for run in runs}
    for run, case, key in of_cases:
        of_run = chosen.setdefault(run, _Chosen())
        (of_run.outputs if case is None else of_run.cases).add(case or key)
    return chosen


def _rewrite(path: Path, chosen: _Chosen) -> int:
    """Write a journal without the texts into its own place; returns how many records changed."""
    copy = path.parent / "purging" / path.name
    copy.parent.mkdir(exist_ok=True)
    copy.unlink(missing_ok=True)
    changed = 0
    purger = _Purger(chosen)
    with JournalWriter(copy) as writer:
        for kind, records in groupby(read_journal(path), key=attrgetter("kind")):
            values = [one.value for one in records]
            purged = [purger.purged(value) for value in values]
            changed += sum(a is not b for a, b in zip(values, purged, strict=True))
            writer.append(kind, purged)
        if any(line.kind == FOOTER for line in scan(path)):
            writer.finish()
    if changed:
        copy.replace(path)
        sync_directory(path.parent)
    copy.unlink(missing_ok=True)
    copy.parent.rmdir()
    return changed


class _Purger:
    """Purges the records of one run, in their order: a check's reason stands in a decision too."""

    def __init__(self, chosen: _Chosen) -> None:
        self._chosen = chosen
        self._items: set[tuple[str, str, str]] = set()
        """Suite, task and sample of the cases."""
        self._quoted: list[str] = []
        """Reasons that were purged."""

    def purged(self, record: Any) -> Any:
        """The record without texts; itself, where it has none of them."""
        whole = self._chosen.whole
        match record:
            case Case() if whole or record.digest in self._chosen.cases:
                self._items.add((record.suite, record.task, record.sample))
                return record if record.purged else _without_text(record)
            case Output(text=str()) if whole or record.key in self._chosen.outputs:
                text = record.text or ""
                hashed = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
                return replace(record, text=None, purged=hashed)
            case Score() if whole or record.case in self._chosen.cases:
                reason = PURGED if record.reason else ""
                if (record.reason, record.answer) != (reason, ""):
                    return replace(record, reason=reason, answer="")
            case CheckResult(kind=Kind.CASE, reason=reason) if reason not in ("", PURGED):
                if (record.suite, record.task, record.name) in self._items:
                    self._quoted.append(reason)
                    return replace(record, reason=PURGED)
            case GateDecision():
                reasons = tuple(map(self._unquoted, record.reasons))
                notes = tuple(map(self._unquoted, record.notes))
                if (reasons, notes) != (record.reasons, record.notes):
                    return replace(record, reasons=reasons, notes=notes)
        return record

    def _unquoted(self, text: str) -> str:
        for reason in self._quoted:
            text = text.replace(reason, PURGED)
        return text


def _without_text(case: Case) -> Case:
    return replace(
        case,
        prompt=PURGED,
        choices=(),
        target=None,
        fields={},
        expect=(),
        messages=(),
        tools=(),
        shots=(),
        unconditional=None,
        purged=digest(case.fields),
    )
