"""Identity by content: one canonical form for everything that is hashed as text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 kept, no NaN.

    Raises ValueError for NaN or infinity, TypeError for what JSON has no word for.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value: Any) -> str:
    """SHA-256 (64 hexadecimal digits) of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def input_digest(fields: Mapping[str, Any]) -> str:
    """Identity of what a model is shown: the fields of a row that its prompt uses.

    Training rows and gate samples are compared by it, so a gate sample that was trained on
    is found whatever its id, target or file is.
    """
    return digest({"input": dict(fields)})
