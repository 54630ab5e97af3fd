"""What one run may ask of a server."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import EngineError

from .options import EndpointOptions


class EndpointError(EngineError):
    """A request to a server got no answer that counts."""


class BudgetSpent(EndpointError):
    """Nothing more may be asked; what was asked before is kept."""


class Budget:
    """Counts attempts, tokens and seconds of a run."""

    def __init__(self, options: EndpointOptions, clock: Callable[[], float]) -> None:
        self._options, self._clock = options, clock
        self._began = clock()
        self._attempts = self._tokens = 0

    def attempt(self) -> None:
        """Count one attempt; BudgetSpent where none is left."""
        options = self._options
        seconds = self._clock() - self._began
        for key, spent, limit in (
            ("max-requests", self._attempts, options.max_requests),
            ("max-tokens", self._tokens, options.max_tokens),
            ("seconds", int(seconds), options.seconds),
        ):
            if limit is not None and spent >= limit:
                raise BudgetSpent(
                    f"the budget of this run is spent: {spent} of {key} = {limit}; raise it and "
                    "run the gate again, which asks only for what is missing"
                )
        self._attempts += 1

    def spend(self, tokens: int) -> None:
        """Count the tokens of an answer and its prompt."""
        self._tokens += tokens
