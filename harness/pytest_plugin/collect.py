"""Suite files → items: checks, rubrics, hand-written cases, samples, and the decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import LoragateError, SuiteError
from harness.suite.root import is_suite_file
from harness.types import GateVerdict, Verdict

if TYPE_CHECKING:
    from harness.gate.check import Declared
    from harness.pipeline.suites import GatedSuite

    from .session import GateSession


class NotPassed(Exception):
    """A claim that was measured and does not hold, or not yet."""


class NotMeasured(Exception):
    """A claim that could not be measured."""


def collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a suite file; None for any other YAML."""
    named = _is_named(file_path, parent.config)
    if not is_suite_file(file_path, named=named):
        return None
    from . import SESSION
    from .session import GateSession

    stash = parent.config.stash
    if SESSION not in stash:
        stash[SESSION] = GateSession(parent.config)
    file: SuiteFile = SuiteFile.from_parent(parent, path=file_path)
    file.gate = stash[SESSION]
    return file


def _is_named(file_path: Path, config: pytest.Config) -> bool:
    """Whether an argument names the file, or a folder ``examples`` around it."""
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        if path == file_path or (path in file_path.parents and "examples" in path.parts):
            return True
    return False


class SuiteFile(pytest.File):
    """One suite file."""

    gate: GateSession

    def collect(self) -> Iterator[pytest.Item]:
        """Load and validate the suite and its data, then name its items."""
        if hasattr(self.config, "workerinput"):
            raise self.CollectError(
                f"{self.nodeid}: a gate plans all inference once, in one process; run it without "
                "-n (pytest-xdist). To scale out, use an engine that does: --engine"
            )
        try:
            suite = self.gate.add_suite(self.path, self.nodeid)
        except (SuiteError, LoragateError) as error:
            self.gate.broken.append(self.nodeid)
            raise self.CollectError(str(error)) from error
        if suite is not None:
            yield from self._items(suite)

    def _items(self, suite: GatedSuite) -> Iterator[pytest.Item]:
        for declared in suite.declared:
            yield self._item(CheckItem, declared.id, declared)
        if self.config.option.samples:
            for declared in suite.samples(self.gate.candidates, self.nodeid):
                yield self._item(SampleItem, declared.id, declared)

    def _item(self, kind: type[GateItem], nodeid: str, declared: Declared) -> pytest.Item:
        # pytest 9.2 loses items in --lf whose *name* holds "::" (pytest #15045).
        name = nodeid.rpartition("::")[2]
        item: GateItem = kind.from_parent(self, name=name, nodeid=nodeid)
        item.gate, item.declared = self.gate, declared
        return item


class GateItem(pytest.Item):
    """What checks and samples share: they wait for results, and report in a sentence."""

    gate: GateSession
    declared: Declared

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the claim stands in its file (lines from 0)."""
        return self.path, max(0, self.declared.line - 1), self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """One clickable line; a traceback only for what is no verdict and no known error."""
        known = (NotPassed, NotMeasured, LoragateError, pytest.xfail.Exception)
        if isinstance(excinfo.value, known):
            return f"{self.parent and self.parent.nodeid}:{self.declared.line}: {excinfo.value}"
        return super().repr_failure(excinfo, style)


class CheckItem(GateItem):
    """A check, rubric or hand-written case of one candidate."""

    def setup(self) -> None:
        """Wait for the result; without one the item is an error."""
        self.result = self.gate.result(self.declared)
        if self.result.verdict is Verdict.NOT_MEASURED:
            self._refuse(NotMeasured(f"NOT_MEASURED: {self.result.reason}"))

    def runtest(self) -> None:
        """Pass only on PASS."""
        if self.result.verdict is not Verdict.PASS:
            self._refuse(NotPassed(f"{self.result.verdict}: {self.result.reason}"))

    def _refuse(self, refusal: Exception) -> None:
        """An item that is not required may not stop a release, so it is an expected failure."""
        if not self.declared.required:
            pytest.xfail(f"not required: {refusal}")
        raise refusal


class SampleItem(GateItem):
    """One sample: passed where all scores of the candidate are 1; it decides nothing."""

    def runtest(self) -> None:
        """Show a wrong answer as an expected failure."""
        scores = self.gate.sample(self.declared)
        if not scores:
            raise NotMeasured("NOT_MEASURED: this sample has no score; the checks say why")
        wrong = [f"{s.scorer} {s.value}: {s.reason}" for s in scores if s.value != 1.0]
        if wrong:
            pytest.xfail("; ".join(wrong))


class DecisionItem(pytest.Item):
    """The decision on one candidate."""

    gate: GateSession
    candidate: str

    def runtest(self) -> None:
        """Pass only on PROMOTE."""
        decision = self.gate.decision(self.candidate)
        if decision.verdict is not GateVerdict.PROMOTE:
            raise NotPassed("\n  ".join([str(decision.verdict), *decision.reasons]))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The policy decides."""
        return self.gate.policy_path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict and its reasons."""
        if isinstance(excinfo.value, NotPassed | LoragateError):
            return f"{self.candidate}: {excinfo.value}"
        return super().repr_failure(excinfo, style)
