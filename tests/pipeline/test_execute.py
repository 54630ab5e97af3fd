"""Outputs on demand, scored and journalled as they come."""

import pytest

from harness.engine.protocol import ScoreRequest
from harness.errors import EngineError
from harness.pipeline.execute import Execution
from harness.pipeline.plan import Plan
from harness.suite.scoring import Judgement
from harness.types import Answer, Case, Kind, Output


class Journal:
    """Remembers what was appended since the last sync."""

    def __init__(self):
        self.kept, self.pending, self.writes = [], [], []

    def append(self, kind, records):
        self.append_all({kind: records})

    def append_all(self, records):
        self.writes.append([(kind, one) for kind, some in records.items() for one in some])
        self.pending += self.writes[-1]

    def sync(self):
        self.kept += self.pending
        self.pending = []


class Engine:
    """Answers by key; fails where it is told to."""

    def __init__(self, error=None, after=0):
        self.error, self.after, self.asked, self.closed = error, after, [], False

    def score(self, requests):
        for request in requests:
            if self.error and len(self.asked) == self.after:
                raise self.error
            self.asked.append(request.key)
            yield Output(request.key, logprobs=(-1.0,))

    def generate(self, requests):
        yield from ()

    def close(self):
        self.closed = True


class Right:
    """Scores 1."""

    binary, version = True, "1"

    def score(self, case, output):
        return Judgement(1.0)


class Broken(Right):
    """A plug-in with a bug."""

    def score(self, case, output):
        raise KeyError("text")


def _case(digest):
    return Case(digest, "s", "t", digest, Kind.CHECK, "p", ("a",), None, "a", digest, {}, {}, "i")


@pytest.fixture
def start():
    """An execution of three cases of one arm, and what it works with.

    ``arms`` are the arms of the three, where they are of several base models.
    """

    def make(engine, known=(), scorer=None, later=(), arms=("arm", "arm", "arm")):
        start_engine = engine if callable(engine) else lambda base: engine
        keys = ["k0", "k1", "k2"]
        asked = list(zip(keys, arms, strict=True))
        plan = Plan(
            requests={key: ScoreRequest(key, arm, (1,), ((2,),)) for key, arm in asked},
            answers=tuple(Answer(f"c{i}", arm, key) for i, (key, arm) in enumerate(asked)),
            probes=(),
            keys={(f"c{i}", arm): (key,) for i, (key, arm) in enumerate(asked)},
            base_of={arm: f"base of {arm}" for arm in arms},
        )
        journal = Journal()
        execution = Execution(
            plan,
            {key: Output(key, logprobs=(-2.0,)) for key in known},
            {f"c{i}": _case(f"c{i}") for i in range(3)},
            lambda case: {"accuracy": scorer or Right()},
            start_engine,
            journal,
            lambda done, planned: None,
            later,
        )
        return execution, journal

    return make


def test_nothing_runs_beyond_what_is_asked_for(start):
    engine = Engine()
    execution, journal = start(engine)
    assert engine.asked == []
    execution.until(["k1"])
    assert engine.asked == ["k0", "k1"]
    assert journal.pending == []  # and what ran is on the disk


def test_an_output_and_its_scores_are_one_write(start):
    """Each write is a system call."""
    execution, journal = start(Engine())
    before = len(journal.writes)
    execution.until(["k0", "k1", "k2"])
    written = [[kind for kind, _ in lines] for lines in journal.writes[before:]]
    assert written == [["score", "output"]] * 3


def test_known_outputs_are_scored_again_but_never_computed_or_journalled(start):
    def refuse(base):
        raise AssertionError("no engine is needed")

    execution, journal = start(refuse, known=("k0", "k1", "k2"))
    execution.until(["k0", "k1", "k2"])
    assert len(execution.scores) == 3
    assert {kind for kind, _ in [*journal.kept, *journal.pending]} == {"score"}


def test_an_engine_that_cannot_start_leaves_a_sentence(start):
    def fail(base):
        raise EngineError("config.json names no model type")

    execution, _ = start(fail)
    execution.until(["k0"])
    assert execution.problem == "config.json names no model type"
    assert execution.outputs == {}


def test_what_was_answered_before_an_engine_died_is_kept(start):
    engine = Engine(ZeroDivisionError("oops"), after=2)
    execution, journal = start(engine)
    execution.until(["k2"])
    assert execution.problem == "the engine died: ZeroDivisionError: oops"
    assert set(execution.outputs) == {"k0", "k1"}
    assert [r.key for kind, r in journal.kept if kind == "output"] == ["k0", "k1"]
    assert engine.closed


def test_a_broken_scorer_leaves_an_output_unscored_never_zero(start):
    execution, _ = start(Engine(), scorer=Broken())
    execution.until(["k0"])
    (score,) = execution.scores["c0", "arm", "accuracy"]
    assert score.value is None
    assert "scorer accuracy failed: KeyError" in score.reason


def test_later_outputs_are_computed_only_when_they_are_asked_for(start):
    engine = Engine()
    execution, _ = start(engine, later=("k1", "k2"))
    execution.until(["k0"])
    assert engine.asked == ["k0"]
    execution.until(["k1"])
    assert engine.asked == ["k0", "k1"]
    execution.until(["k0", "k1"])
    assert engine.asked == ["k0", "k1"]


def test_a_wave_is_finished_before_the_next_begins(start):
    """Engines stream one batch at a time."""
    engine = Engine()
    execution, _ = start(engine, later=("k2",))
    execution.until(["k0"])
    execution.until(["k2"])
    assert engine.asked == ["k0", "k1", "k2"]


def test_nothing_more_is_asked_of_an_engine_that_died(start):
    engine = Engine(EngineError("gone"), after=1)
    execution, _ = start(engine, later=("k2",))
    execution.until(["k1"])
    execution.until(["k2"])
    assert engine.asked == ["k0"]
    assert execution.problem == "gone"


def test_two_base_models_are_not_held_at_once(start):
    engines = {}

    def begin(base):
        assert all(engine.closed for engine in engines.values())
        engines[base] = Engine()
        return engines[base]

    execution, _ = start(begin, arms=("one", "other", "one"))
    execution.until(["k0", "k1", "k2"])
    assert {base: engine.asked for base, engine in engines.items()} == {
        "base of one": ["k0", "k2"],
        "base of other": ["k1"],
    }
    execution.close()
    assert all(engine.closed for engine in engines.values())


def test_repeats_of_a_case_are_kept_in_their_order(start):
    execution, _ = start(Engine())
    execution.until(["k0"])
    (first,) = execution.scores["c0", "arm", "accuracy"]
    assert first.repeat == 0
