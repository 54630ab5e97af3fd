"""Outputs on demand: from the store, else from the engine, scored and journalled as they come.

Nothing runs ahead of what is asked for, so an interrupted run wastes nothing, and what has
been computed is on the disk before anyone is told of it. Requests run in waves: first all that
is needed for certain, in one batch; then, look by look, what early looks left open.
"""

from __future__ import annotations

import time
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from typing import cast

from harness.engine.protocol import (
    ChatRequest,
    Converses,
    Engine,
    GenerateRequest,
    ScoreRequest,
)
from harness.errors import EngineError
from harness.store.journal import JournalWriter
from harness.suite.scoring import Judgement, Scorer
from harness.types import Answer, Case, Output, Score

from .plan import Plan, Request

SYNC_SECONDS = 1.0
"""Results are on the disk at most this long after they are known."""

Asked = Request | ChatRequest
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
        start_engine: Callable[[str], Engine],
        journal: JournalWriter,
        progress: Progress,
        later: Collection[str] = (),
    ) -> None:
        """``known`` are outputs of earlier runs, ``scorers`` what judges a case, by name.

        ``start_engine`` is given the digest of a base model; ``later`` are keys that may turn
        out not to be needed, so the first wave leaves them out.
        """
        self.plan = plan
        self.outputs: dict[str, Output] = {}
        self.scores: dict[tuple[str, str, str], list[Score]] = {}
        self.problem: str | None = None
        """Why the engine gave up, if it did."""
        self._cases, self._scorers = cases, scorers
        self._start_engine = start_engine
        self._engines: dict[str, Engine] = {}
        self._journal, self._progress = journal, progress
        self._asked: dict[str, list[Answer]] = defaultdict(list)
        for answer in plan.answers:
            self._asked[answer.key].append(answer)
        self._synced = time.monotonic()
        self._extra = 0
        """Requests that were not planned."""
        self._wave = plan.requests.keys() - known.keys() - set(later)
        self._stream = self._run(self._wave)
        self.take([score for output in known.values() for score in self._scored(output)])

    def until(self, keys: Collection[str]) -> None:
        """Have the engine run until these outputs are known or it has no more to give."""
        missing = {key for key in keys if key not in self.outputs}
        if not missing:
            return
        if not missing <= self._wave and self.problem is None:
            self._pull(None)
            missing -= self.outputs.keys()
            self._wave = missing
            self._stream = self._run(missing)
        self._pull(missing)
        self._flush()

    def _pull(self, missing: set[str] | None) -> None:
        """Take what the engine gives until nothing is missing; None: to its end."""
        if missing is not None and missing <= self.outputs.keys():
            return
        for output in self._stream:
            if missing is not None:
                missing.discard(output.key)
                if not missing:
                    return

    def ask(self, requests: Mapping[str, Asked], base_of: str, known: Mapping[str, Output]) -> None:
        """Have requests run that depend on answers, such as a judge's; ``known`` as above.

        They are of the base model with digest ``base_of``. Their outputs are kept like any other,
        and are nobody's answers.
        """
        self._pull(None)  # one wave at a time
        wanted = {key: request for key, request in requests.items() if key not in self.outputs}
        self.outputs.update({key: known[key] for key in wanted.keys() & known.keys()})
        fresh = [request for key, request in wanted.items() if key not in known]
        self._extra += len(fresh)
        for output in self._from_engines({base_of: fresh} if fresh else {}):
            self.outputs[output.key] = output
            self._kept(output)
        self._flush()

    def close(self) -> None:
        """Close the engines that were started."""
        self._stream.close()
        self._close_engines()

    def _close_engines(self, but: str | None = None) -> None:
        for base in self._engines.keys() - {but}:
            self._engines.pop(base).close()

    def take(self, scores: Sequence[Score]) -> None:
        """Keep scores: of an output, or of an earlier run of an arm that cannot be run any more."""
        for score in scores:
            self._keep(score)
        self._journal.append("score", scores)

    def logprobs(self, key: str) -> float | None:
        """The log-probability, in nats, of a probe; None where it failed or is unknown."""
        output = self.outputs.get(key)
        return output.logprobs[0] if output and output.logprobs else None

    def text(self, key: str) -> str | None:
        """What was written for a request; None where nothing was, or is known yet."""
        output = self.outputs.get(key)
        return output.text if output else None

    def suite(self, case: str) -> str:
        """The suite of a case, by its digest."""
        return self._cases[case].suite

    def _run(self, wave: Collection[str]) -> Generator[Output]:
        by_base: dict[str, list[Request]] = defaultdict(list)
        for key, request in self.plan.requests.items():
            if key in wave:
                by_base[self.plan.base_of[request.arm]].append(request)
        for output in self._from_engines(by_base):
            scores = self._scored(output)
            for score in scores:
                self._keep(score)
            self._kept(output, scores)
            yield output

    def _kept(self, output: Output, scores: Sequence[Score] = ()) -> None:
        """Write an output down with its scores, and say how far the run is."""
        self._journal.append_all({"score": scores, "output": [output]})
        self._progress(len(self.outputs), len(self.plan.requests) + self._extra)
        if time.monotonic() - self._synced > SYNC_SECONDS:
            self._flush()

    def _from_engines(self, by_base: Mapping[str, Sequence[Asked]]) -> Iterator[Output]:
        """Base by base, so that two models need not fit into memory at once."""
        try:
            for base, requests in by_base.items():
                engine = self._engine(base)
                yield from engine.score([r for r in requests if isinstance(r, ScoreRequest)])
                yield from engine.generate([r for r in requests if isinstance(r, GenerateRequest)])
                if asked := [r for r in requests if isinstance(r, ChatRequest)]:
                    yield from cast(Converses, engine).chat(asked)
        except EngineError as error:
            self.problem = str(error)
            self._close_engines()
        except Exception as error:  # noqa: BLE001 - a dead engine is NOT_MEASURED, never a score
            self.problem = f"the engine died: {type(error).__name__}: {error}"
            self._close_engines()

    def _engine(self, base: str) -> Engine:
        self._close_engines(but=base)
        if base not in self._engines:
            self._engines[base] = self._start_engine(base)
        return self._engines[base]

    def _scored(self, output: Output) -> list[Score]:
        """Keep an output; what it is scored for everyone who asked."""
        self.outputs[output.key] = output
        return [
            score for answer in self._asked[output.key] for score in self._judge(answer, output)
        ]

    def _keep(self, score: Score) -> None:
        repeats = self.scores.setdefault((score.case, score.arm, score.scorer), [])
        insort(repeats, score, key=lambda one: one.repeat)

    def _judge(self, answer: Answer, output: Output) -> Iterator[Score]:
        case = self._cases[answer.case]
        for name, scorer in self._scorers(case).items():
            judgement = _judgement(name, scorer, case, output)
            yield Score(
                answer.case,
                answer.arm,
                name,
                judgement.value,
                judgement.reason,
                answer.repeat,
                judgement.answer,
                judgement.parts,
            )

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
