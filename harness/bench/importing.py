"""How many of lm-evaluation-harness's own tasks are imported with the prompts that it sends?

The folders are those of the installed ``lm_eval``; the rows are made up here, because no data set
can be downloaded, and have the fields that the folder's templates read. A task counts where every
prompt, choice and stop text is the very bytes of lm-eval's request, without examples (or with as
many as the task says) and with two.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import Problem, SuiteError
from harness.suite.importing.lm_eval import convert
from harness.suite.importing.local_data import splits
from harness.suite.importing.task_file import read_task
from harness.types import BenchRow

TARGET = 0.9
ROWS = 14
Row = dict[str, Any]
Request = tuple[str, ...]


def _letters(n: int) -> Row:
    texts = [f"option {n}-{at} 选项" for at in range(4)]
    choices = {"text": texts, "label": list("ABCD")}
    question = {"question_stem": f"  What is number {n}?", "question": f" What is number {n}? "}
    return question | {"choices": choices, "answerKey": "ABCD"[n % 4]}


def _sciq(n: int) -> Row:
    wrong = {f"distractor{at}": f"wrong {n}-{at}" for at in (1, 2, 3)}
    return {
        "support": f"  It is {n}.",
        "question": f"Which {n}",
        "correct_answer": f"right {n}",
    } | wrong


def _piqa(n: int) -> Row:
    return {"goal": f"To do {n}", "sol1": f"take {n}", "sol2": f"leave {n}\u00e9", "label": n % 2}


def _mmlu(n: int) -> Row:
    choices = [f"{at}. of {n}" for at in range(4)]
    return {"question": f" Why {n}?\n", "choices": choices, "answer": n % 4, "subject": "law"}


def _cmmlu(n: int) -> Row:
    return {"Question": f"为什么 {n}？", "Answer": "ABCD"[n % 4]} | {c: f"{c}{n}" for c in "ABCD"}


def _kmmlu(n: int) -> Row:
    return {"question": f"왜 {n}?", "answer": 1 + n % 4} | {c: f"{c}{n}" for c in "ABCD"}


def _anli(n: int) -> Row:
    return {"premise": f"It is {n}.", "hypothesis": f"It is not {n}.", "label": n % 3}


def _unscramble(n: int) -> Row:
    return {"context": f"Please unscramble {n}", "completion": f"word {n}"}


def _exam(n: int) -> Row:
    return {"question": f"Zer da {n}?", "candidates": [f"{n}{c}" for c in "abcd"],
            "answer": n % 4}  # fmt: skip


FOLDERS: Mapping[str, Callable[[int], Row]] = {
    "anli": _anli,
    "arc": _letters,
    "cmmlu": _cmmlu,
    "eus_exams": _exam,
    "kmmlu": _kmmlu,
    "mmlu": _mmlu,
    "openbookqa": _letters,
    "piqa": _piqa,
    "sciq": _sciq,
    "unscramble": _unscramble,
    "wmdp": _mmlu,
}


@dataclass(slots=True)
class _Found:
    same: int = 0
    other: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def bench() -> list[BenchRow]:
    """A row for each folder, and one for all."""
    from lm_eval import tasks

    logging.disable(logging.WARNING)  # lm-eval's, several a task
    root = Path(tasks.__file__).parent
    found = {name: _folder(root / name, make) for name, make in FOLDERS.items()}
    rows = [
        BenchRow(f"{name}: imported with the same prompts", _share(one), "share of tasks")
        for name, one in found.items()
    ]
    everything = _Found(
        sum(one.same for one in found.values()),
        sum(one.other for one in found.values()),
        sum((one.refused for one in found.values()), Counter()),
    )
    whole, others = _share(everything), everything.other
    rows += [
        BenchRow(f"all {len(found)} folders", whole, "share of tasks", "≥ 0.9", whole >= TARGET),
        BenchRow("imported with other prompts", others, "tasks", "0", others == 0),
        BenchRow("all tasks", _tasks(everything), "tasks"),
    ]
    refused = everything.refused.most_common()
    return rows + [BenchRow(f"refused: {reason}", n, "tasks") for reason, n in refused]


def _tasks(found: _Found) -> int:
    return found.same + found.other + found.refused.total()


def _share(found: _Found) -> float:
    return found.same / max(1, _tasks(found))


def _folder(folder: Path, make: Callable[[int], Row]) -> _Found:
    found = _Found()
    for path in sorted(folder.rglob("*.yaml")):
        task = read_task(path)
        if (
            "group" in task.values
            or isinstance(task.values.get("task"), list)
            or "task" not in task.values
        ):
            continue  # groups ask nothing, templates are parts of tasks
        try:
            same = [_ours(path, make, n) == _theirs(path, make, n) for n in (None, 2)]
        except SuiteError as error:
            found.refused[_reason(str(error))] += 1
            continue
        found.same += all(same)
        found.other += not all(same)
    return found


def _reason(message: str) -> str:
    """Without the place."""
    return message.split(".yaml:", 1)[-1].partition(" ")[2][:80]


def _ours(path: Path, make: Callable[[int], Row], shots: int | None) -> list[Request]:
    task = read_task(path)
    split, shown = splits(task.values)
    rows = _rows(make, 0)
    asked = convert(task, "a/b", rows, rows if split == shown else _rows(make, ROWS), shots)
    if asked.left_out:
        raise SuiteError([Problem(path.name, 1, None, f"rows left out: {min(asked.left_out)}")])
    (suite_task,) = asked.suite["tasks"]
    return [_request(row, suite_task) for row in asked.rows]


def _request(row: Row, task: Row) -> Request:
    if "generate" in task:
        return (row["prompt"], *task["generate"]["stop"])
    return (row["prompt"], *(f" {each}" for each in row.get("choices") or task["choices"]))


def _rows(make: Callable[[int], Row], start: int) -> list[Row]:
    return [make(n) for n in range(start, start + ROWS)]


def _theirs(path: Path, make: Callable[[int], Row], shots: int | None) -> list[Request]:
    """The requests that lm-eval builds of the same rows."""
    import datasets  # comes with lm-eval
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    config = load_yaml(path)
    eval_split, _ = splits(config)
    names = {config.get(f"{key}_split") for key in ("training", "validation", "test", "fewshot")}
    sets = {
        name: datasets.Dataset.from_list(_rows(make, 0 if name == eval_split else ROWS))
        for name in names
        if name
    }
    config = {key: value for key, value in config.items() if key not in ("include", "group")}
    task = ConfigurableTask(config={**config, "custom_dataset": lambda **_: sets})
    task.set_fewshot_seed(1234)
    n = int(config.get("num_fewshot") or 0) if shots is None else shots
    task.set_config(key="num_fewshot", value=n)
    task.build_all_requests(rank=0, world_size=1)
    grouped: dict[int, list[Any]] = {}
    for each in task.instances:
        grouped.setdefault(each.doc_id, []).append(each.args)
    return [_sent(task, each) for _, each in sorted(grouped.items())]


def _sent(task: Any, arguments: Sequence[Any]) -> Request:
    if task.OUTPUT_TYPE == "generate_until":
        (prompt, how) = arguments[0]
        until = how.get("until") or []
        return (prompt, *([until] if isinstance(until, str) else until))
    prompts = {prompt for prompt, _ in arguments}
    return ("|".join(prompts), *(choice for _, choice in arguments))
