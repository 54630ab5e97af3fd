"""What a user can be told, as one tree of exceptions.

Every message names the place (file and line where there is one), what was found and what
would be right; none of these ever reaches a user as a traceback.

    LoragateError
    ├── UsageError          an argument or option is off: exit code 4
    ├── SuiteError          a suite, policy or data file is broken: exit code 2
    ├── AdapterError        an adapter or base directory cannot be trusted or read
    ├── EngineError         the model could not be run
    └── StoreError          the store is locked, damaged or of a newer version
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LoragateError(Exception):
    """Base of everything that is shown to a user as a sentence."""


class UsageError(LoragateError):
    """An argument or option is off."""


class AdapterError(LoragateError):
    """An adapter or base model directory cannot be trusted or read."""


class EngineError(LoragateError):
    """The model could not be run."""


class StoreError(LoragateError):
    """The store is locked, damaged or of a newer version."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one file; prints as ``path:line:column: message``, in one line."""

    path: str
    line: int | None
    column: int | None
    message: str

    def __str__(self) -> str:
        place = [self.path, *(str(n) for n in (self.line, self.column) if n is not None)]
        text = f"{':'.join(place)}: {self.message}"
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class SuiteError(LoragateError):
    """All problems of a suite, policy or data file at once, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
