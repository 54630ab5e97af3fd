"""A small gate run, and ways to put it into a store."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from harness.store.migrate import migrate
from harness.store.records import End
from harness.store.store import Store
from harness.types import (
    Ancestor,
    Answer,
    Arm,
    Case,
    CheckResult,
    Claim,
    Effect,
    GateDecision,
    GateVerdict,
    Generation,
    JudgeQuality,
    Kind,
    Noise,
    Output,
    Relation,
    Robustness,
    Role,
    Run,
    RunRecord,
    Score,
    Verdict,
)

ODD = "Ünïcode 语言 \N{WHITE SMILING FACE}\n\ttab \0nul \u2028 \ud800 lone \ufdd0 \ufffd =1+1"

Journal = Callable[..., None]


@pytest.fixture
def bare(tmp_path: Path) -> Store:
    """A store of which nothing exists yet."""
    return Store(tmp_path / "store", wait=1.0)


@pytest.fixture(scope="session")
def empty_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history without rows; a copy of it is quicker made than a new one."""
    path = tmp_path_factory.mktemp("empty") / "history.duckdb"
    migrate(path)
    return path


@pytest.fixture
def store(bare: Store, empty_history: Path) -> Store:
    """A store without rows."""
    bare.path.mkdir()
    shutil.copy(empty_history, bare.path)
    return bare


def _case(number: int, **changes: object) -> Case:
    case = Case(
        digest=f"case{number}",
        suite="contracts/clauses",
        task="classify",
        sample=f"s{number}",
        kind=Kind.CHECK,
        prompt=f"Clause {number}:",
        choices=("law", "court"),
        generation=None,
        target="law",
        cluster=f"d{number // 2}",
        slices={"length": "short"},
        fields={"text": f"clause {number}", "pages": number, "none": None, "big": 10**30},
        input_digest=f"input{number}",
    )
    return dataclasses.replace(case, **changes)


@pytest.fixture(scope="session")
def record() -> RunRecord:
    """Baseline against one candidate on four cases; every kind of record, every odd text."""
    arms = (
        Arm(Role.BASE, "base", "b0", None, "arm0"),
        Arm(Role.BASELINE, "v1", "b0", "a1", "arm1", "adapters/v1"),
        Arm(Role.CANDIDATE, "v2", "b0", "a2", "arm2", "adapters/v2", executor="peft"),
    )
    written = {
        "task": "extract", "choices": (), "generation": Generation(12, ("\n",)), "target": ODD,
    }  # fmt: skip
    cases = (
        _case(0),
        _case(1),
        _case(2, **written, prompt=ODD, fields={ODD: [ODD, {"x": 1.5}], "flag": True}),
        _case(3, **written, kind=Kind.CASE, suite="contracts/adversarial", expect=("contains: x",)),
    )
    right = {("case0", "arm1"), ("case1", "arm1"), ("case1", "arm2"), ("case2", "arm2")}
    answers, outputs, scores = [], {}, []
    for case in cases:
        for arm in arms[1:]:
            key = f"{case.digest}/{arm.digest}"
            good = (case.digest, arm.digest) in right
            answers.append(Answer(case.digest, arm.digest, key))
            if case.choices:
                output = Output(key, None, (-0.1, -3.0) if good else (-3.0, -0.1), 7, 2, 0.25)
            else:
                output = Output(key, ODD if good else "", None, 7, 3, 0.5)
            outputs[key] = output
            scores.append(Score(case.digest, arm.digest, "accuracy", float(good)))
    scores.append(Score("case3", "arm2", "grounded", None, f"no source {ODD}"))
    check = CheckResult(
        id="suites/contracts/clauses.yaml::classify.accuracy-no-worse@v2",
        kind=Kind.CHECK,
        suite="contracts/clauses",
        task="classify",
        name="accuracy-no-worse",
        candidate="v2",
        claim=Claim.NOT_WORSE,
        metric="accuracy",
        against=Role.BASELINE,
        required=True,
        verdict=Verdict.INCONCLUSIVE,
        reason=ODD,
        estimate=-0.5,
        interval=(-1.0, 0.25),
        margin=0.03,
        n=2,
        clusters=1.0,
        wins=0,
        losses=1,
        alpha=0.03,
        alpha_worse=0.05,
        look=1,
        planned=8,
        noise_floor=0.01,
    )
    run = Run(
        id="20261122T130000-000001",
        started="2026-11-22T13:00:00+00:00",
        version="2026.11.0",
        numerics="cpu",
        policy="p",
        suites={"contracts/clauses": "digest"},
        settings={"alpha": 0.05, "paths": ["suites/"], "note": ODD},
    )
    return RunRecord(
        run=run,
        arms=arms,
        cases=cases,
        answers=tuple(answers),
        outputs=outputs,
        scores=tuple(scores),
        effects=(Effect("arm1", "arm2", 16, 0.5, 0.0, 1e-4, True, ODD),),
        checks=(check,),
        decisions=(
            GateDecision(
                "v2",
                "arm2",
                GateVerdict.INCONCLUSIVE,
                (ODD, "more"),
                0.03,
                attempt=1,
                rules="rules",
                notes=(ODD,),
            ),
        ),
        finished="2026-11-22T13:00:09+00:00",
        seconds=9.0,
        reused=0,
        noises=(Noise("contracts/clauses", "classify", "accuracy", 2, 0, 0.0, 0.0),),
        judges=(
            JudgeQuality(
                *("contracts/clauses", "classify", "tone", "base", "arm0", "asked", 4, 1, 0.5, 0.1),
                *(3, 0.7, 0.4, 0.05, -0.1, 0.2, (0.1, 0.0, 0.05), "v2", 0.05, 0.01, 0.09),
            ),
        ),
        robustnesses=(
            Robustness(
                *("contracts/clauses", "classify", "typos", "typos", Relation.INVARIANT),
                *("accuracy", "arm2", 4, 2, 0.5, 0.4, 0.6, -0.2, -0.3, -0.1, 0.05),
            ),
        ),
        ancestors=(Ancestor("a2", "v2", "a1", 400, True), Ancestor("a1", "v1", None, 0, False)),
    )


@pytest.fixture(scope="session")
def again(record: RunRecord) -> RunRecord:
    """The same gate a day later, every output reused."""
    run = dataclasses.replace(
        record.run, id="20261123T130000-000002", started="2026-11-23T13:00:00+00:00"
    )
    return dataclasses.replace(record, run=run, reused=len(record.outputs))


@pytest.fixture(scope="session")
def journal() -> Journal:
    """``journal(store, record, known=keys)`` writes a run as the pipeline does."""

    def write(store: Store, record: RunRecord, known: Collection[str] = ()) -> None:
        fresh = [output for key, output in record.outputs.items() if key not in known]
        with store.journal(record.run) as writer:
            writer.append("arm", record.arms)
            writer.append("ancestor", record.ancestors)
            writer.append("case", record.cases)
            writer.append("answer", record.answers)
            writer.append("output", fresh)
            writer.append("score", record.scores)
            writer.append("effect", record.effects)
            writer.append("noise", record.noises)
            writer.append("robustness", record.robustnesses)
            writer.append("judge", record.judges)
            writer.append("check", record.checks)
            writer.append("decision", record.decisions)
            if record.finished is not None:
                writer.finish(End(record.finished, record.seconds, record.reused))

    return write
