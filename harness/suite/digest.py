"""Identity by content: one canonical form for everything that is hashed as text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

TELLING = 16
"""Characters of a text from which on it says which row it is of, as a label or number does not."""


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 kept, no NaN.

    Raises ValueError for NaN or infinity, TypeError for what JSON has no word for.
    """
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def digest(value: Any) -> str:
    """SHA-256 (64 hexadecimal digits) of a value's canonical JSON."""
    return _sha256(canonical_json(value))


def input_digest(fields: Mapping[str, Any]) -> str:
    """Identity of what a model is shown: the fields of a row that its prompt uses.

    Training rows and gate samples are compared by it, so a gate sample that was trained on
    is found whatever its id, target or file is.
    """
    return digest({"input": dict(fields)})


def part_digests(fields: Mapping[str, Any]) -> Iterator[str]:
    """``input_digest`` of each field of a row, and of each two, that hold a telling text.

    A prompt that reads a field more or less than training did is found by them.
    """
    telling = {name for name, value in fields.items() if _telling(value)}
    # Encoded once a field and not once a pair: a row of 20 long texts has 210 parts.
    encoded = {name: canonical_json({name: fields[name]})[1:-1] for name in sorted(fields)}
    for size in (1, 2):
        for names in combinations(encoded, size):
            if not telling.isdisjoint(names):
                text = ",".join(encoded[name] for name in names)
                yield _sha256(f'{{"input":{{{text}}}}}')


def _telling(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) >= TELLING
    if isinstance(value, Mapping):
        return any(map(_telling, value.values()))
    return isinstance(value, list) and any(map(_telling, value))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
