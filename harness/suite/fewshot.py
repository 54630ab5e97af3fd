"""Solved examples for each sample: seeded, balanced, and never the sample itself.

Every row of the pool has a number that is made of the seed, the sample's id and its own id; the
lowest are shown. So what is shown depends neither on the order of the pool nor on other samples.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import nsmallest

from harness.registry import nearest

from .dataset import Sample

TRIED = 50
"""Rows of a large class that are drawn from for one sample: all of them would be slow."""


class Shots:
    """The pool, made ready for any number of samples."""

    def __init__(
        self, pool: Sequence[Sample], n: int, seed: int, balance: str | None = None
    ) -> None:
        """``balance`` is a field whose values take turns; ValueError where the pool is too small.

        A row is not shown to another one of its cluster, so at least n others must remain.
        """
        self._n, self._seed = n, seed
        self._classes: dict[str, list[Sample]] = defaultdict(list)
        clusters: dict[str, int] = defaultdict(int)
        for row in sorted(pool, key=lambda row: _number(str(seed), row.id)):
            if balance is not None and balance not in row.fields:
                hint = nearest(balance, row.fields)
                raise ValueError(f"row '{row.id}' has no field '{balance}' to balance by ({hint})")
            self._classes["" if balance is None else str(row.fields[balance])].append(row)
            clusters[row.cluster] += 1
        most = max(clusters.values(), default=0)
        if len(pool) - most < n:
            raise ValueError(
                f"{n} examples of {len(pool)} rows, of which {most} share a cluster and are not"
                " shown to each other"
            )

    def for_sample(self, sample: Sample) -> tuple[Sample, ...]:
        """N rows of other clusters and ids, the classes in turn."""
        queues = [self._drawn(rows, sample) for rows in self._classes.values()]
        order = sorted(
            range(len(queues)),
            key=lambda at: _number(str(self._seed), sample.id, list(self._classes)[at]),
        )
        found: list[Sample] = []
        while len(found) < self._n:
            before = len(found)
            for at in order:
                row = next(queues[at], None)
                if row is not None and len(found) < self._n:
                    found.append(row)
            if len(found) == before:  # a huge cluster: no row is left that may be shown
                raise ValueError(f"no more than {before} examples for sample '{sample.id}'")
        return tuple(found)

    def _drawn(self, rows: Sequence[Sample], sample: Sample) -> Iterator[Sample]:
        """The rows of a class in the sample's own order, from a window of its own."""
        start = int.from_bytes(_number(str(self._seed), sample.id)[:8]) % len(rows)
        count = max(TRIED, 4 * self._n)
        window = [rows[(start + step) % len(rows)] for step in range(min(count, len(rows)))]
        others = (row for row in window if row.id != sample.id and row.cluster != sample.cluster)
        drawn = nsmallest(count, others, key=lambda row: _number(self._salt(sample), row.id))
        yield from drawn
        for step in range(count, len(rows)):
            row = rows[(start + step) % len(rows)]
            if row.id != sample.id and row.cluster != sample.cluster:
                yield row

    def _salt(self, sample: Sample) -> str:
        return f"{self._seed}\0{sample.id}"


def _number(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
