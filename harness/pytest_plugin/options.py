"""The gate's command-line options; each overrides its key in ``[tool.loragate]``."""

from __future__ import annotations

import pytest

_VALUES = {
    "base-model": ("DIR", "base model directory, as transformers loads it"),
    "baseline": (
        "NAME=DIR",
        "adapter or release.yaml in production, or 'base' before the first release",
    ),
    "store": ("DIR", "where runs and their history are kept (default: .loragate)"),
    "report-dir": ("DIR", "where report.html, .json and .md are written (default: build)"),
    "engine": ("NAME", "what runs the models (default: torch)"),
}
KEYS = ("candidate", *_VALUES)


def add_options(parser: pytest.Parser) -> None:
    """Register them with pytest."""
    group = parser.getgroup("loragate", "release gate for LoRA adapters")
    group.addoption(
        "--candidate",
        action="append",
        metavar="NAME=DIR",
        help="adapter or release.yaml that wants to be released, or 'base'; repeatable",
    )
    for key, (metavar, text) in _VALUES.items():
        group.addoption(f"--{key}", metavar=metavar, help=text)
    group.addoption(
        "--aa",
        action="store_true",
        help="run the baseline twice; a margin below what it differs from itself proves nothing",
    )
    group.addoption(
        "--no-inference",
        action="store_true",
        help="score outputs of the history anew; what it does not hold is not measured",
    )
    group.addoption(
        "--samples",
        action="store_true",
        help="show every sample as an item of its own; a wrong answer is xfailed",
    )


def given(config: pytest.Config) -> dict[str, object]:
    """The options by the keys of ``[tool.loragate]``; None where one was not given."""
    return {key: config.getoption(f"--{key}") for key in KEYS}
