"""The ``loragate`` command: one file per verb, and exit codes as pytest's gate has them."""

from __future__ import annotations

import sys

from harness.errors import LoragateError, SuiteError, UsageError

EXIT_CODES = {SuiteError: 2, UsageError: 4}
"""Any other LoragateError is 1."""


def main() -> None:
    """Run the command line; a known error is a sentence on stderr, never a traceback."""
    from .app import app

    try:
        app()
    except LoragateError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CODES.get(type(error), 1))
