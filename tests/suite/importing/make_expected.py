"""What lm-eval itself sends for the tasks of this folder: run where lm_eval is installed.

    python tests/suite/importing/make_expected.py

writes rows, pool and requests beside the tasks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "tasks"


def row(n: int) -> dict[str, Any]:
    """One row with every field that the tasks read."""
    options = [f"the {colour} one of {n}" for colour in ("red", "green", "blue é")]
    return {
        "question": f"  Whaaat is {n}? ",
        "topic": f"topic {n % 2}",
        "options": options,
        "answer": options[n % 3],
        "right": n % 2,
        "aliases": [f"{n}", f"number {n}"],
    }


def main() -> None:
    """Write rows.jsonl, pool.jsonl and expected.json."""
    import datasets
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    sets = {"test": [row(n) for n in range(6)], "train": [row(n) for n in range(6, 14)]}
    for name, rows in (("rows", sets["test"]), ("pool", sets["train"])):
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows)
        (HERE / f"{name}.jsonl").write_text(text, "utf-8")
    data = {name: datasets.Dataset.from_list(rows) for name, rows in sets.items()}
    expected = {}
    for path in sorted(HERE.glob("*.yaml")):
        config = load_yaml(path)
        task = ConfigurableTask(config={**config, "custom_dataset": lambda **_: data})
        task.set_fewshot_seed(1234)
        task.set_config(key="num_fewshot", value=config.get("num_fewshot", 0))
        task.build_all_requests(rank=0, world_size=1)
        expected[path.stem] = [[each.doc_id, *each.args] for each in task.instances]
    (HERE / "expected.json").write_text(
        json.dumps(expected, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
