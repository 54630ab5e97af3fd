"""Which failures pass, and how long to wait for that."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses that another attempt may not meet."""
FIRST = 0.5
"""Seconds, at most, before the second attempt; each further one may take twice as long."""
LONGEST = 60.0
"""Seconds; a server that wants more is not waited for longer."""


def pause(attempt: int, retry_after: str | None, jitter: float, now: datetime) -> float:
    """Seconds before the next attempt: exponential with full jitter, or what the server wants.

    ``attempt`` counts from 0, ``jitter`` is uniform in [0, 1). Source: M. Brooker, "Exponential
    Backoff and Jitter" (2015); ``Retry-After``: RFC 9110, 10.2.3.
    """
    drawn = jitter * min(LONGEST, FIRST * 2.0 ** min(attempt, 20))
    wanted = _wanted(retry_after, now)
    return drawn if wanted is None else min(LONGEST, wanted + drawn)


def _wanted(retry_after: str | None, now: datetime) -> float | None:
    """Seconds that a server asks to be left alone, from a number or a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - now).total_seconds())
