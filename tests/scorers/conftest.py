"""Cases and outputs without a suite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.types import Case, Kind, Output

MakeCase = Callable[..., Case]


@pytest.fixture(scope="session")
def make_case() -> MakeCase:
    """A case with a target, choices or a row."""

    def make(target: str | None = None, choices: tuple[str, ...] = (), **fields: Any) -> Case:
        return Case(
            digest="c", suite="s", task="t", sample="1", kind=Kind.CHECK, prompt="p",
            choices=choices, generation=None, target=target, cluster="1", slices={},
            fields=fields, input_digest="i",
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def said() -> Callable[[str], Output]:
    """An output that is this text."""
    return lambda text: Output("k", text=text)
