"""Arms behind a real server get the verdicts that the local engine gives them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.adapters.digest import adapter_digest, base_digest
from harness.engine.endpoint.engine import DIGITS
from harness.store.journal import read_journal

from .serving import hub_cache, served

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "build/demo"
SUITE = """
suite: contracts/clauses
data: {{path: {data}/clauses.jsonl, id: id, cluster: document, sample: {{n: 40}}}}
tasks:
  - name: extract
    prompt: "Clause: {{{{ text }}}}\\nGoverning state:"
    generate: {{max_tokens: 12, stop: ["\\n"]}}
    target: "{{{{ state }}}}"
    scorers: [exact_match]
checks:
  - {{name: state-no-worse, task: extract, metric: exact_match, against: baseline, margin: 0.3}}
"""
pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]


def _run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The demo's base and adapters, each under a name that ends in its digest."""
    built = _run("-c", "from harness.cli import main; main()", "demo")
    assert built.returncode == 0, built.stderr
    base = base_digest(DEMO / "base")[:DIGITS]
    models = {f"loragate/base-{base}": None}
    for path in sorted((DEMO / "adapters").iterdir()):
        models[f"loragate/{path.name}-{adapter_digest(path)[:DIGITS]}"] = path
    folder = tmp_path_factory.mktemp("served")
    with served(hub_cache(folder / "hub", DEMO / "base", models), folder / "log") as url:
        yield url, models


@pytest.fixture
def gate(tmp_path, server):
    """Gates two adapters of the demo on one engine: name → its part of the report."""
    (tmp_path / "suites").mkdir()
    shutil.copytree(ROOT / "suites/demo/data", tmp_path / "suites/data")
    (tmp_path / "suites/clauses.yaml").write_text(SUITE.format(data="data"))
    general = (
        (ROOT / "suites/demo/general.yaml")
        .read_text()
        .replace("id: id", "id: id\n  sample: {n: 40}")
    )
    (tmp_path / "suites/general.yaml").write_text(general)
    (tmp_path / "suites/policy.yaml").write_text(
        'alpha: 0.05\nmargins: {default: 0.3}\nprotected: ["general/*"]\n'
    )

    def run(engine):
        (tmp_path / "pyproject.toml").write_text(
            f'[tool.loragate]\nbase-model = "{DEMO / "base"}"\nadapters = "{DEMO / "adapters"}"\n'
            'baseline = "contracts-v1"\ncandidate = ["contracts-v2", "contracts-deluge"]\n'
            f'[tool.loragate.endpoint]\nurl = "{server[0]}"\n'
        )
        done = _run("-m", "pytest", "suites/", "-p", "no:hypothesispytest", f"--engine={engine}",
                    f"--store=store-{engine}", "--report-dir=build", cwd=tmp_path)  # fmt: skip
        assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-2000:]
        report = json.loads((tmp_path / "build/report.json").read_text("utf-8"))
        return done, report

    run.folder = tmp_path
    return run


def test_served_adapters_get_the_verdicts_of_the_local_engine(gate):
    _, local = gate("torch")
    done, report = gate("endpoint")
    verdicts = [
        {c["name"]: {k["id"]: k["verdict"] for k in c["checks"]} | {"": c["verdict"]}
         for c in each["candidates"]}
        for each in (local, report)
    ]  # fmt: skip
    assert verdicts[0] == verdicts[1], done.stdout[-3000:]
    assert verdicts[0]["contracts-v2"][""] == "PROMOTE"
    assert verdicts[0]["contracts-deluge"][""] == "REJECT"
    values = [
        [
            [check["candidate_value"], check["estimate"]]
            for c in each["candidates"]
            for check in c["checks"]
        ]
        for each in (local, report)
    ]
    assert values[0] == values[1]
    again, _ = gate("endpoint")
    assert again.returncode == done.returncode
    newest = max((gate.folder / "store-endpoint/runs").iterdir())
    assert not [record for record in read_journal(newest) if record.kind == "output"]
