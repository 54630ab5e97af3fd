"""The release gate as pytest items. Hooks only; what they do stands in ``session``.

Loaded by every pytest run of an environment, so nothing heavy is imported here, and nothing
at all happens in a run that collects no suite.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .session import GateSession

SESSION = pytest.StashKey["GateSession"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the gate."""
    from .options import add_options

    add_options(parser)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Suites are YAML files; everything else is left to others."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    from .collect import collect_file

    return collect_file(file_path, parent)


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add each candidate's decision as the last item."""
    if gate := _session(session.config):
        gate.add_decisions(session, items)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Plan the inference of what is selected, once, before the first item."""
    if gate := _session(session.config):
        gate.start(session)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember what was run, and say in a sentence why something was not measured."""
    report = yield
    if gate := _session(item.config):
        gate.note(item, call, report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Decide, record, and let nothing but PROMOTE exit with 0."""
    if gate := _session(session.config):
        gate.finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the verdicts in words."""
    if gate := _session(terminalreporter.config):
        gate.summarise(terminalreporter)


def _session(config: pytest.Config) -> GateSession | None:
    """The gate of this run; None where no suite was collected."""
    return config.stash.get(SESSION, None)
