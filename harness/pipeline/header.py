"""The header of a run: what was asked for, and by which versions it was answered."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from harness.engine.numerics import numerics_class
from harness.registry import ENGINES
from harness.suite.policy import Policy
from harness.types import Arm, Run

from .settings import Settings
from .suites import GatedSuite

_PACKAGES = ("torch", "transformers", "peft", "tokenizers", "triton", "numpy", "scipy", "duckdb")


def numerics(settings: Settings, arms: Iterable[Arm]) -> dict[str, str]:
    """By executor, the numerics class under which these arms' outputs are kept."""
    told = getattr(ENGINES.load(settings.engine), "numerics", numerics_class)
    return {
        executor: f"engine={settings.engine} {told(settings.options, executor)}"
        for executor in {arm.executor for arm in arms}
    }


def make_header(
    settings: Settings,
    policy: Policy,
    suites: Sequence[GatedSuite],
    classes: Mapping[str, str],
    twice: bool,
) -> Run:
    """A new run, starting now. Names what was asked for, never the environment wholesale."""
    now = datetime.now(UTC)
    return Run(
        id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started=now.isoformat(timespec="seconds"),
        version=_version("loragate"),
        numerics="; ".join(sorted(set(classes.values()))),
        policy=policy.digest,
        suites={gated.suite.name: gated.suite.digest for gated in suites},
        settings={
            "base_model": str(settings.base_model),
            "baseline": settings.baseline.name,
            "candidates": [named.name for named in settings.candidates],
            "engine": settings.engine,
            "rehearsal": getattr(ENGINES.load(settings.engine), "rehearses", False),
            "aa": twice,
            "policy": policy.model_dump(mode="json"),
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in _PACKAGES},
        },
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
