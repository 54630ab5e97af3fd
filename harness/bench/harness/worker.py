"""One process that is timed: a gate, or another tool on the same rows with the same echo.

``python -m harness.bench.harness.worker NAME FOLDER BEGAN ARGUMENTS``, where BEGAN is the monotonic
clock when the process was started. The last line of its output is JSON: first and last (seconds
since BEGAN until the first and the last result), peak (bytes).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.engine.echo import EchoEngine
from harness.engine.protocol import GenerateRequest
from harness.types import Output

from .world import ROWS

_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
Clock = dict[str, float]
FIRST: Clock = {}
"""When the first output was given."""


class TimedEcho(EchoEngine):
    """The echo engine; notes when it gives its first output."""

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[Output]:
        """See ``EchoEngine``."""
        for output in super().generate(requests):
            FIRST.setdefault("first", time.monotonic())
            yield output


def gate(folder: Path, arguments: Sequence[str]) -> None:
    """``pytest suites`` in this process."""
    import pytest

    from harness.registry import ENGINES

    ENGINES.register("timed", "harness.bench.harness.worker:TimedEcho")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # whatever else is installed here
    os.chdir(folder)
    plugins = ["-p", "harness.pytest_plugin", "-p", "no:cacheprovider"]
    code = pytest.main(["suites", "-q", *plugins, "--engine", "timed", *arguments])
    text = Path("build/report.json").read_text("utf-8") if code in (0, 1) else ""
    if "runs no model: nothing is decided by it" not in text:  # else it went to its end
        raise SystemExit(f"the gate ended with {code}")


def lm_eval(folder: Path, arguments: Sequence[str]) -> None:
    """A task of lm-eval over the rows, answered by a model that echoes."""
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Echo(LM):  # type: ignore[misc]
        def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
            FIRST.setdefault("first", time.monotonic())
            return [request.args[0] for request in requests]

        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
            raise NotImplementedError

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> Any:
            raise NotImplementedError

    (folder / "echo.yaml").write_text(
        "task: echo\ndataset_path: json\ndataset_kwargs:\n  data_files: {test: "
        f"{folder / ROWS}}}\noutput_type: generate_until\ntest_split: test\n"
        'doc_to_text: "{{question}}"\ndoc_to_target: "{{answer}}"\n'
        'generation_kwargs: {until: ["\\n"]}\n'
        "metric_list:\n  - {metric: exact_match, aggregation: mean, higher_is_better: true}\n"
    )
    found = simple_evaluate(
        model=Echo(),
        tasks=["echo"],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        bootstrap_iters=0,
        log_samples=True,
    )
    assert found["results"]["echo"]["exact_match,none"] == 1.0


def inspect(folder: Path, arguments: Sequence[str]) -> None:
    """A task of Inspect over the rows, answered by a solver that echoes."""
    import inspect_ai
    from inspect_ai.dataset import FieldSpec, json_dataset
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import exact
    from inspect_ai.solver import solver

    @solver  # type: ignore[untyped-decorator]
    def echo() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            FIRST.setdefault("first", time.monotonic())
            state.output = ModelOutput.from_content("echo", state.input_text)
            return state

        return solve

    rows = json_dataset(str(folder / ROWS), FieldSpec(input="question", target="answer", id="id"))
    task = inspect_ai.Task(dataset=rows, solver=echo(), scorer=exact())
    (log,) = inspect_ai.eval(
        task, model="mockllm/model", log_dir=str(folder / "logs"), display="none"
    )
    assert log.results.scores[0].metrics["mean"].value == 1.0


def deepeval(folder: Path, arguments: Sequence[str]) -> None:
    """DeepEval's ``evaluate`` over the rows with a metric that compares texts."""
    os.environ |= {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "DEEPEVAL_DISABLE_PROGRESS_BAR": "YES"}
    os.chdir(folder)
    import deepeval as library
    from deepeval.evaluate import AsyncConfig, DisplayConfig
    from deepeval.metrics import BaseMetric
    from deepeval.test_case import LLMTestCase

    class Exact(BaseMetric):  # type: ignore[misc]
        threshold = 0.5
        async_mode = False

        def measure(self, case: Any, *args: Any, **kwargs: Any) -> float:
            FIRST.setdefault("first", time.monotonic())
            self.score = float(case.actual_output == case.expected_output)
            self.success = self.score > self.threshold
            return self.score

        async def a_measure(self, case: Any, *args: Any, **kwargs: Any) -> float:
            return self.measure(case)

        def is_successful(self) -> bool:
            return bool(self.success)

    rows = [json.loads(line) for line in (folder / ROWS).read_text().splitlines()]
    cases = [
        LLMTestCase(
            input=row["question"], actual_output=row["question"], expected_output=row["answer"]
        )
        for row in rows
    ]
    library.evaluate(
        cases,
        [Exact()],
        async_config=AsyncConfig(run_async=False),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
    )


def promptfoo(folder: Path, arguments: Sequence[str]) -> None:
    """``promptfoo eval`` over the rows with its own echo provider."""
    rows = [json.loads(line) for line in (folder / ROWS).read_text().splitlines()]
    tests = [
        {
            "vars": {"question": row["question"]},
            "assert": [{"type": "equals", "value": row["answer"]}],
        }
        for row in rows
    ]
    (folder / "tests.json").write_text(json.dumps(tests))
    config = {"prompts": ["{{question}}"], "providers": ["echo"], "tests": "file://tests.json"}
    (folder / "promptfooconfig.json").write_text(json.dumps(config))
    told = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    quiet = ["--no-cache", "--no-table", "--no-progress-bar", "--no-share", "-o", "results.json"]
    done = subprocess.run(
        ["promptfoo", "eval", "-c", "promptfooconfig.json", *quiet],
        cwd=folder,
        env={**os.environ, **told, "PROMPTFOO_CONFIG_DIR": str(folder / "kept")},
        capture_output=True,
        text=True,
        check=False,
    )
    # Its logger may fail after everything is done, so what it wrote counts and not how it ended.
    written = folder / "results.json"
    found = json.loads(written.read_text("utf-8")) if written.is_file() else {}
    if found.get("results", {}).get("stats", {}).get("successes") != len(rows):
        raise SystemExit(done.stdout[-1000:] + done.stderr[-1000:])


WORKERS: Mapping[str, Callable[[Path, Sequence[str]], None]] = {
    "gate": gate,
    "lm_eval": lm_eval,
    "inspect_ai": inspect,
    "deepeval": deepeval,
    "promptfoo": promptfoo,
}
"""By the package or command that must be installed; ``gate`` is ours."""


def main() -> None:
    """Run what is named and print the times."""
    name, folder, began, *arguments = sys.argv[1:]
    WORKERS[name](Path(folder), arguments)
    last = time.monotonic()
    used = (resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    peak = max(used) * (1 if sys.platform == "darwin" else 1024)
    times = {key: at - float(began) for key, at in (*FIRST.items(), ("last", last))}
    sys.stdout.write("\n" + json.dumps({**times, "peak": peak}) + "\n")


if __name__ == "__main__":
    from harness.bench.harness.worker import main as _main  # so that FIRST exists once

    _main()
