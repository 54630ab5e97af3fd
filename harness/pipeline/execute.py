"""Outputs on demand: from the store, else from the engine, scored and journalled as they come.

Nothing runs ahead of what is asked for, so an interrupted run wastes nothing, and what has
been computed is on the disk before anyone is told of it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from harness.engine.protocol import Engine, GenerateRequest, ScoreRequest
from harness.errors import EngineError
from harness.store.journal import JournalWriter
from harness.suite.scoring import Judgement, Scorer
from harness.types import Answer, Case, Output, Score

from .plan import Plan

SYNC_SECONDS = 1.0
"""Results are on the disk at most this long after they are known."""

Progress = Callable[[int, int], None]
"""Called with outputs known and outputs planned."""


class Execution:
    """The outputs and scores of one run, complete or on their way."""

    def __init__(
        self,
        plan: Plan,
        known: Mapping[str, Output],
        cases: Mapping[str, Case],
        scorers: Callable[[Case], Mapping[str, Scorer]],
        start_engine: Callable[[], Engine],
        journal: JournalWriter,
        progress: Progress,
    ) -> None:
        """``known`` are outputs of earlier runs, ``scorers`` what judges a case, by name."""
        self.plan = plan
        self.outputs: dict[str, Output] = {}
        self.scores: dict[tuple[str, str, str], Score] = {}
        self.problem: str | None = None
        """Why the engine gave up, if it did."""
        self._cases, self._scorers = cases, scorers
        self._journal, self._progress = journal, progress
        self._asked: dict[str, list[Answer]] = defaultdict(list)
        for answer in plan.answers:
            self._asked[answer.key].append(answer)
        self.reused = len(known.keys() & self._asked.keys())
        self._synced = time.monotonic()
        self._stream = self._run(start_engine, [k for k in plan.requests if k not in known])
        for output in known.values():
            self._take(output)

    def until(self, keys: Collection[str]) -> None:
        """Have the engine run until these outputs are known or it has no more to give."""
        missing = {key for key in keys if key not in self.outputs}
        if not missing:
            return
        for output in self._stream:
            missing.discard(output.key)
            if not missing:
                break
        self._flush()

    def all(self) -> None:
        """Have everything planned run."""
        self.until(self.plan.requests.keys())

    def logprobs(self, key: str) -> float | None:
        """The log-probability, in nats, of a probe; None where it failed or is unknown."""
        output = self.outputs.get(key)
        return output.logprobs[0] if output and output.logprobs else None

    def _run(self, start_engine: Callable[[], Engine], missing: list[str]) -> Iterator[Output]:
        for output in self._from_engine(start_engine, missing):
            self._take(output)
            self._journal.append("output", [output])
            self._progress(len(self.outputs), len(self.plan.requests))
            if time.monotonic() - self._synced > SYNC_SECONDS:
                self._flush()
            yield output

    def _from_engine(
        self, start_engine: Callable[[], Engine], missing: list[str]
    ) -> Iterator[Output]:
        if not missing:
            return
        requests = [self.plan.requests[key] for key in missing]
        engine: Engine | None = None
        try:
            engine = start_engine()
            yield from engine.score([r for r in requests if isinstance(r, ScoreRequest)])
            yield from engine.generate([r for r in requests if isinstance(r, GenerateRequest)])
        except EngineError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - a dead engine is NOT_MEASURED, never a score
            self.problem = f"the engine died: {type(error).__name__}: {error}"
        finally:
            if engine is not None:
                engine.close()

    def _take(self, output: Output) -> None:
        """Keep an output and score it for everyone who asked."""
        self.outputs[output.key] = output
        asked = self._asked[output.key]
        scores = [score for answer in asked for score in self._judge(answer, output)]
        self.scores.update({(s.case, s.arm, s.scorer): s for s in scores})
        self._journal.append("score", scores)

    def _judge(self, answer: Answer, output: Output) -> Iterator[Score]:
        case = self._cases[answer.case]
        for name, scorer in self._scorers(case).items():
            judgement = _judgement(name, scorer, case, output)
            yield Score(answer.case, answer.arm, name, judgement.value, judgement.reason)

    def _flush(self) -> None:
        self._journal.sync()
        self._synced = time.monotonic()


def _judgement(name: str, scorer: Scorer, case: Case, output: Output) -> Judgement:
    if output.error is not None:
        return Judgement(None, output.error)
    try:
        return scorer.score(case, output)
    except Exception as error:  # noqa: BLE001 - a broken plug-in is NOT_MEASURED, never a 0
        return Judgement(None, f"scorer {name} failed: {type(error).__name__}: {error}")
