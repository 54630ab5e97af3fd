"""Where a server is, and how hard it may be asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Of ``[tool.loragate.endpoint]``, or of a judge of the policy."""

    url: str
    """Up to and including /v1, without credentials."""
    key_variable: str | None = None
    """The environment variable that holds the key."""
    base: str | None = None
    """The server's name for the base model; None: the one that ends in its digest."""
    concurrency: int = 8
    """Most requests in flight."""
    timeout: float = 60.0
    """Seconds of one attempt."""
    retries: int = 4
    """Attempts after the first."""
    max_requests: int | None = None
    """Attempts of one run, the repeated ones included."""
    max_tokens: int | None = None
    """Of all prompts and answers of one run."""
    seconds: float | None = None
    """Of the whole run."""
    tokens: bool = False
    """Whether the server takes prompts as token ids."""
    likelihoods: bool = False
    """Whether it tells the likelihoods of a prompt's tokens."""
