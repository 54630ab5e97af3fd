"""How each skill moved from release to release, and the line that a candidate has to clear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.types import CheckResult, Claim, Kind, RunRecord

from .model import LevelRow, Trend, TrendPoint

if TYPE_CHECKING:
    from harness.store.past import Release


def trends(
    record: RunRecord, levels: Sequence[LevelRow], releases: Sequence[Release]
) -> Iterator[Trend]:
    """Of every measure that an earlier release has on the same content of the suite.

    The boundary is where the lower bound of a comparison has to be: the reference's level less the
    margin, or the floor; the highest of those that are required.
    """
    for row in levels:
        content = record.run.suites.get(row.suite, "")
        wanted = (row.suite, content, row.task, row.metric)
        points = tuple(
            TrendPoint(number, release.run, release.candidate, skill.score)
            for number, release in enumerate(releases, start=1)
            for skill in release.skills
            if (skill.suite, skill.content, skill.task, skill.scorer) == wanted
        )
        if points:
            boundary = _boundary(record.checks, row)
            now = _of_candidates(record, row)
            yield Trend(row.suite, row.task, row.metric, points, boundary, now)


def _boundary(checks: Sequence[CheckResult], row: LevelRow) -> float | None:
    limits = [
        limit
        for check in checks
        if check.required and check.kind is Kind.CHECK
        if (check.suite, check.task, check.metric) == (row.suite, row.task, row.metric)
        if (limit := _limit(check)) is not None
    ]
    return max(limits, default=None)


def _limit(check: CheckResult) -> float | None:
    if check.claim is Claim.MIN:
        return check.margin
    if check.claim is Claim.NOT_WORSE and check.reference_value is not None:
        return None if check.margin is None else check.reference_value - check.margin
    return None


def _of_candidates(record: RunRecord, row: LevelRow) -> Mapping[str, float]:
    names = {decision.candidate for decision in record.decisions}
    return {
        level.name: level.value
        for level in row.levels
        if level.name in names and level.value is not None
    }
