"""The garbage collector leaves alone what a gate makes, until the next gate of the process."""

import gc
import weakref
from pathlib import Path

import pytest

from harness.pytest_plugin.session import GateSession


@pytest.fixture(autouse=True)
def thaw():
    yield
    gc.unfreeze()


def test_what_a_gate_makes_is_frozen_and_the_collector_goes_on(gate):
    gate()
    assert gc.get_freeze_count() > 0
    assert gc.isenabled()


def test_a_suite_that_cannot_be_collected_leaves_the_collector_on(gate, project):
    (project.root / "suites/colours.yaml").write_text("suite: no/tasks\n")
    gate()
    assert gc.isenabled()


def test_nothing_is_frozen_when_python_ends(project, pytester, monkeypatch):
    """DuckDB's bindings would complain of leaks."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    result = pytester.runpytest_subprocess("suites", "-p", "no:hypothesispytest")
    assert result.ret == 0
    assert result.errlines == []


def test_the_next_gate_of_the_process_lets_go_of_the_last(project, monkeypatch):
    """A notebook that gates ten times does not hold ten gates in memory."""
    alive: weakref.WeakSet[GateSession] = weakref.WeakSet()
    make = GateSession.__init__

    def noted(self, config):
        make(self, config)
        alive.add(self)

    monkeypatch.setattr(GateSession, "__init__", noted)
    monkeypatch.chdir(project.root)
    for _ in range(4):  # not with pytester, which remembers every item of every run
        assert pytest.main(["suites", "-q", "-p", "no:hypothesispytest"]) == 0
    gc.collect()
    assert len(alive) <= 2  # pytest keeps the first: modules remember who loaded them
