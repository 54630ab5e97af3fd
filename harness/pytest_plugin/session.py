"""The gate of one pytest session: what was collected, what was run, what was decided."""

from __future__ import annotations

import atexit
import gc
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from harness.errors import LoragateError, UsageError
from harness.gate.check import Declared
from harness.pipeline.gate import Gate
from harness.pipeline.settings import Settings, resolve
from harness.pipeline.suites import GatedSuite, gated
from harness.reports import (
    Paths,
    Report,
    annotation_lines,
    build_report,
    summary_lines,
    write_report,
)
from harness.suite.policy import POLICY_FILE, Policy, load_policy
from harness.suite.root import suite_root
from harness.suite.suite import same_names
from harness.types import CheckResult, GateDecision, GateVerdict, Score

from .collect import CheckItem, DecisionItem, GateItem, SampleItem
from .options import given
from .terminal import ProgressBar


class GateSession:
    """Lives in ``config.stash`` from the first collected suite to the summary."""

    def __init__(self, config: pytest.Config) -> None:
        _let_go()
        self._config = config
        self.suites: list[GatedSuite] = []
        self.broken: list[str] = []
        """Node ids of suite files that could not be collected."""
        self._root: Path | None = None
        self._problem: str | None = None
        self._gate: Gate | None = None
        self._runs: Counter[str] = Counter()
        self._answered: set[str] = set()
        self._report: Report | None = None
        self._paths: Paths | None = None
        self._trouble: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """The arguments of this gate; UsageError where they name nothing that exists."""
        config = self._config
        return resolve(config.rootpath, given(config), config.invocation_params.dir)

    @cached_property
    def policy(self) -> Policy:
        """The policy of the suite root."""
        return load_policy(self._root) if self._root else Policy()

    @property
    def policy_path(self) -> Path:
        """Where the policy stands, or would stand."""
        return (self._root or self._config.rootpath) / POLICY_FILE

    @property
    def candidates(self) -> list[str]:
        """Names of the candidates."""
        return [named.name for named in self.settings.candidates]

    def add_suite(self, path: Path, nodeid: str) -> GatedSuite | None:
        """Take in a suite file; None where the arguments are off, which is told once, later."""
        try:
            names = self.candidates
        except UsageError as error:
            self._problem = str(error)
            return None
        root = suite_root(path)
        if self._root not in (None, root):
            self._problem = (
                f"suites of two roots in one run: {self._root} and {root}; "
                "one gate has one policy, so run them apart"
            )
            return None
        self._root = root
        with _kept():
            suite = gated(path, self.policy, names, nodeid)
        self.suites.append(suite)
        return suite

    def add_decisions(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """The decision on each candidate is the last item."""
        if self._problem is not None:
            raise pytest.UsageError(self._problem)
        doubles = same_names(suite.suite for suite in self.suites)
        if doubles:
            raise pytest.UsageError("\n".join(str(problem) for problem in doubles))
        for name in self.candidates if self.suites else ():
            nodeid = f"gate@{name}"
            item: DecisionItem = DecisionItem.from_parent(session, name=nodeid, nodeid=nodeid)
            item.gate, item.candidate = self, name
            items.append(item)

    def start(self, session: pytest.Session) -> None:
        """The selection is known: identify the arms and plan the inference."""
        options = self._config.option
        if options.collectonly or (
            session.testsfailed and not options.continue_on_collection_errors
        ):
            return
        selected = [item.declared for item in session.items if isinstance(item, CheckItem)]
        samples = [item.declared for item in session.items if isinstance(item, SampleItem)]
        self._bar = ProgressBar(self._config)
        try:
            with _kept():
                self._gate = Gate(
                    self.settings,
                    self.policy,
                    self.suites,
                    selected,
                    samples,
                    self._bar.show,
                    twice=options.aa,
                    inference=not options.no_inference,
                )
        except LoragateError as error:
            raise pytest.UsageError(str(error)) from error

    def result(self, declared: Declared) -> CheckResult:
        """The result of an item; what it needs is run now."""
        with self._bar:
            result = self._running.result(declared)
        self._answered.add(declared.id)
        return result

    def sample(self, declared: Declared) -> list[Score]:
        """The candidate's scores of one sample."""
        with self._bar:
            return self._running.sample_scores(declared)

    def decision(self, candidate: str) -> GateDecision:
        """The decision on a candidate as things stand."""
        declared = [d for suite in self.suites for d in suite.declared if d.candidate == candidate]
        not_run = [*self.broken, *(d.id for d in declared if d.id not in self._answered)]
        reruns = [nodeid for nodeid, times in self._runs.items() if times > 1]
        return self._running.decision(candidate, not_run=not_run, reruns=reruns)

    def note(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> None:
        """Count how often an item was run; pytest itself shows a traceback for its setup."""
        if report.when != "setup" or not isinstance(item, GateItem):
            return
        self._runs[item.nodeid] += 1
        if report.failed and call.excinfo is not None:
            report.longrepr = item.repr_failure(call.excinfo)

    def finish(self, session: pytest.Session) -> None:
        """Decide, record and render; only PROMOTE for every candidate leaves exit code 0."""
        if self._gate is None:
            return
        try:
            with _kept():
                self._finish(self._gate, session)
        except (LoragateError, OSError) as error:
            self._trouble = str(error)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def _finish(self, gate: Gate, session: pytest.Session) -> None:
        record = gate.finish([self.decision(name) for name in self.candidates])
        promoted = all(d.verdict is GateVerdict.PROMOTE for d in record.decisions)
        if session.exitstatus == pytest.ExitCode.OK and not promoted:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._report = build_report(record, gate.store.before(record.run))
        self._paths = write_report(self._report, self.settings.report_dir)
        _add_to_step_summary(self._paths)
        gate.store.recover()
        if self.settings.keep is not None:
            gate.store.expire(self.settings.keep, datetime.now(UTC))

    def summarise(self, terminal: pytest.TerminalReporter) -> None:
        """The verdicts in words, and where the report is."""
        if self._gate is None:
            return
        terminal.section("release gate")
        for note in self._gate.notes:
            terminal.line(note)
        if self._report is not None:
            for line in summary_lines(self._report, self._config.get_verbosity()):
                terminal.line(line)
            if os.environ.get("GITHUB_ACTIONS") == "true":
                for line in annotation_lines(self._report):
                    terminal.line(line)
        if self._paths is not None:
            terminal.line(f"report: {self._paths.html}")
        if self._trouble is not None:
            terminal.line(self._trouble, red=True)

    @property
    def _running(self) -> Gate:
        if self._gate is None:
            raise UsageError("an item was run outside pytest's own run loop")
        return self._gate


atexit.register(gc.unfreeze)  # DuckDB's bindings take what is frozen at the end for leaks


@contextmanager
def _kept() -> Iterator[None]:
    """What is made here stays while the process lives, so the garbage collector leaves it alone.

    It would walk hundreds of thousands of cases, outputs and scores over and over, as pytest has it
    do at its end: an eighth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _let_go() -> None:
    """Of what an earlier gate of this process kept."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()


def _add_to_step_summary(paths: Paths) -> None:
    """On a GitHub runner, which shows what is in this file on the page of the run."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(paths.markdown.read_text("utf-8"))
