"""The regression report: model → build → render.

``build_report`` is the one computation; report.json is the report, and every number that the
page, the summary and the terminal show is one of its numbers, rounded by ``rounding``.
Importing this package loads neither jinja2 nor anything else heavy.
"""

from __future__ import annotations

from .build import build_report
from .github import annotation_lines
from .model import Report
from .render import Paths, write_report
from .terminal import summary_lines

__all__ = [
    "Paths",
    "Report",
    "annotation_lines",
    "build_report",
    "summary_lines",
    "write_report",
]
