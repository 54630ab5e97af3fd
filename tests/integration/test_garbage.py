"""A gate keeps the garbage collector from walking what stays, and no longer than it runs."""

import gc

import pytest


@pytest.fixture
def frozen(monkeypatch):
    """What stayed out of the collector's sight whenever something was frozen."""
    counts, freeze = [], gc.freeze

    def counted():
        freeze()
        counts.append(gc.get_freeze_count())

    monkeypatch.setattr(gc, "freeze", counted)
    return counts


def test_what_a_gate_makes_is_frozen_while_it_runs(gate, frozen):
    gate()
    assert frozen[0] > 0
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)


def test_a_suite_that_cannot_be_collected_leaves_nothing_frozen(gate, project, frozen):
    (project.root / "suites/colours.yaml").write_text("suite: no/tasks\n")
    gate()
    assert frozen
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)
