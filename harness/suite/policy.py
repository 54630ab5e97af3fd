"""The policy: what is true of every gate under one suite root."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.errors import SuiteError
from harness.types import Role

from .digest import digest
from .load import read
from .model import Listed, Name, Share, Strict, Text
from .schema import validated

POLICY_FILE = "policy.yaml"
DEFAULT_MARGIN = 0.03
Globs = Annotated[tuple[Text, ...], Listed]
"""Patterns of suite names, as of a shell: ``general/*``."""


class ServedJudge(Strict):
    """A judge behind an OpenAI-compatible server. What is at the other end can only be named."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s?#@]+$")]
    """Up to and including /v1; without credentials."""
    model: Text
    key_variable: Text | None = None
    """The environment variable that holds the key."""
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 8
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds of one attempt."""
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    max_requests: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Of all prompts and answers of one gate."""


class Policy(Strict):
    """A suite root's policy.yaml; each key has the default that holds where it is absent."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Of each one-sided claim."""
    margins: dict[Text, Share] = Field(default_factory=dict)
    """Suite glob → margin; ``default`` where none matches."""
    protected: Globs = ()
    """Suites that compare with base rather than with the baseline."""
    anchor: Text | None = None
    """A pinned release: adapter directory, release file, or digest of an adapter."""
    required_suites: Globs = ()
    tripwires: Globs = ()
    """Slices on which no loss may be proven: globs of slice names."""
    judges: dict[Name, ServedJudge] = Field(default_factory=dict)
    """Who may grade answers besides the gate's own arms."""
    allow_base_change: bool = False
    """Whether an arm may have another base model than the one in production."""

    def margin(self, suite: str) -> float:
        """The margin of a suite: the longest glob that matches, else the default."""
        globs = [glob for glob in self.margins if fnmatchcase(suite, glob)]
        if globs:
            return self.margins[max(globs, key=len)]
        return self.margins.get("default", DEFAULT_MARGIN)

    def against(self, suite: str) -> Role:
        """What the checks of a suite compare with, unless they say it themselves."""
        return Role.BASE if matches(suite, self.protected) else Role.BASELINE

    def missing(self, suites: Iterable[str]) -> tuple[str, ...]:
        """The required globs that none of the suites matches."""
        names = list(suites)
        return tuple(
            glob for glob in self.required_suites if not any(fnmatchcase(n, glob) for n in names)
        )

    @property
    def digest(self) -> str:
        """Identity of what the policy says; saying a default is saying nothing."""
        return digest(self.model_dump(mode="json", exclude_defaults=True))


def matches(suite: str, globs: Iterable[str]) -> bool:
    """Whether a suite's name matches one of the globs."""
    return any(fnmatchcase(suite, glob) for glob in globs)


def load_policy(root: Path) -> Policy:
    """The policy of a suite root; the default one where it has none."""
    path = root / POLICY_FILE
    if not path.exists():
        return Policy()
    document = read(path, str(path))
    if document.data is None and not document.problems:
        return Policy()
    policy, problems = validated(Policy, document.data, document)
    if policy is None or document.problems:
        raise SuiteError((*document.problems, *problems))
    return policy
