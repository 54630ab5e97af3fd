"""The store: a journal per run is the truth, ``history.duckdb`` is what everyone queries.

The only package with SQL. Start with ``harness.store.store.Store``; the table of record kinds
is in ``records``, the public views are in ``migrations`` and explained in ``docs/history.md``.
"""
